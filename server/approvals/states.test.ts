import { describe, expect, it } from 'vitest';
import {
  judgeReject,
  judgeVote,
  judgeWithdraw,
  REQUEST_STATES,
  type Request,
  type StageRow,
  standingOf,
  type VoteRow,
  type Voter,
} from './states.ts';

const person = (name: string, role: string | null = 'admin'): Voter => ({
  ...{ userId: name, email: `${name}@example.org`, role, byKey: false },
});
const party = (name: string) => ({ userId: name, name: `${name}@example.org` });
const stage = (approvers: number, ...roles: string[]): StageRow => ({
  name: `of ${roles.join(', ')}`,
  approvers,
  roles,
});
const vote = (at: number, userId: string, counts = true): VoteRow => ({ stage: at, userId, counts });
const requestOf = (more: Partial<Request> = {}): Request => ({
  ...{
    subject: 'pipeline',
    state: 'open',
    isExpired: false,
    isStale: false,
    beholden: [],
    stages: [stage(1, 'admin')],
    votes: [],
  },
  ...{ requester: party('ada'), authors: [party('zoe'), party('bob')], allowSamePerson: false },
  ...more,
});

/** All lists of up to `length` of these. */
function* listsOf<T>(items: readonly T[], length: number): Generator<T[]> {
  yield [];
  if (length === 0) return;
  for (const first of items) for (const rest of listsOf(items, length - 1)) yield [first, ...rest];
}

const PEOPLE = ['ada', 'bob', 'cid', 'dan', 'eve'];

describe('an approval', () => {
  it('is taken only while the request is open, in time and on what it was asked for', () => {
    for (const state of REQUEST_STATES)
      for (const isExpired of [false, true])
        for (const isStale of [false, true]) {
          const verdict = judgeVote(requestOf({ state, isExpired, isStale }), person('cid'));
          const code =
            state !== 'open'
              ? 'APPROVAL_CLOSED'
              : isExpired
                ? 'APPROVAL_EXPIRED'
                : isStale
                  ? 'APPROVAL_STALE'
                  : undefined;
          expect([state, isExpired, isStale, verdict]).toMatchObject([
            ...[state, isExpired, isStale],
            code ? { ok: false, code } : { ok: true, stage: 0, isLast: true },
          ]);
        }
  });

  it('is never by who asked for the change or saved it, whatever their role, also when only the name is known', () => {
    for (const role of ['admin', 'operator', null])
      for (const name of ['ada', 'bob'])
        expect(judgeVote(requestOf(), person(name, role))).toMatchObject({ ok: false, code: 'APPROVAL_OWN' });
    const byName = requestOf({ authors: [party('zoe'), { userId: null, name: 'Cid@Example.org' }] });
    expect(judgeVote(byName, person('cid'))).toMatchObject({ ok: false, code: 'APPROVAL_OWN' });
    const byKey = requestOf({ requester: { userId: 'cid', name: 'api_key:k' } });
    expect(judgeVote(byKey, person('cid'))).toMatchObject({ ok: false, code: 'APPROVAL_OWN' });
  });

  it('is for the roles of the stage, and for nobody who has left', () => {
    for (const roles of [['admin'], ['operator'], ['admin', 'operator']])
      for (const role of ['admin', 'operator', 'viewer', null]) {
        const verdict = judgeVote(requestOf({ stages: [stage(1, ...roles)] }), person('cid', role));
        expect([roles, role, verdict.ok]).toEqual([roles, role, role !== null && roles.includes(role)]);
        if (!verdict.ok) expect(verdict.code).toBe('APPROVAL_NOT_YOURS');
      }
  });

  it('goes live by any order of votes exactly when each stage has enough different people, and none before', () => {
    const shapes = [[1], [2], [1, 1], [2, 1], [1, 2]].map((needs) => needs.map((need) => stage(need, 'admin')));
    let applied = 0;
    for (const stages of shapes)
      for (const allowSamePerson of [false, true])
        for (const voters of listsOf(PEOPLE, 4)) {
          const votes: VoteRow[] = [];
          let isApplied = false;
          for (const name of voters) {
            const state = isApplied ? ('applied' as const) : ('open' as const);
            const verdict = judgeVote(requestOf({ stages, votes, allowSamePerson, state }), person(name));
            if (!verdict.ok) continue;
            // Nothing is taken after the end, twice by one person in a stage, or by those who are kept out.
            expect(isApplied).toBe(false);
            expect(['ada', 'bob']).not.toContain(name);
            expect(votes).not.toContainEqual(vote(verdict.stage, name));
            if (!allowSamePerson) expect(votes.map(({ userId }) => userId)).not.toContain(name);
            // In order: no vote in a stage before all stages above it have enough.
            for (let before = 0; before < verdict.stage; before += 1)
              expect(votes.filter((one) => one.stage === before)).toHaveLength(stages[before]!.approvers);
            votes.push(vote(verdict.stage, name));
            isApplied = verdict.isLast;
            expect(isApplied).toBe(
              stages.every(({ approvers }, at) => votes.filter((one) => one.stage === at).length >= approvers),
            );
          }
          applied += Number(isApplied);
        }
    expect(applied).toBeGreaterThan(100);
  });

  it('does not count any more when its voter has lost the role, and its stage decides again', () => {
    const stages = [stage(1, 'admin'), stage(1, 'admin')];
    expect(standingOf(stages, [vote(0, 'cid')])).toEqual({ approved: [1, 0], current: 1 });
    const lost = requestOf({ stages, votes: [vote(0, 'cid', false)] });
    expect(standingOf(stages, lost.votes)).toEqual({ approved: [0, 0], current: 0 });
    expect(judgeVote(lost, person('dan'))).toEqual({ ok: true, stage: 0, isLast: false });
    const laterLost = requestOf({ stages, votes: [vote(0, 'cid', false), vote(1, 'dan')] });
    expect(judgeVote(laterLost, person('eve'))).toEqual({ ok: true, stage: 0, isLast: true });
    expect(judgeVote(laterLost, person('dan'))).toMatchObject({ ok: false, code: 'APPROVAL_VOTED' });
  });

  it('is one a person, however often it is written down', () => {
    expect(standingOf([stage(2, 'admin')], [vote(0, 'cid'), vote(0, 'cid')])).toEqual({ approved: [1], current: 0 });
  });

  it('applies nothing where the request has no stages', () => {
    expect(judgeVote(requestOf({ stages: [] }), person('cid'))).toMatchObject({
      ...{ ok: false, code: 'APPROVAL_SETTINGS_INVALID' },
    });
  });
});

describe('a rejection', () => {
  it('is for whom any stage is, also after they approved, and never for who asked or saved', () => {
    const stages = [stage(1, 'admin'), stage(1, 'operator')];
    const request = requestOf({ stages, votes: [vote(0, 'cid')] });
    for (const name of ['cid', 'dan']) expect(judgeReject(request, person(name))).toEqual({ ok: true });
    expect(judgeReject(request, person('eve', 'operator'))).toEqual({ ok: true });
    expect(judgeReject(request, person('eve', 'viewer'))).toMatchObject({ ok: false, code: 'APPROVAL_NOT_YOURS' });
    for (const name of ['ada', 'bob'])
      expect(judgeReject(request, person(name))).toMatchObject({ code: 'APPROVAL_OWN' });
  });
});

describe('a withdrawal', () => {
  it('is by who asked, while it is open', () => {
    for (const state of REQUEST_STATES)
      for (const name of PEOPLE)
        expect([state, name, judgeWithdraw(requestOf({ state }), person(name)).ok]).toEqual([
          ...[state, name],
          state === 'open' && name === 'ada',
        ]);
  });
});

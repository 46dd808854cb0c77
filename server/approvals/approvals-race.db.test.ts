// What happens when several people, or a person and the job, do something to one request at the same moment.
import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { approveChange, publishVersion, saveIr } from '#server/pipelines/index.ts';
import { openGoverned, type Person } from '#server/pipelines/testing/index.ts';
import { rejectRequest, withdrawRequest } from './decide.ts';

const db = await testDatabase();
const ROUNDS = 50;
const approve = ({ ctx }: Person, id: string) => approveChange(ctx, { id, comment: '' });
const succeeded = (results: PromiseSettledResult<unknown>[]) => results.filter(({ status }) => status === 'fulfilled');
const codes = (results: PromiseSettledResult<unknown>[]) =>
  results.flatMap((result) => (result.status === 'rejected' ? [(result.reason as { code: string }).code] : []));

/** The process of the database that waits for a lock with a statement that has these words. */
async function waitForLock(words: string): Promise<number> {
  const deadlineMs = Date.now() + 60_000;
  while (Date.now() < deadlineMs) {
    const [row] = await db.owner<{ pid: number }[]>`select pid from pg_stat_activity where datname = current_database()
      and pid <> pg_backend_pid() and wait_event_type = 'Lock' and query ilike ${`%${words}%`}`;
    if (row) return row.pid;
  }
  throw new Error(`nobody waited for a lock with "${words}"`);
}

it('two who approve at once, of two that are needed, are both counted and the change is applied once, 50 times', async () => {
  const house = await openGoverned(db, 'race-two', { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] });
  const [one, two] = [await house.person('one'), await house.person('two')];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { pipelineId, id } = await house.request(`p${round}`);
    const results = await Promise.allSettled([approve(one, id), approve(two, id)]);
    expect(codes(results)).toEqual([]);
    expect(results.map((result) => result.status === 'fulfilled' && result.value.state).sort()).toEqual([
      'applied',
      'open',
    ]);
    expect([await house.liveOf(pipelineId), await house.votesOf(id)]).toEqual([2, 2]);
    const audited = await house.audited(id);
    expect(audited.filter((row) => row.startsWith('approval.apply'))).toHaveLength(1);
    expect(audited.filter((row) => row.startsWith('approval.approve'))).toHaveLength(2);
    expect((await house.audited(pipelineId)).filter((row) => row.startsWith('pipeline.publish'))).toHaveLength(2);
  }
});

it('of two who approve at once where one is needed, one is told that it is done, 50 times', async () => {
  const house = await openGoverned(db, 'race-one');
  const [one, two] = [await house.person('one'), await house.person('two')];
  for (let round = 0; round < ROUNDS; round += 1) {
    const { pipelineId, id } = await house.request(`p${round}`);
    const results = await Promise.allSettled([approve(one, id), approve(two, id)]);
    expect([succeeded(results).length, codes(results)]).toEqual([1, ['APPROVAL_CLOSED']]);
    expect([await house.liveOf(pipelineId), await house.votesOf(id)]).toEqual([2, 1]);
  }
});

it('one who approves twice at once is counted once, 50 times', async () => {
  const house = await openGoverned(db, 'race-same', { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] });
  const one = await house.person('one');
  for (let round = 0; round < ROUNDS; round += 1) {
    const { pipelineId, id } = await house.request(`p${round}`);
    const results = await Promise.allSettled([approve(one, id), approve(one, id)]);
    expect([succeeded(results).length, codes(results)]).toEqual([1, ['APPROVAL_VOTED']]);
    expect([await house.liveOf(pipelineId), await house.votesOf(id)]).toEqual([1, 1]);
  }
});

it('an approval, a rejection, a withdrawal and another publishing at once leave one end, and what is live fits it, 50 times', async () => {
  const house = await openGoverned(db, 'race-ends');
  const [one, two] = [await house.person('one'), await house.person('two')];
  const ends = new Map<string, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `p${round}`;
    const { pipelineId, id } = await house.request(name);
    await saveIr(house.ada.ctx, { id: pipelineId, baseVersion: 2, document: house.described(name, 'third') });
    const moves = [
      () => approve(one, id),
      () => rejectRequest(two.ctx, { id, reason: 'no' }),
      () => withdrawRequest(house.ada.ctx, { id, reason: '' }),
      () => publishVersion(house.ada.ctx, { id: pipelineId, version: 3 }),
    ];
    // Each is first to be sent sometimes.
    const order = moves.map((_, at) => moves[(at + round) % moves.length]!);
    const results = await Promise.allSettled(order.map((move) => move()));
    for (const code of codes(results)) expect(code).toBe('APPROVAL_CLOSED');
    const state = await house.stateOf(id);
    ends.set(state, (ends.get(state) ?? 0) + 1);
    expect(['applied', 'rejected', 'withdrawn', 'superseded']).toContain(state);
    expect(await house.liveOf(pipelineId)).toBe(state === 'applied' ? 2 : 1);
    const [{ open }] = (await db.owner`select count(*)::int as open from approval_requests
      where pipeline_id = ${pipelineId} and state = 'open'`) as unknown as [{ open: number }];
    expect(open).toBe(1);
  }
  expect(ends.size).toBeGreaterThan(1);
});

it('who was counted keeps the role until the change is committed: taking it waits for that', async () => {
  const house = await openGoverned(db, 'race-role', { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] });
  const [one, two] = [await house.person('one'), await house.person('two')];
  const { pipelineId, id } = await house.request('p');
  await approve(one, id);
  const order: string[] = [];
  let demoting: Promise<unknown> = Promise.resolve();
  await transaction(db.app, { tenantId: house.tenant.id }, async (tx) => {
    expect(await approveChange({ ...two.ctx, tx }, { id, comment: '' })).toMatchObject({ state: 'applied' });
    demoting = db.owner`update memberships set role = 'viewer' where user_id = ${one.id} /* taking the role */`.then(
      () => order.push('role taken'),
    );
    await waitForLock('taking the role');
    order.push('applied');
  });
  await demoting;
  expect(order).toEqual(['applied', 'role taken']);
  expect([await house.liveOf(pipelineId), await house.stateOf(id)]).toEqual([2, 'applied']);
});

it('who loses the role while another approves is not counted once that is committed: the approval waits for it', async () => {
  const house = await openGoverned(db, 'race-lost', { stages: [{ name: 'Both', approvers: 2, roles: ['admin'] }] });
  const [one, two] = [await house.person('one'), await house.person('two')];
  const { pipelineId, id } = await house.request('p');
  await approve(one, id);
  let approving: Promise<unknown> = Promise.resolve();
  await transaction(db.owner, {}, async (tx) => {
    await tx.execute(sql`update memberships set role = 'viewer' where user_id = ${one.id}`);
    approving = approve(two, id);
    approving.catch(() => {});
    await waitForLock('from memberships');
  });
  expect(await approving).toMatchObject({ state: 'open' });
  expect([await house.liveOf(pipelineId), await house.stateOf(id), await house.votesOf(id)]).toEqual([1, 'open', 2]);
});

it('whoever is stopped between the last vote and the change leaves neither, and the vote can be given again', async () => {
  const house = await openGoverned(db, 'killed');
  const one = await house.person('one');
  const { pipelineId, id } = await house.request('p');
  const name = `killed ${randomUUID()}`;
  // A lock on what making it live writes first: the vote is cast, the change is not made.
  let release = () => {};
  const held = transaction(db.owner, {}, async (tx) => {
    await tx.execute(sql`select from pipeline_versions where pipeline_id = ${pipelineId} for update`);
    await new Promise<void>((resolve) => {
      release = resolve;
    });
  });
  const voting = approveChange({ ...one.ctx, requestId: name }, { id, comment: '' }).then(
    () => 'done',
    () => 'lost',
  );
  await db.owner`select pg_terminate_backend(${await waitForLock('pipeline_versions')})`;
  expect(await voting).toBe('lost');
  release();
  await held;
  expect([await house.liveOf(pipelineId), await house.votesOf(id), await house.stateOf(id)]).toEqual([1, 0, 'open']);
  expect((await house.audited(id)).filter((row) => !row.startsWith('approval.request'))).toEqual([]);
  expect(await approve(one, id)).toMatchObject({ state: 'applied' });
  expect([await house.liveOf(pipelineId), await house.votesOf(id)]).toEqual([2, 1]);
});

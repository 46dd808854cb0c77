// What is recorded of the subject between two goes of an erasure: the next go finds it, whatever ended the one before.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { placeHold, releaseHold } from '#server/retention/index.ts';
import { cancelRequest } from './change-requests.ts';
import type { DsarDeps } from './deps.ts';
import { INVENTORY } from './inventory.ts';
import { addSubject, findAnywhere, findInBlobs, type Office, openOffice } from './testing/index.ts';

const db = await testDatabase();
const LATE_KEY = 'interaction_history/year=2026/month=01/day=01/batch-1.json';

async function openErasure(slug: string) {
  const office = await openOffice(db, slug);
  await addSubject(db, office, { customerId: 'cust-later', count: 2 });
  await office.blobs.put(`exports/${office.tenant.id}/${LATE_KEY}`, '{"customerId":"cust-later"}\n');
  const { id } = await office.ask('cust-later');
  await office.makeDue(id);
  return { office, id };
}

/** Rows alone: whatever else is found would have another pass made, which finds them too. */
const recordMore = (office: Office) => addSubject(db, office, { customerId: 'cust-later', count: 3 });

async function expectGone(office: Office, id: string, lines: number) {
  expect(await office.get(id)).toMatchObject({
    state: 'completed',
    counts: { interaction_history: 5, blobs: 5, exported_lines: lines },
  });
  const left = await findAnywhere(db, office.tenant.id, 'cust-later');
  expect(left.filter(({ table }) => table !== 'audit_log')).toEqual([]);
  const folders = ['exports', 'attachments'].map((name) => `${name}/${office.tenant.id}`);
  expect(await findInBlobs(office.blobs, folders, 'cust-later')).toEqual([]);
}

/** Something that happens in the second pass, which finds nothing: at its batch of this number, or with its files. */
function inSecondPass(at: number | 'files', act: () => void): Pick<DsarDeps, 'failPoint'> {
  let [pass, batches] = [1, 0];
  return {
    failPoint(name) {
      if (name === 'dsar.batch') batches += 1;
      if (pass === 2 && (name === 'dsar.blobs' ? at === 'files' : batches === at)) act();
      if (name === 'dsar.files') [pass, batches] = [pass + 1, 0];
    },
  };
}

describe('rows and files that come between two goes of an erasure are erased', () => {
  it.each([2, 10, INVENTORY.length, 'files'] as const)(
    'after one that failed at %s of a pass without finds',
    async (at) => {
      const { office, id } = await openErasure(`failed-${at}`);
      const failing = inSecondPass(at, () => {
        throw new Error('the machine went away');
      });
      expect((await office.carryOut(failing)).errors).toHaveLength(1);
      expect((await office.get(id)).state).toBe('failed');
      await recordMore(office);
      await office.carryOut();
      await expectGone(office, id, 1);
    },
  );

  it('after one that died: its request is still running when the next go takes it up', async () => {
    const { office, id } = await openErasure('died');
    const died = inSecondPass(10, () => {
      throw new Error('no more');
    });
    await office.carryOut(died);
    await db.owner`update dsar_requests set state = 'running' where id = ${id}`;
    await recordMore(office);
    await office.carryOut();
    await expectGone(office, id, 1);
  });

  it('after one that a hold refused, in months that the hold lay', async () => {
    const { office, id } = await openErasure('refused');
    let isAsked = false;
    let holdId = '';
    const points = inSecondPass(10, () => {
      isAsked = true;
    });
    const fence = async () => {
      if (!isAsked || holdId !== '') return;
      // One on the subject would name it, and be found itself when it is released.
      const about = { kind: 'class', dataClass: 'decision_traces', reason: 'case' } as const;
      holdId = (await placeHold(office.ctx, about)).id;
    };
    expect((await office.carryOut({ ...points, fence })).counts).toMatchObject({ dsarRefused: 1 });
    await recordMore(office);
    expect((await office.carryOut()).counts).toMatchObject({ dsarRefused: 1 });
    await releaseHold(office.ctx, { id: holdId, reason: 'settled' });
    await office.carryOut();
    await expectGone(office, id, 1);
  });

  it.each([
    ['a day ago', `progress || '{"searchedAt": "2020-01-01T00:00:00Z"}'`],
    ['by a release with other stores', `jsonb_set(progress, '{stores}', '["interaction_history"]')`],
  ])('after one whose time was over, that was left %s', async (_when, change) => {
    const { office, id } = await openErasure(`over-${change.length}`);
    let isOver = false;
    const points = inSecondPass(10, () => {
      isOver = true;
    });
    expect(await office.carryOut({ ...points, isOver: () => isOver })).toMatchObject({ isUnfinished: true });
    await db.owner.unsafe(`update dsar_requests set progress = ${change} where id = '${id}'`);
    await recordMore(office);
    await office.carryOut();
    await expectGone(office, id, 1);
  });
});

describe('a pass whose time was over', () => {
  it('is continued by the go that follows at once, else what takes long would never be completed', async () => {
    const { office, id } = await openErasure('continued');
    let goes = 0;
    for (let isDone = false; !isDone && goes < 200; goes += 1) {
      let batches = 0;
      const failPoint = (name: string) => {
        if (name === 'dsar.batch') batches += 1;
      };
      const { counts } = await office.carryOut({ failPoint, isOver: () => batches >= 5 });
      isDone = counts.dsarCompleted === 1;
    }
    expect(goes).toBeGreaterThan(5);
    expect(await office.get(id)).toMatchObject({ state: 'completed', receipt: { passes: 2 } });
  });
});

it.each(['is carried out', 'is cancelled'])(
  'an access request that is taken while the erasure’s last step waits loses the id when it %s',
  async (how) => {
    const { office, id } = await openErasure(`late-access-${how.replaceAll(' ', '-')}`);
    let isLast = false;
    let late: string | null = null;
    const done = await office.carryOut({
      failPoint: (name) => {
        isLast ||= name === 'dsar.searched';
      },
      // Before the lock that the step takes.
      async fence() {
        if (!isLast || late !== null) return;
        late = (await office.ask('cust-later', 'access', { acceptEmpty: true, note: 'of cust-later' })).id;
      },
    });
    expect(done.errors).toEqual([]);
    expect(await office.get(id)).toMatchObject({ state: 'completed' });
    const left = async () =>
      (await findAnywhere(db, office.tenant.id, 'cust-later')).filter(({ table }) => table !== 'audit_log');
    // It needs the id for its own work.
    expect(await left()).toEqual([{ table: 'dsar_requests', rows: 1 }]);
    if (how === 'is cancelled') await cancelRequest(office.ctx, { id: late!, reason: 'not any more' });
    else {
      await office.makeDue(late!);
      expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
    }
    expect(await office.get(late!)).toMatchObject({ state: how === 'is cancelled' ? 'cancelled' : 'completed' });
    expect(await left()).toEqual([]);
  },
);

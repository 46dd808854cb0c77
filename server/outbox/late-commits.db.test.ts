// A place in a lane is taken before its transaction commits, so an event may appear below those that are published
// already. The next claim must find it before a later event of its key, whichever way that claim goes.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, query, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { headStatement } from './head.ts';
import { type Hold, publishLane, returnLanes } from './index.ts';
import { requeueEvents } from './settle-failed.ts';
import { lookFrom, lookOnlyAfter } from './sight.ts';
import { counting, LANE, openLane } from './testing/one-lane.ts';
import { noteTurn } from './turn-numbers.ts';

const db = await testDatabase();
const { tenantId, keys, restart } = await openLane(db);
const [a = '', b = '', c = ''] = keys;
let hold: Hold;
const tenant = { id: tenantId, slug: 'acme', name: 'Acme' };
const log = createLogger({ level: 'silent', tier: 'test' });
const ctx: Ctx = { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
beforeEach(async () => {
  hold = await restart();
});

const open = new Set<() => Promise<unknown>>();
afterEach(async () => {
  for (const end of open) await end();
});

type Connection = Pick<typeof db.owner, 'unsafe'>;
/** Stores one event of a key; `n` tells it from the others. */
const store = (key: string, n: number, over: Connection = db.owner) =>
  over.unsafe(
    `insert into testing.events (tenant_id, type, key, payload) values ($1, 'a.v1', $2, jsonb_build_object('n', $3::int))`,
    [tenantId, key, n],
  );

/** A transaction with a number of its own that stays open until it is told to commit. */
async function begin() {
  const connection = await db.owner.reserve();
  await connection`begin`;
  const end = async (how: 'commit' | 'rollback') => {
    open.delete(rollBack);
    await connection.unsafe(how);
    connection.release();
  };
  const rollBack = () => end('rollback');
  open.add(rollBack);
  const [row] = await connection<{ xid: string }[]>`select pg_current_xact_id()::text as xid`;
  return {
    xid: BigInt(row!.xid),
    store: (key: string, n: number) => store(key, n, connection),
    run: (statement: string) => connection.unsafe(statement),
    commit: () => end('commit'),
  };
}

const sent: number[] = [];
const options = { leaseMs: 60_000, maxAttempts: 5, isSweep: false, signal: new AbortController().signal };
/** One turn of the lane without a sweep; says what was sent, in order. `during` runs while the first batch is sent. */
async function publish(batchSize = 500, during: () => Promise<unknown> = async () => {}): Promise<number[]> {
  const publisher = counting(sent, (batch) => (batch === 1 ? during() : Promise.resolve()));
  await publishLane({ pool: db.worker, publisher }, hold, { ...options, batchSize, goesOn: (isFull) => isFull });
  return [...sent];
}

it('sends an event that committed late before the next one of its key', async () => {
  const late = await begin();
  await late.store(a, 1);
  await store(b, 2);
  expect(await publish()).toEqual([2]);
  await late.commit();
  await store(a, 3);
  expect(await publish()).toEqual([1, 3]);
});

it('does so when the next claim is taken with the mark of the one before', async () => {
  const late = await begin();
  await late.store(a, 1);
  await store(b, 2);
  const during = async () => {
    await late.commit();
    await store(a, 3);
  };
  expect(await publish(1, during)).toEqual([2, 1, 3]);
});

it('does so when an event that waits for its time makes the claim choose', async () => {
  const late = await begin();
  await late.store(a, 1);
  await store(b, 2);
  expect(await publish()).toEqual([2]);
  await store(c, 4);
  await db.owner`update outbox_events set available_at = now() + interval '1 hour' where payload ->> 'n' = '4'`;
  await late.commit();
  await store(a, 3);
  expect(await publish()).toEqual([1, 3]);
});

it('does so for a transaction whose number was above every ended one when the later place was read', async () => {
  const early = await begin();
  const late = await begin();
  await late.store(a, 1);
  await early.store(b, 2);
  await early.commit();
  expect(await publish()).toEqual([2]);
  await late.commit();
  await store(a, 3);
  expect(await publish()).toEqual([1, 3]);
});

it('does so for what a savepoint of a long transaction stored, many claims later, and for each that ends', async () => {
  const long = await begin();
  await long.run('savepoint one');
  await long.store(a, 1);
  await long.run('release one');
  await store(b, 2);
  expect(await publish()).toEqual([2]);
  const longer = await begin();
  await longer.store(c, 3);
  for (let n = 4; n < 14; n += 1) {
    await store(b, n);
    expect(await publish()).toEqual([n]);
  }
  await long.store(c, 14);
  await store(b, 15);
  expect(await publish()).toEqual([15]);
  await long.commit();
  await store(a, 16);
  // That of key c did overlap with 3, which is still to come.
  expect(await publish(2)).toEqual([1, 14, 16]);
  await store(b, 17);
  expect(await publish()).toEqual([17]);
  await longer.commit();
  await store(c, 18);
  expect(await publish()).toEqual([3, 18]);
});

it('looks no further below its place than to where the oldest transaction that ended began', async () => {
  const readFrom = async () => {
    const rows = await transaction(db.worker, {}, (tx) =>
      query<{ lower: number }>(tx, headStatement(LANE, lookFrom(hold.progress, hold.turns), 10)),
    );
    return rows[0]!.lower;
  };
  for (let n = 1; n < 10; n += 1) {
    await store(b, n);
    await publish();
  }
  const [{ seq: tenth } = { seq: 0 }] = await db.owner<
    { seq: number }[]
  >`select max(seq)::float8 as seq from outbox_events`;
  const long = await begin();
  for (let n = 10; n < 20; n += 1) {
    await store(b, n);
    await publish();
  }
  expect(await readFrom()).toBeGreaterThan(tenth + 5);
  await long.commit();
  expect(await readFrom()).toBeLessThanOrEqual(tenth);
  expect(await readFrom()).toBeGreaterThan(hold.progress.lowWater);
  await publish();
  await publish();
  expect(await readFrom()).toBeGreaterThan(tenth + 5);
});

describe.each([
  ['by itself', 500],
  ['with the mark of the one before', 1],
])('a claim that is taken %s', (_, batchSize) => {
  /** Whether it begins before the event of the claim before, after a transaction that was open then has ended. */
  const looksBack = async (isTurn: boolean) => {
    const other = await begin();
    if (isTurn) noteTurn(hold.turns, other.xid);
    const begun: number[] = [];
    let before = 0;
    const publisher = counting(sent, async (batch) => {
      const [row] = await db.owner<{ from: number; first: number }[]>`
        select l.claimed_from::float8 as from, min(e.seq)::float8 as first
        from outbox_lanes l join outbox_events e using (lane) where lane = ${LANE} and e.status = 'processing' group by 1`;
      begun.push(row!.from);
      if (begun.length > 1) return;
      before = row!.first;
      if (batch === 1) await other.commit();
    });
    await store(b, 1);
    if (batchSize === 1) await store(b, 2);
    await publishLane({ pool: db.worker, publisher }, hold, { ...options, batchSize, goesOn: (isFull) => isFull });
    if (batchSize > 1) {
      await store(b, 2);
      await publishLane({ pool: db.worker, publisher }, hold, { ...options, batchSize });
    }
    expect(begun).toHaveLength(2);
    return begun[1]! < before;
  };

  it('looks back for what ended meanwhile', async () => {
    expect(await looksBack(false)).toBe(true);
  });

  it('does not where that is known to be a turn', async () => {
    // Transactions of whoever else is on the server are looked back for all the same.
    await expect.poll(() => looksBack(true), { timeout: 10_000 }).toBe(false);
  });
});

it('leaves a requeued event out of a further page that leaves out what committed before it was requeued', async () => {
  await store(a, 1);
  await db.owner`update outbox_events set status = 'failed', failed_at = now()`;
  await store(b, 2);
  const pageOf = (seen: string | null) =>
    transaction(db.worker, {}, async (tx) => {
      const rows = await query<{ key: string | null; snapshot: string }>(
        tx,
        headStatement(LANE, lookOnlyAfter(0), 10, seen === null ? null : { snapshot: seen, upper: 1_000_000 }),
      );
      return { keys: rows.map(({ key }) => key), snapshot: rows[0]!.snapshot };
    });
  const first = await pageOf(null);
  expect(first.keys).toEqual([b]);
  await store(a, 3);
  const [{ id } = { id: '' }] = await db.owner<{ id: string }[]>`select id from outbox_events where status = 'failed'`;
  expect(await requeueEvents(ctx, { ids: [id], dryRun: false })).toMatchObject({ changed: 1 });
  expect((await pageOf(first.snapshot)).keys).toEqual([b]);
  expect(await publish()).toEqual([2, 3, 1]);
});

it('gives lanes back in the order of locks of whoever takes them over', async () => {
  await store(a, 1);
  await db.owner`update outbox_events set status = 'processing', claim_token = ${hold.token}`;
  const takeover = await begin();
  await takeover.run(`update outbox_lanes set token = token + 1 where lane = ${LANE}`);
  const returned = returnLanes(db.worker, [hold]);
  const isWaiting = async () =>
    (
      await db.owner`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
        and query like '%outbox_lanes%'`
    ).length;
  await expect.poll(isWaiting, { timeout: 30_000, interval: 20 }).toBeGreaterThan(0);
  await takeover.run(`update outbox_events set status = 'pending', claim_token = null where status = 'processing'`);
  await takeover.commit();
  await returned;
  expect(await db.owner`select from outbox_lanes where lane = ${LANE} and owner = 'one'`).toHaveLength(1);
});

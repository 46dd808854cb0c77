// A turn takes without choosing, and by the same statement marks what was sent before: what must hold
// then as it does for a claim that was chosen.

import { setTimeout as wait } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { QUICK_SEND_MS } from './config.ts';
import { type EventPublisher, type Hold, publishLane, takeLanes } from './index.ts';
import { markedAtMs } from './take-turn.ts';
import { counting, openLane } from './testing/one-lane.ts';

const db = await testDatabase();
const { tenantId, keys, restart } = await openLane(db);
let hold: Hold;
beforeEach(async () => {
  hold = await restart();
});

/** Events of these keys, in this order, numbered from 1. */
const store = (...of: string[]) => db.owner`insert into testing.events (tenant_id, type, key, payload)
  select ${tenantId}, 'a.v1', key, jsonb_build_object('n', n) from unnest(${of}::text[]) with ordinality as given(key, n) order by n`;
const statuses = async () =>
  (
    await db.owner<{ status: string }[]>`
      select status || case when claim_token is null then '' else ' ' || claim_token - ${hold.token} end as status from outbox_events order by seq`
  ).map((row) => row.status);

const options = { leaseMs: 60_000, maxAttempts: 5, isSweep: false, signal: new AbortController().signal };
const sent: number[] = [];
const publish = (publisher: EventPublisher, batchSize: number, goesOn = true) =>
  publishLane({ pool: db.worker, publisher }, hold, { ...options, batchSize, goesOn: (isFull) => isFull && goesOn });

it('goes through a lane in its order, marks every batch and takes the next, and counts all of it', async () => {
  const [a = '', b = ''] = keys;
  await store(a, b, a, b, a, b, a);
  expect(await publish(counting(sent), 2)).toMatchObject({ claimed: 7, published: 7, lost: 0, isFull: false });
  expect(sent).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(new Set(await statuses())).toEqual(new Set(['published 0']));
  const [counted] = await db.owner`select sum(published)::int as n from outbox_counters`;
  expect(counted).toEqual({ n: 7 });
});

it('takes twice as many with each mark while they are sent quickly, up to what is allowed', async () => {
  const [a = ''] = keys;
  await store(...Array.from({ length: 400 }, () => a));
  const sizes: number[] = [];
  const publisher = counting(sent);
  const measured: EventPublisher = {
    ...publisher,
    publish(events, context) {
      sizes.push(events.length);
      return publisher.publish(events, context);
    },
  };
  const growing = { ...options, batchSize: 2, maxBatchSize: 8, goesOn: (isFull: boolean) => isFull };
  const turn = await publishLane({ pool: db.worker, publisher: measured }, hold, growing);
  expect(turn).toMatchObject({ claimed: 400, published: 400, lost: 0 });
  expect(sizes[0]).toBe(2);
  expect(Math.max(...sizes)).toBe(8);
  expect(sizes.every((size, n) => size <= 2 * (sizes[n - 1] ?? 1))).toBe(true);
  expect(sent).toEqual(Array.from({ length: 400 }, (_, n) => n + 1));
});

it('takes what lies before and behind one that waits, whatever size its claims have grown to', async () => {
  const [a = '', b = ''] = keys;
  await store(...Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? a : b)));
  await db.owner`update outbox_events set available_at = now() + interval '1 hour' where payload ->> 'n' = '41'`;
  const publisher = counting(sent);
  const growing = { ...options, batchSize: 2, maxBatchSize: 8, goesOn: (isFull: boolean) => isFull };
  for (let turns = 0, isFull = true; isFull && turns < 60; turns += 1)
    ({ isFull } = await publishLane({ pool: db.worker, publisher }, hold, growing));
  const odd = (n: number) => n % 2 === 1;
  expect(sent.filter(odd)).toEqual(Array.from({ length: 20 }, (_, n) => 2 * n + 1));
  expect(sent.filter((n) => !odd(n))).toEqual(Array.from({ length: 30 }, (_, n) => 2 * n + 2));
});

it('takes no more than it is set to while sending is slow', async () => {
  const [a = ''] = keys;
  await store(...Array.from({ length: 10 }, () => a));
  let batches = 0;
  const slow = counting(sent, async (batch) => {
    batches = batch;
    await wait(QUICK_SEND_MS + 10);
  });
  const goesOn = (isFull: boolean) => isFull;
  await publishLane({ pool: db.worker, publisher: slow }, hold, { ...options, batchSize: 2, maxBatchSize: 8, goesOn });
  expect([sent.length, batches]).toEqual([10, 5]);
});

it('takes no more once it is told not to go on', async () => {
  const [a = ''] = keys;
  await store(a, a, a, a);
  expect(await publish(counting(sent), 2, false)).toMatchObject({ claimed: 2, published: 2, isFull: true });
  expect(await statuses()).toEqual(['published 0', 'published 0', 'pending', 'pending']);
});

it('takes the next with the mark of a claim that was not full when there is news, and marks as ever when nothing is there', async () => {
  const [a = '', b = ''] = keys;
  await store(a);
  const hasNews = [true, true, false];
  const publisher = counting(sent, (batch) => (batch === 1 ? store(b) : Promise.resolve()));
  const goesOn = () => hasNews.shift() ?? false;
  const turn = await publishLane({ pool: db.worker, publisher }, hold, { ...options, batchSize: 500, goesOn });
  expect(turn).toMatchObject({ claimed: 2, published: 2, lost: 0, isFull: false });
  expect(hasNews).toEqual([false]);
  expect(new Set(await statuses())).toEqual(new Set(['published 0']));
});

it('says that there is more when it may not take what came during a send without choosing', async () => {
  const { id: other } = await createTenant(db.owner, { slug: 'other', name: 'Other' });
  await db.owner`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by)
    values (${other}, 'held', 'leave', true, 'test')`;
  try {
    const [a = '', b = ''] = keys;
    await store(a);
    const during = counting(sent, (batch) => (batch === 1 ? store(b) : Promise.resolve()));
    const goesOn = () => true;
    const turn = () =>
      publishLane({ pool: db.worker, publisher: during }, hold, { ...options, batchSize: 500, goesOn });
    expect(await turn()).toMatchObject({ claimed: 1, published: 1, isFull: true });
    expect(await turn()).toMatchObject({ claimed: 1, published: 1, isFull: false });
    expect(await statuses()).toEqual(['published 0', 'published 0']);
  } finally {
    await db.owner`delete from tenant_stops`;
  }
});

it('leaves a row that somebody has locked, and the later ones of its key, first or in the middle of its way', async () => {
  const [a = '', b = ''] = keys;
  await store(a, a, b, a, b, a);
  for (const locked of [3, 1]) {
    await db.owner`update outbox_events set status = 'pending', claim_token = null`;
    hold.progress = { ...hold.progress, cursor: 0 };
    const [{ seq } = { seq: 0 }] = await db.owner<{ seq: number }[]>`
      select seq::float8 as seq from outbox_events where payload ->> 'n' = ${String(locked)}`;
    await transaction(db.owner, {}, async (tx) => {
      await tx.execute(sql`select from outbox_events where seq = ${seq} for update`);
      await publish(counting(sent), 2);
      await publish(counting(sent), 6);
    });
    const left = locked === 3 ? ['b', 'b'] : ['a', 'a', 'a', 'a'];
    const rows = await db.owner<{ key: string }[]>`select key from outbox_events where status = 'pending' order by seq`;
    expect(rows.map(({ key }) => (key === a ? 'a' : 'b'))).toEqual(left);
    expect((await statuses()).filter((status) => status.startsWith('processing'))).toEqual([]);
  }
});

it('takes nothing behind an event that the reaper took away while it was sent', async () => {
  const [a = ''] = keys;
  await store(a, a, a, a);
  const reap = (batch: number) =>
    batch === 1
      ? db.owner`update outbox_events set status = 'pending', claim_token = null where payload ->> 'n' = '2'`
      : Promise.resolve();
  expect(await publish(counting(sent, reap), 2)).toMatchObject({ claimed: 2, published: 1, lost: 1 });
  expect(sent).toEqual([1, 2]);
  expect(await statuses()).toEqual(['published 0', 'pending', 'pending', 'pending']);
});

it('gives back what it took with a mark when a row of it could not be had, and marks all the same', async () => {
  const [a = '', b = ''] = keys;
  await store(a, a, b, a, b);
  // As when somebody else is the first to change that row: its update is passed over.
  await db.owner.unsafe(`create function pass_over() returns trigger language plpgsql as 'begin return null; end';
    create trigger pass_over before update on outbox_events for each row
    when (old.payload ->> 'n' = '3' and new.status = 'processing') execute function pass_over()`);
  try {
    expect(await publish(counting(sent), 2)).toMatchObject({ claimed: 2, published: 2, isFull: true });
    expect(await statuses()).toEqual(['published 0', 'published 0', 'pending', 'pending', 'pending']);
  } finally {
    await db.owner.unsafe('drop trigger pass_over on outbox_events; drop function pass_over()');
  }
  expect(await publish(counting(sent), 2)).toMatchObject({ claimed: 3, published: 3 });
  expect(sent).toEqual([3, 4, 5]);
});

it('does not send what somebody changes while the turn waits for it, and marks all the same', async () => {
  const [a = '', b = ''] = keys;
  await store(a, a, b, a, b);
  let change = Promise.resolve();
  const changing = async () => {
    const changed = Promise.withResolvers<void>();
    change = transaction(db.owner, {}, async (tx) => {
      await tx.execute(sql`update outbox_events set status = 'discarded' where payload ->> 'n' = '3'`);
      changed.resolve();
      // The turn waits for the row, and gives up if this comes too late: what it took is the same to everybody else.
      for (let waits = false; !waits; )
        waits = (
          await db.worker<
            { waits: boolean }[]
          >`select exists (select from pg_stat_activity where datname = current_database()
            and query like '%outbox_turn%' and wait_event_type = 'Lock') as waits`
        )[0]!.waits;
    });
    await changed.promise;
  };
  const publisher = counting(sent, (batch) => (batch === 1 ? changing() : Promise.resolve()));
  expect(await publish(publisher, 2)).toMatchObject({ claimed: 2, published: 2, lost: 0, isFull: true });
  await change;
  const left = (await statuses()).slice(2);
  expect(left).toEqual(['discarded', 'pending', 'pending']);
  expect(await publish(counting(sent), 2)).toMatchObject({ claimed: 2, published: 2 });
  expect(sent).toEqual([4, 5]);
});

it('does not take for marked what is not', async () => {
  const [a = ''] = keys;
  await store(a, a);
  const [{ seq } = { seq: 0 }] = await db.owner<{ seq: number }[]>`select max(seq)::float8 as seq from outbox_events`;
  const markedAt = () => markedAtMs(db.worker, hold, { last: seq });
  await expect(markedAt()).rejects.toThrow('did not mark');
  await publish(
    counting(sent, () => expect(markedAt()).rejects.toThrow('did not mark')),
    2,
  );
  expect(Math.abs((await markedAt()) - Date.now())).toBeLessThan(60_000);
  await db.owner`update outbox_events set claim_token = claim_token - 1`;
  await expect(markedAt()).rejects.toThrow('did not mark');
});

it('marks nothing and takes nothing once the lane is another’s', async () => {
  const [a = ''] = keys;
  await store(a, a, a, a);
  const takeOver = async () => {
    await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
    await takeLanes(db.worker, { owner: 'two', leaseMs: 60_000, limit: 4, held: [] });
  };
  expect(await publish(counting(sent, takeOver), 2)).toMatchObject({ claimed: 2, published: 0, lost: 2 });
  expect(await statuses()).toEqual(['pending', 'pending', 'pending', 'pending']);
  await expect(publish(counting(sent), 2)).rejects.toThrow('taken over');
});

it('chooses where an event waits for its time, is too much for one claim, or is of a tenant whose publishing is held', async () => {
  const [a = '', b = ''] = keys;
  await store(a, b, a, b);
  await db.owner`update outbox_events set available_at = now() + interval '1 hour' where payload ->> 'n' = '1'`;
  expect(await publish(counting(sent), 500)).toMatchObject({ claimed: 2, published: 2 });
  expect(sent).toEqual([2, 4]);
  await db.owner`update outbox_events set available_at = now()`;
  await db.owner`insert into tenant_stops (tenant_id, reason, running, holds_publishing, stopped_by)
    values (${tenantId}, 'held', 'leave', true, 'test')`;
  expect(await publish(counting(sent), 500)).toMatchObject({ claimed: 0 });
  await db.owner`delete from tenant_stops`;
  hold.progress = { ...hold.progress, cursor: 0 };
  expect(await publish(counting(sent), 500)).toMatchObject({ claimed: 2, published: 2 });
  const filler = 'x'.repeat(890_000);
  await db.owner`insert into testing.events (tenant_id, type, key, payload)
    select ${tenantId}, 'a.v1', ${a}, jsonb_build_object('n', n, 'filler', ${filler}::text) from generate_series(1, 10) n`;
  const batches: number[] = [];
  await publish(
    counting(sent, async () => batches.push(sent.length)),
    500,
  );
  await publish(counting(sent), 500);
  expect(batches).toEqual([0]);
  expect(new Set(await statuses())).toEqual(new Set(['published 0']));
});

it('tells to the millisecond when an event was stored', async () => {
  const [a = ''] = keys;
  for (let n = 0; n < 20; n += 1) await store(a);
  const told: number[] = [];
  const publisher = counting(sent);
  const telling: EventPublisher = {
    ...publisher,
    publish(events, context) {
      told.push(...events.map(({ createdAtMs }) => createdAtMs));
      return publisher.publish(events, context);
    },
  };
  await publish(telling, 500);
  const stored = await db.owner<{ ms: number }[]>`
    select (extract(epoch from created_at) * 1000)::float8 as ms from outbox_events order by seq`;
  expect(told).toEqual(stored.map(({ ms }) => ms));
});

// A standby that lacks a takeover gives its token out again, and a lane's rows are then those of another hold.
it('marks of what its token claimed no more than it sent when the token is another hold’s too', async () => {
  const [a = '', b = ''] = keys;
  await store(a, b, a);
  await db.owner`update outbox_events set available_at = now() + interval '1 hour' where payload ->> 'n' = '2'`;
  const asAnother = async () => {
    await db.owner`update outbox_lane_owners set hold_id = gen_random_uuid()`;
    await db.owner`update outbox_events set status = 'pending', claim_token = null where payload ->> 'n' = '3'`;
    await db.owner`update outbox_events set status = 'processing', claim_token = ${hold.token} where payload ->> 'n' = '2'`;
  };
  expect(await publish(counting(sent, asAnother), 500)).toMatchObject({ claimed: 2, published: 1, lost: 1 });
  expect(sent).toEqual([1, 3]);
  expect(await statuses()).toEqual(['published 0', 'processing 0', 'pending']);
});

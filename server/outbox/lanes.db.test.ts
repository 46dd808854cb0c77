import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent, type EventPublisher, type Hold, LANES, publishLane, returnLanes, takeLanes } from './index.ts';
import { openOutbox, options, recording } from './testing/outbox.ts';

const db = await testDatabase();
const { tenantId, restart, append, take, drain } = await openOutbox(db);
beforeEach(restart);

/** Somebody else locks a lane's row. */
async function holdLane(lane: number) {
  const mayEnd = Promise.withResolvers<void>();
  const isHeld = Promise.withResolvers<void>();
  const holder = db.owner.begin(async (tx) => {
    await tx`select from outbox_lanes where lane = ${lane} for update`;
    isHeld.resolve();
    await mayEnd.promise;
  });
  await isHeld.promise;
  const waiting = () => db.owner`select from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock' and query like '%outbox_renew_lane%'`;
  return {
    untilSomebodyWaits: () => expect.poll(async () => (await waiting()).length, { timeout: 10_000 }).toBeGreaterThan(0),
    async letGo() {
      mayEnd.resolve();
      await holder;
    },
  };
}

describe('a lane', () => {
  it('is taken over when its lease has run out, and the stale owner can neither claim nor mark', async () => {
    await append(['k']);
    const old = await take('old', 1);
    let wasTaken: Hold[] = [];
    const { publisher, sent } = recording();
    // While the old owner sends, another publisher finds its lease over.
    const slow: EventPublisher = {
      ...publisher,
      async publish(events, context) {
        await db.owner`update outbox_lanes set lease_until = now() - interval '1 second'`;
        wasTaken = await take('new');
        return publisher.publish(events, context);
      },
    };
    const lanes = await db.owner<{ lane: number }[]>`select lane from outbox_events`;
    const own = old.find((hold) => hold.lane === lanes[0]?.lane)!;
    const turn = await publishLane({ pool: db.worker, publisher: slow }, own, options);
    expect(turn).toMatchObject({ claimed: 1, published: 0, lost: 1 });
    expect((await db.owner`select status from outbox_events`)[0]).toEqual({ status: 'pending' });
    await expect(publishLane({ pool: db.worker, publisher }, own, options)).rejects.toThrow('taken over');
    expect(wasTaken).toHaveLength(LANES);
    await drain(publisher, wasTaken);
    expect(sent).toHaveLength(2);
    expect((await db.owner`select status from outbox_events`)[0]).toEqual({ status: 'published' });
  });

  it('shares its turns with the lanes that its publisher holds on this server, and with no other', async () => {
    await append(Array.from({ length: 40 }, (_, n) => `k${n}`));
    const taking = { owner: 'one', leaseMs: 10_000, limit: 1 };
    const held: Hold[] = [];
    for (let n = 0; n < LANES; n += 1) held.push(...(await takeLanes(db.worker, { ...taking, held })));
    const { turns } = held[0]!;
    for (const hold of held) {
      expect(hold.turns).toBe(turns);
      await publishLane({ pool: db.worker, publisher: recording().publisher }, hold, { ...options, isSweep: false });
    }
    expect(turns.size).toBe(LANES);
    const known = `{${[...turns].join(',')}}`;
    const [seen] = await db.owner`select count(*) filter (where pg_xact_status(x) = 'committed')::int as committed,
      (select count(*)::int from outbox_events where tx = any (${known}::text::xid8[])) as stored from unnest(${known}::text::xid8[]) x`;
    expect(seen).toEqual({ committed: LANES, stored: 0 });

    const [lost, ...others] = held;
    const again = async () => (await takeLanes(db.worker, { ...taking, held: others }))[0]!;
    const taken = await again();
    expect(taken.lane).toBe(lost!.lane);
    expect(taken.turns).toBe(turns);
    // What a crash of the server does.
    await db.owner`truncate outbox_lane_owners`;
    const fresh = await again();
    expect(fresh.turns).not.toBe(turns);
    // The next lane is taken while the others are not known to be lost yet.
    const [next] = await takeLanes(db.worker, { ...taking, held: [...others.slice(1), fresh] });
    expect(next!.turns).toBe(fresh.turns);
  });

  it('never gives a publish more time than is left of the lease, however long the claim waited', async () => {
    await append(['k']);
    const [{ lane } = { lane: -1 }] = await db.owner<{ lane: number }[]>`select lane from outbox_events`;
    const own = (await take()).find((hold) => hold.lane === lane)!;
    const { publisher } = recording();
    const seen: { deadlineMs: number; leftMs: number }[] = [];
    const watching: EventPublisher = {
      ...publisher,
      async publish(events, context) {
        const [row] = await db.owner<{ leftMs: number }[]>`
          select extract(epoch from lease_until - clock_timestamp())::float8 * 1000 as "leftMs" from outbox_lanes where lane = ${lane}`;
        seen.push({ deadlineMs: context.deadlineMs, leftMs: row!.leftMs });
        return publisher.publish(events, context);
      },
    };
    const held = await holdLane(lane);
    const startedMs = performance.now();
    const turn = publishLane({ pool: db.worker, publisher: watching }, own, options);
    await held.untilSomebodyWaits();
    const waitedMs = performance.now() - startedMs;
    await held.letGo();
    expect(await turn).toMatchObject({ claimed: 1, published: 1 });
    expect(seen).toHaveLength(1);
    expect(seen[0]!.deadlineMs).toBeLessThanOrEqual(options.leaseMs * 0.7 - waitedMs);
    expect(seen[0]!.deadlineMs).toBeLessThan(seen[0]!.leftMs);
  });

  it('sends nothing when its owner stood still since the claim for longer than it may send', async () => {
    await append(['k']);
    const leaseMs = 2_000;
    const holds = await take('one', leaseMs);
    const [{ lane } = { lane: -1 }] = await db.owner<{ lane: number }[]>`select lane from outbox_events`;
    const own = holds.find((hold) => hold.lane === lane)!;
    const { publisher, sent } = recording();
    const held = await holdLane(lane);
    const turn = publishLane({ pool: db.worker, publisher }, own, { ...options, leaseMs }).catch(
      (error: unknown) => error,
    );
    await held.untilSomebodyWaits();
    await held.letGo();
    // As a process does that is stopped: the claim's answer is there when it goes on.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0.8 * leaseMs);
    expect(await turn).toBeInstanceOf(Error);
    expect(sent).toEqual([]);
  });

  it('is nobody else’s while its lease runs, and anybody’s once it is given back', async () => {
    const mine = await take('one');
    expect(mine).toHaveLength(LANES);
    expect(await take('two')).toEqual([]);
    await returnLanes(db.worker, mine);
    expect(await take('two')).toHaveLength(LANES);
  });

  it('finds three events that a long transaction commits after 10,000 later ones were published', async () => {
    const holds = await take();
    const { publisher, sent } = recording();
    const late = transaction(db.app, { tenantId }, async (tx) => {
      for (const n of [1, 2, 3])
        await appendEvent(tx, { tenantId, type: 'late.v1', key: n < 3 ? 'late' : 'k7', payload: { n } });
      await db.app.begin(async (other) => {
        await other`select set_config('mainspring.tenant_id', ${tenantId}, true)`;
        await other`insert into testing.events (tenant_id, type, key, payload)
          select ${tenantId}, 'early.v1', 'k' || n, '{}' from generate_series(1, 10000) n`;
      });
      await drain(publisher, holds);
      // Sweeps while the transaction is open must not pass it.
      for (let n = 0; n < 3; n += 1) await drain(publisher, holds);
      return sent.length;
    });
    expect(await late).toBe(10_000);
    await drain(publisher, holds);
    const last = sent.slice(10_000).map(({ key, payload }) => `${key} ${payload}`);
    // In order within the key; the two keys may lie in different lanes.
    expect(last.filter((line) => line.startsWith('late'))).toEqual(['late {"n": 1}', 'late {"n": 2}']);
    expect([...last].sort()).toEqual(['k7 {"n": 3}', 'late {"n": 1}', 'late {"n": 2}']);
    for (let n = 0; n < 4; n += 1) await drain(publisher, holds);
    const [row] =
      await db.owner`select bool_and(low_water >= (select max(seq) - 20 from outbox_events)) as "isMoved" from outbox_lanes`;
    expect(row).toEqual({ isMoved: true });
  });
});

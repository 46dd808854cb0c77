import { beforeEach, describe, expect, it } from 'vitest';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { query, type Tx, transaction } from '#server/lib/index.ts';
import { appendEvent, prepareWithEvent } from './index.ts';
import { openOutbox } from './testing/outbox.ts';

const db = await testDatabase();
const { tenantId, restart } = await openOutbox(db);
beforeEach(restart);
beforeEach(() => db.owner`truncate engagement_scores`);

/** 24 kB as JSON; jsonb spells every digit. */
const LONG_AS_JSONB = { n: Array.from({ length: 4_000 }, () => 1e300) };
const storedEvents = async () =>
  (
    await db.owner`select id, key, payload, headers, payload_bytes, headers_bytes, lane = outbox_lane(tenant_id, key) as is_in_lane
      from outbox_events order by seq`
  ).map((row) => ({ ...row }));

const value = sql.placeholder;
const storeScore = prepareWithEvent<'customerId' | 'score'>(
  sql`insert into engagement_scores (tenant_id, customer_id, score, band, last_interaction_at, interactions_90_days, outcomes,
      positive_outcomes, computed_at)
    values (${value('tenantId')}::uuid, ${value('customerId')}, ${value('score')}::int, 'warm', now(), 1, 1, 1, now())`,
);

describe('appending', () => {
  it('stores events with their headers, sizes and lanes', async () => {
    const keys = ['a', 'b', 'ä', 'a key of some length', '{"k": 1}'];
    const headers = { 'x-of': 'ä' };
    await transaction(db.app, { tenantId }, async (tx) => {
      for (const key of keys) await appendEvent(tx, { tenantId, type: 't.v1', key, payload: { key }, headers });
    });
    const rows = keys.map((key) => ({ key, payload: { key }, headers, headers_bytes: 14, is_in_lane: true }));
    expect(await storedEvents()).toMatchObject(rows);
  });

  const failing = (event: { key: string; payload: Record<string, unknown>; headers?: Record<string, string> }) =>
    transaction(db.app, { tenantId }, async (tx) => {
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'before', payload: {} });
      await appendEvent(tx, { tenantId, type: 't.v1', ...event });
    });
  it.each([
    ['OUTBOX_EVENT_TOO_LARGE', { key: 'k', payload: { text: 'x'.repeat(900_001) } }],
    ['OUTBOX_EVENT_TOO_LARGE', { key: 'k', payload: LONG_AS_JSONB }],
    ['OUTBOX_EVENT_TOO_LARGE', { key: 'k', payload: {}, headers: { text: 'x'.repeat(8_192) } }],
    ['OUTBOX_EVENT_REFUSED', { key: '', payload: {} }],
    ['OUTBOX_EVENT_REFUSED', { key: 'k', payload: { text: '\u0000' } }],
  ])('refuses with %s and rolls the rest of the transaction back', async (code, event) => {
    await expect(failing(event)).rejects.toMatchObject({ code });
    expect((await db.owner`select count(*)::int as n from outbox_events`)[0]).toEqual({ n: 0 });
  });

  it('says OUTBOX_UNAVAILABLE when the connection drops, and nothing is stored', async () => {
    // The transaction may end by the drop itself before the statement does: the code is that of the statement.
    const said = Promise.withResolvers<unknown>();
    const dropped = transaction(db.app, { tenantId }, async (tx) => {
      const [{ pid } = { pid: 0 }] = await query<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`);
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'before', payload: {} });
      await db.owner`select pg_terminate_backend(${pid})`;
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'after', payload: {} }).then(
        said.resolve,
        (error: unknown) => {
          said.resolve(error);
          throw error;
        },
      );
    });
    await expect(dropped).rejects.toThrow();
    expect(await said.promise).toMatchObject({ code: 'OUTBOX_UNAVAILABLE' });
    expect((await db.owner`select count(*)::int as n from outbox_events`)[0]).toEqual({ n: 0 });
  });
});

describe('appending with the row that the event tells of', () => {
  const store = (customerId: string, key: string, payload: Record<string, unknown> = { n: 1 }) =>
    transaction(db.app, { tenantId }, (tx) =>
      storeScore(tx, { tenantId, type: 't.v1', key, payload }, { customerId, score: '50' }),
    );
  const stored = async () => ({
    rows: (await db.owner`select customer_id from engagement_scores order by 1`).map((row) => row.customer_id),
    events: await storedEvents(),
  });

  it('stores both, the event as alone', async () => {
    const { eventId: id } = await store('c1', 'k');
    const event = {
      id,
      key: 'k',
      payload: { n: 1 },
      headers: {},
      payload_bytes: 8,
      headers_bytes: 2,
      is_in_lane: true,
    };
    expect(await stored()).toEqual({ rows: ['c1'], events: [event] });
  });

  it.each([
    ['OUTBOX_EVENT_TOO_LARGE', 'k', { text: 'x'.repeat(900_001) }],
    ['OUTBOX_EVENT_TOO_LARGE', 'k', LONG_AS_JSONB],
    ['OUTBOX_EVENT_REFUSED', '', {}],
    ['OUTBOX_EVENT_REFUSED', 'k', { text: '\u0000' }],
  ] as const)('stores neither when the event is refused with %s', async (code, key, payload) => {
    await expect(store('c1', key, payload)).rejects.toMatchObject({ code });
    expect(await stored()).toEqual({ rows: [], events: [] });
  });

  it('stores neither when the row is refused, and says so in the database’s words', async () => {
    await store('c1', 'k');
    await expect(store('c1', 'k')).rejects.toMatchObject({ code: '23505', table_name: 'engagement_scores' });
    expect(await stored()).toMatchObject({ rows: ['c1'], events: [{ key: 'k' }] });
  });
});

// A lane's low-water waits for the transactions that have a number below the one taken after a place was seen: one that took a place
// before its own number would not be among them.
describe('a place', () => {
  const event = { type: 't.v1', key: 'k', payload: {} };
  it.each<[string, (tx: Tx) => Promise<unknown>]>([
    ['by itself', (tx) => appendEvent(tx, { tenantId, ...event })],
    ['with a row', (tx) => storeScore(tx, { tenantId, ...event }, { customerId: 'c1', score: '50' })],
  ])('of an event that is stored %s is taken after its transaction has a number', async (_, store) => {
    const isHeld = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const holder = db.owner.begin(async (tx) => {
      await tx`alter sequence outbox_events_seq_seq cache 1`;
      isHeld.resolve();
      await mayEnd.promise;
    });
    await isHeld.promise;
    const storing = transaction(db.app, { tenantId }, store);
    const waiting = () =>
      db.owner`select exists (select from pg_locks x where x.pid = l.pid and x.locktype = 'transactionid' and x.granted) as "hasNumber"
        from pg_locks l where l.relation = 'outbox_events_seq_seq'::regclass and not l.granted`;
    try {
      await expect.poll(async () => (await waiting()).length).toBe(1);
      expect([...(await waiting())]).toEqual([{ hasNumber: true }]);
    } finally {
      mayEnd.resolve();
    }
    await holder;
    await storing;
    expect(await storedEvents()).toMatchObject([{ key: 'k' }]);
  });
});

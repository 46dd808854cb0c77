import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { METRICS_TOKEN, makeKey, openWeb } from '#server/http/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
let key: string;
let readingKey: string;
let otherKey: string;
let interactionId: string;

beforeAll(async () => {
  // Something that the outbox's table refuses although it came in: nothing of the caller's making is left that it would.
  await db.owner`alter table outbox_events add constraint unwanted_text check (position('unwanted' in payload::text) = 0)`;
  // No outcome is as large as an event may be at most: this stands for the check of the size.
  await db.owner`alter table outbox_events add constraint test_payload_bytes check (position('enormous' in payload::text) = 0)`;
  const tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  key = await makeKey(db, tenant);
  readingKey = await makeKey(db, tenant, ['outbox:read']);
  otherKey = await makeKey(db, await createTenant(db.owner, { slug: 'other', name: 'Other' }));
  interactionId = (await post('/respond', interaction)).body.interactionId!;
});

const interaction = { customerId: 'c1', offerId: 'o1', channel: 'web', interactionType: 'impression' };
async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await web.fetch(`/api/v1${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, string> };
}
const counts = async () =>
  (
    await db.owner`select (select count(*)::int from interaction_history) as interactions,
      (select count(*)::int from decision_traces) as traces, (select count(*)::int from interaction_outcomes) as outcomes,
      (select count(*)::int from outbox_events) as events`
  )[0]!;
const failuresOf = async (reason: string) => {
  const metrics = await web.fetch('/metrics', { headers: { authorization: `Bearer ${METRICS_TOKEN}` } });
  const line = new RegExp(`^mainspring_outbox_enqueue_failures_total\\{reason="${reason}"\\} (\\d+)$`, 'm');
  return Number(line.exec(await metrics.text())?.[1] ?? 0);
};

describe('POST /respond', () => {
  it('records interaction, trace and event together and answers their ids', async () => {
    const before = await counts();
    const { status, body } = await post('/respond', {
      ...interaction,
      context: { page: 'home' },
      decisionTrace: { why: 1 },
    });
    expect(status).toBe(201);
    expect(await counts()).toEqual({
      ...{ interactions: before.interactions + 1, traces: before.traces + 1, outcomes: before.outcomes },
      events: before.events + 1,
    });
    const [event] = await db.owner`select type, key, payload, status from outbox_events where id = ${body.eventId!}`;
    expect(event).toMatchObject({ type: 'interaction.recorded.v1', key: 'c1', status: 'pending' });
    expect(event?.payload).toMatchObject({
      interactionId: body.interactionId,
      customerId: 'c1',
      context: { page: 'home' },
    });
  });

  it('refuses a key without the scope', async () => {
    const before = await counts();
    expect((await post('/respond', interaction, { authorization: `Bearer ${readingKey}` })).status).toBe(403);
    expect(await counts()).toEqual(before);
  });
});

describe('POST /outcomes', () => {
  it('records the outcome and its event under the key of the interaction', async () => {
    const { body: made } = await post('/respond', { ...interaction, customerId: 'c2' });
    const { status, body } = await post('/outcomes', {
      interactionId: made.interactionId,
      outcome: 'accepted',
      value: 12.5,
    });
    expect(status).toBe(201);
    const events = await db.owner`select type, id from outbox_events where key = 'c2' order by seq`;
    expect([...events]).toEqual([
      { type: 'interaction.recorded.v1', id: made.eventId },
      { type: 'outcome.recorded', id: body.eventId },
    ]);
  });

  it('finds no interaction of another tenant', async () => {
    const { body: made } = await post('/respond', interaction);
    const before = await counts();
    const answer = await post(
      '/outcomes',
      { interactionId: made.interactionId, outcome: 'accepted' },
      { authorization: `Bearer ${otherKey}` },
    );
    expect(answer).toMatchObject({ status: 404, body: { code: 'INTERACTION_NOT_FOUND' } });
    expect(await counts()).toEqual(before);
  });
});

describe.each([
  {
    path: '/respond',
    bodyOf: (text: string) => ({ ...interaction, context: { text }, decisionTrace: { why: 1 } }),
    tooLarge: 'x'.repeat(900_000),
  },
  { path: '/outcomes', bodyOf: (text: string) => ({ interactionId, outcome: text }), tooLarge: 'enormous' },
])('POST $path', ({ path, bodyOf, tooLarge }) => {
  it.each([
    ['OUTBOX_EVENT_TOO_LARGE', 'too_large', tooLarge],
    ['OUTBOX_EVENT_REFUSED', 'constraint', 'unwanted'],
  ])('answers 500 with %s and keeps nothing', async (code, reason, text) => {
    const [before, failures] = [await counts(), await failuresOf(reason)];
    const { status, body } = await post(path, bodyOf(text));
    expect([status, body.code]).toEqual([500, code]);
    expect(await counts()).toEqual(before);
    expect(await failuresOf(reason)).toBe(failures + 1);
  });

  it('answers 500 with OUTBOX_UNAVAILABLE when the connection drops while the event is stored', async () => {
    const [before, failures] = [await counts(), await failuresOf('connection')];
    const locked = Promise.withResolvers<void>();
    const mayEnd = Promise.withResolvers<void>();
    const holder = db.owner.begin(async (tx) => {
      await tx`lock table outbox_events in exclusive mode`;
      locked.resolve();
      await mayEnd.promise;
    });
    await locked.promise;
    const answer = post(path, bodyOf('dropped'));
    await expect
      .poll(
        async () =>
          (
            await db.owner`select pg_terminate_backend(pid) from pg_stat_activity
              where datname = current_database() and wait_event_type = 'Lock' and query like '%insert into outbox_events%'`
          ).length,
        { timeout: 30_000, interval: 50 },
      )
      .toBe(1);
    const { status, body } = await answer;
    mayEnd.resolve();
    await holder;
    expect([status, body.code]).toEqual([500, 'OUTBOX_UNAVAILABLE']);
    expect(await counts()).toEqual(before);
    expect(await failuresOf('connection')).toBe(failures + 1);
  });

  it('answers a repeated Idempotency-Key with the first answer and records nothing twice', async () => {
    const once = { 'idempotency-key': 'once' };
    const first = await post(path, bodyOf('one'), once);
    expect(first.status).toBe(201);
    const before = await counts();
    expect(await post(path, bodyOf('one'), once)).toEqual(first);
    expect(await counts()).toEqual(before);
  });

  it('refuses an Idempotency-Key that was used with another body, and records nothing', async () => {
    const taken = { 'idempotency-key': 'taken' };
    expect((await post(path, bodyOf('one'), taken)).status).toBe(201);
    const before = await counts();
    const { status, body } = await post(path, bodyOf('two'), taken);
    expect([status, body.code]).toEqual([409, 'IDEMPOTENCY_KEY_REUSED']);
    expect(await counts()).toEqual(before);
  });
});

describe('what no table could hold', () => {
  it.each([
    ['/respond', { ...interaction, customerId: '\u6f22'.repeat(200) }, 'has 600 bytes'],
    ['/respond', { ...interaction, occurredAt: '9999-12-31T23:00:00-05:00' }, '9999-12-31T23:00:00-05:00'],
    ['/respond', { ...interaction, occurredAt: '0000-06-01T00:00:00Z' }, '0000-06-01T00:00:00Z'],
    ['/outcomes', { outcome: 'accepted', occurredAt: '9999-12-31T23:00:00-05:00' }, '9999-12-31T23:00:00-05:00'],
  ])('is refused by %s with %j before anything is stored', async (path, body, told) => {
    const before = await counts();
    const { status, body: answer } = await post(path, { interactionId: crypto.randomUUID(), ...body });
    expect([status, answer.code]).toEqual([400, 'INPUT_INVALID']);
    expect(JSON.stringify(answer)).toContain(told);
    expect(await counts()).toEqual(before);
  });

  it('is not what fits: 512 bytes of a name, the last hour of the year 9999 in UTC', async () => {
    const body = { ...interaction, customerId: `${'\u6f22'.repeat(170)}ab`, occurredAt: '9999-12-31T23:00:00Z' };
    expect((await post('/respond', body)).status).toBe(201);
  });
});

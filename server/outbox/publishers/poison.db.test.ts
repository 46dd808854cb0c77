// Poison in the stream: what its topic will never take, among events that it takes, at the speed of a busy day.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger, newId } from '#server/lib/index.ts';
import { type Ctx, createTenant } from '#server/tenancy/index.ts';
import { configureTopic, hasKafka, makeTopics, readTopic, sharedKafka } from '#workers/testing/kafka/index.ts';
import { startPublisher } from '#workers/testing/publisher-process.ts';
import { listEvents } from '../read-events.ts';
import { requeueEvents } from '../settle-failed.ts';

const SECONDS = Number(process.env.OUTBOX_POISON_SECONDS ?? 6);
const PER_SECOND = 500;
const TOO_LARGE_BYTES = 30_000;
const db = await testDatabase();
let ctx: Ctx;
let home: string;

beforeAll(async () => {
  const tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const log = createLogger({ level: 'silent', tier: 'test' });
  ctx = { pool: db.app, tenant, actor: { kind: 'system', id: 'test' }, requestId: 'test', log };
  home = await mkdtemp(join(tmpdir(), 'mainspring-poison-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** One in a hundred is too large for the topic, and a few have a type that is no topic. */
function makeEvents(from: number, count: number) {
  return Array.from({ length: count }, (_, n) => {
    const number = from + n;
    const isPoison = number % 100 === 42;
    const payload = JSON.stringify({ number, text: 'x'.repeat(isPoison ? TOO_LARGE_BYTES : 200) });
    return { id: newId(), key: `k${number % 211}`, payload, place: n, isPoison };
  });
}

describe.skipIf(!hasKafka())('one event in a hundred that its topic will not take', () => {
  it('is set aside with its reason while all others are delivered, and each is delivered once when it is requeued', async () => {
    const kafka = await sharedKafka('publisher');
    const topic = `poison-${randomBytes(3).toString('hex')}`;
    await makeTopics(kafka.brokers, [{ topic, partitions: 6, config: { 'max.message.bytes': '20000' } }]);
    const publisher = startPublisher(db, home, 'poisoned', {
      ...{ EVENT_PUBLISHER: 'kafka', KAFKA_BROKERS: kafka.brokers, OUTBOX_TOPIC: topic, OUTBOX_LEASE_MS: '30000' },
      // A busy machine must not make an answer come too late, and so a copy.
      ...{ OUTBOX_BATCH_SIZE: '500', KAFKA_REQUEST_TIMEOUT_MS: '20000' },
    });
    const all: ReturnType<typeof makeEvents> = [];
    const startedMs = performance.now();
    for (let second = 0; second < SECONDS; second += 1) {
      const events = makeEvents(second * PER_SECOND, PER_SECOND);
      all.push(...events);
      await db.owner`insert into testing.events (tenant_id, id, type, key, payload)
        select ${ctx.tenant.id}, id, 'poison.v1', key, payload::jsonb
        from jsonb_to_recordset(${JSON.stringify(events)}::text::jsonb) as e(id uuid, key text, payload text, place int)
        order by place`;
      await wait(Math.max(0, startedMs + (second + 1) * 1_000 - performance.now()));
    }
    const left = async () =>
      (
        await db.owner<
          { n: number }[]
        >`select count(*)::int as n from outbox_events where status in ('pending', 'processing')`
      )[0]!.n;
    await expect.poll(left, { timeout: 120_000, interval: 100 }).toBe(0);

    const poison = all.filter(({ isPoison }) => isPoison).map(({ id }) => id);
    const good = all.filter(({ isPoison }) => !isPoison).map(({ id }) => id);
    const idsIn = async () =>
      (await readTopic(kafka.brokers, topic)).map((each) => each.headers['mainspring-event-id']!);
    expect(new Set(await idsIn())).toEqual(new Set(good));
    const { items } = await listEvents(ctx, { status: 'failed', limit: 100 });
    expect(items.map(({ id }) => id).sort()).toEqual(poison.toSorted().slice(-items.length));
    expect(items.length).toBe(Math.min(100, poison.length));
    for (const { attempts, lastError } of items) {
      expect(attempts).toBe(1);
      expect(lastError).toMatch(new RegExp(`topic "${topic}" \\(30\\d+ bytes\\): MESSAGE_TOO_LARGE`));
    }

    // The operator lets the topic take more, and requeues.
    await configureTopic(kafka.brokers, topic, { 'max.message.bytes': '1000000' });
    await expect
      .poll(() => requeueEvents(ctx, { filter: {}, dryRun: false }).then(({ remaining }) => remaining), {
        timeout: 20_000,
      })
      .toBe(0);
    await expect.poll(left, { timeout: 60_000, interval: 100 }).toBe(0);
    const counts = new Map<string, number>();
    for (const id of await idsIn()) counts.set(id, (counts.get(id) ?? 0) + 1);
    expect(poison.map((id) => counts.get(id))).toEqual(poison.map(() => 1));
    const requeued = (await readTopic(kafka.brokers, topic)).filter(({ headers }) => headers['mainspring-requeued']);
    expect(requeued).toHaveLength(poison.length);
    publisher.signal('SIGTERM');
    expect(await publisher.exited).toBe(0);
  }, 300_000);
});

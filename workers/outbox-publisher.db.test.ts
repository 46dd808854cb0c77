import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { health } from '#server/fleet/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { appendEvent, type EventPublisher } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { createPublisherLoop } from './publisher-loop.ts';
import { startPublisher as startIn } from './testing/publisher-process.ts';

const KILLS = Number(process.env.OUTBOX_TEST_KILLS ?? 6);
const db = await testDatabase();
let tenantId: string;
let home: string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  home = await mkdtemp(join(tmpdir(), 'mainspring-publisher-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters, outbox_publishers`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
});

const startPublisher = (name: string, dir: string, env: Record<string, string> = {}) =>
  startIn(db, home, name, { OUTBOX_FILE_DIR: dir, ...env });

const countOf = async (status: string) =>
  (await db.owner<{ n: number }[]>`select count(*)::int as n from outbox_events where status = ${status}`)[0]!.n;

/** Events of `count` keys, each appended in a transaction of its own. */
async function append(rounds: number, count: number): Promise<{ id: string; key: string }[]> {
  const made: { id: string; key: string }[] = [];
  for (let round = 0; round < rounds; round += 1)
    await transaction(db.app, { tenantId }, async (tx) => {
      for (let n = 0; n < count; n += 1) {
        const key = `k${n}`;
        made.push({ id: (await appendEvent(tx, { tenantId, type: 't.v1', key, payload: { round, n } })).eventId, key });
      }
    });
  return made;
}

/** What a consumer reads: every line that is whole, lane by lane, in the order of the files. */
async function linesOf(dir: string): Promise<{ id: string; key: string; text: string }[]> {
  const lines: { id: string; key: string; text: string }[] = [];
  for (const name of (await readdir(dir)).sort()) {
    for (const text of (await readFile(join(dir, name), 'utf8')).split('\n').filter(Boolean)) {
      try {
        lines.push({ ...(JSON.parse(text) as { id: string; key: string }), text });
      } catch {
        // A part of a line that a killed process left.
      }
    }
  }
  return lines;
}

describe('a publisher process', () => {
  it('that is killed again and again loses no event and keeps each key in order', async () => {
    const dir = join(home, 'killed');
    const made: { id: string; key: string }[] = [];
    const pair = [startPublisher('one', dir), startPublisher('two', dir)];
    for (let kill = 0; kill < KILLS; kill += 1) {
      made.push(...(await append(6, 60)));
      await wait(150 + ((kill * 137) % 400));
      const victim = pair[kill % 2]!;
      victim.signal('SIGKILL');
      await victim.exited;
      pair[kill % 2] = startPublisher(`${victim.name}-${kill}`, dir);
    }
    await expect.poll(() => countOf('published'), { timeout: 90_000, interval: 200 }).toBe(made.length);
    // Its neighbour may have sent everything before the youngest has booted, and only then it hears a signal.
    await Promise.all(pair.map((each) => each.untilReady()));
    for (const each of pair) each.signal('SIGTERM');
    const exits = await Promise.all(pair.map((each) => each.exited));
    expect(exits, pair.map((each) => each.output().slice(-3_000)).join('\n')).toEqual([0, 0]);

    const lines = await linesOf(dir);
    const first = new Map<string, { text: string; place: number; key: string }>();
    lines.forEach(({ id, key, text }, place) => {
      const seen = first.get(id);
      if (seen) expect(text).toBe(seen.text);
      else first.set(id, { text, place, key });
    });
    expect([...first.keys()].sort()).toEqual(made.map((event) => event.id).sort());
    for (const key of new Set(made.map((event) => event.key))) {
      const places = made.filter((event) => event.key === key).map((event) => first.get(event.id)!.place);
      expect(places).toEqual([...places].sort((a, b) => a - b));
    }
  }, 180_000);

  it('that is asked to stop exits with 0, leaves nothing in processing and sent nothing twice', async () => {
    const dir = join(home, 'stopped');
    const made = await append(10, 60);
    for (let n = 0; n < 3; n += 1) {
      // A lease that a busy machine does not outlive: a publish given up at its end may be sent twice.
      const publisher = startPublisher(`stopped-${n}`, dir, { OUTBOX_LEASE_MS: '10000' });
      await publisher.untilReady();
      publisher.signal('SIGTERM');
      expect(await publisher.exited).toBe(0);
      expect(await countOf('processing')).toBe(0);
    }
    const last = startPublisher('stopped-last', dir, { OUTBOX_LEASE_MS: '10000' });
    await expect.poll(() => countOf('published'), { timeout: 30_000 }).toBe(made.length);
    last.signal('SIGTERM');
    await last.exited;
    expect(await linesOf(dir)).toHaveLength(made.length);
  }, 120_000);

  it.each([
    ['OUTBOX_BATCH_SIZE', '0'],
    ['KAFKA_BROKERS', 'a-canary-without-a-port'],
    ['PUBLISHER_METRICS_PORT', '65536'],
    ['KAFKA_BROKERS', 'a-canary:99999'],
    ['OUTBOX_WEBHOOK_URL', 'http://[2002:6464:64c8::]/a-canary'],
    ['DATABASE_URL', 'postgres://owner:a-canary#secret@db/app'],
    ['DATABASE_DIRECT_URL', 'postgres://owner:100%a-canary@db/app'],
  ])('exits with 2 and names %s, not its value, when it is %j', async (name, value) => {
    const publisher = startPublisher('bad', join(home, 'bad'), { [name]: value });
    expect(await publisher.exited).toBe(2);
    expect(publisher.output()).toContain(`  ${name}: `);
    expect(publisher.output()).not.toContain('canary');
  });

  it('exits with 3 after 30 failures of a lane that waiting does not cure, each logged with an id that the next try names', async () => {
    await append(1, 4);
    const notAFolder = join(home, 'file');
    await writeFile(notAFolder, '');
    const publisher = startPublisher('wrong', notAFolder);
    expect(await publisher.exited).toBe(3);
    const lines = publisher.lines();
    const failed = lines.filter((line) => line.msg === 'outbox-publisher tick failed');
    expect(failed.every((line) => line.level === 'error' && line.isTransient === false)).toBe(true);
    const ofLanes = [...Map.groupBy(failed, ({ lane }) => lane)];
    expect(Math.max(...ofLanes.map(([, some]) => some.length))).toBe(30);
    for (const [lane, some] of ofLanes) {
      const retried = lines.filter((line) => line.lane === lane && line.msg.startsWith('outbox-publisher tries again'));
      // The others may have been in the middle of their next try.
      const named = some.slice(0, some.length === 30 ? -1 : retried.length);
      expect(retried.map(({ errorId }) => errorId)).toEqual(named.map(({ errorId }) => errorId));
      expect(retried.length).toBeGreaterThanOrEqual(some.length - 1);
    }
    const rows = await db.owner`select distinct status, attempts from outbox_events`;
    expect([...rows]).toEqual([{ status: 'pending', attempts: 0 }]);
  }, 60_000);

  it('names the variable that is missing and exits with 2', async () => {
    const publisher = startPublisher('bare', join(home, 'bare'), { WORKER_PASSWORD: '' });
    expect(await publisher.exited).toBe(2);
    expect(publisher.output()).toContain('WORKER_PASSWORD');
  });

  it('goes on after an outage, which exits nobody however long it lasts, and says that it is transient', async () => {
    await append(1, 4);
    const publisher = startPublisher('outage', join(home, 'outage'), {
      ...{ EVENT_PUBLISHER: 'kafka', KAFKA_BROKERS: '127.0.0.1:9' },
    });
    const failures = () => publisher.lines().filter(({ msg }) => msg === 'outbox-publisher tick failed');
    await expect.poll(() => failures().length, { timeout: 60_000 }).toBeGreaterThan(35);
    expect(failures().every(({ level, isTransient }) => level === 'error' && isTransient === true)).toBe(true);
    const kafka = async () => (await health(db.worker, { kind: 'anybody' })).components.kafka?.status;
    await expect.poll(kafka, { timeout: 30_000 }).toMatch(/^(degraded|down)$/);
    publisher.signal('SIGTERM');
    expect(await publisher.exited).toBe(0);
    const rows = await db.owner`select distinct status, attempts from outbox_events`;
    expect([...rows]).toEqual([{ status: 'pending', attempts: 0 }]);
    // Nobody sends there any more.
    expect(await kafka()).toBeUndefined();
  }, 120_000);
});

describe('the liveness file', () => {
  it('is touched after completed turns and goes stale when the loop hangs, though the process is alive', async () => {
    const livenessFile = join(home, 'wedged.alive');
    const hang = Promise.withResolvers<void>();
    const calls: number[] = [];
    const wedged: EventPublisher = {
      backend: 'wedged',
      async publish(events) {
        calls.push(events.length);
        await hang.promise;
        return events.map(() => ({ kind: 'published' }) as const);
      },
      close: async () => {},
    };
    const loop = createPublisherLoop({
      ...{ openPool: () => db.worker, publisher: wedged, log: createLogger({ level: 'silent', tier: 'test' }) },
      ...{ name: 'wedged', livenessFile, batchSize: 10, pollMs: 20, maxAttempts: 3, drainMs: 5_000, backoffMaxMs: 20 },
      // No deadline ends the call within this test.
      ...{ leaseMs: 600_000, onGivingUp: () => {} },
    });
    const touchedAt = () =>
      stat(livenessFile).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
    loop.start();
    try {
      await expect.poll(touchedAt, { timeout: 20_000 }).toBeGreaterThan(0);
      const first = await touchedAt();
      await expect.poll(touchedAt, { timeout: 20_000 }).toBeGreaterThan(first);
      await append(1, 1);
      await expect.poll(() => calls.length, { timeout: 20_000 }).toBe(1);
      // Many polls' worth of time, in which timers run, and the other lanes.
      const isStill = async () => {
        const before = await touchedAt();
        for (let n = 0; n < 20; n += 1) await wait(25);
        return (await touchedAt()) === before;
      };
      // The lane's last turn may be told by a touch that the others' complete.
      await expect.poll(isStill, { timeout: 20_000 }).toBe(true);
      const last = await touchedAt();
      expect(await isStill()).toBe(true);
      hang.resolve();
      await expect.poll(touchedAt, { timeout: 20_000 }).toBeGreaterThan(last);
    } finally {
      hang.resolve();
      await loop.stop();
    }
  }, 90_000);
});

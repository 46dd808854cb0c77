// The port of a publisher that runs by itself: what it says there, and that nobody who asks there holds up its end.
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { freePorts } from './testing/ports.ts';
import { type PublisherProcess, startPublisher } from './testing/publisher-process.ts';

const db = await testDatabase();
let tenantId: string;
let home: string;
let port: number;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  home = await mkdtemp(join(tmpdir(), 'mainspring-publisher-port-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters, outbox_publishers`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
  [port = 0] = await freePorts(1);
});

const start = (name: string, env: Record<string, string> = {}) =>
  startPublisher(db, home, name, { PUBLISHER_METRICS_PORT: String(port), OUTBOX_FILE_DIR: join(home, name), ...env });

const append = (count: number) =>
  transaction(db.app, { tenantId }, async (tx) => {
    for (let n = 0; n < count; n += 1) await appendEvent(tx, { tenantId, type: 't.v1', key: `k${n}`, payload: { n } });
  });

/** A figure of the publisher's own /metrics; null when it does not say it. */
async function figure(publisher: PublisherProcess, name: string): Promise<number | null> {
  if (publisher.hasExited()) throw new Error(`${publisher.name} has ended:\n${publisher.output()}`);
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`).catch(() => null);
  const lines = ((await answer?.text()) ?? '').split('\n');
  const line = lines.find((one) => one.startsWith(`mainspring_${name} `));
  return line === undefined ? null : Number(line.split(' ').at(-1));
}

const WAIT = { timeout: 60_000, interval: 100 };

describe('the port of a publisher process', () => {
  it('says what waits while its backend is away, and answers probes without a token', async () => {
    await append(7);
    // Between its tries they wait, and so they are counted.
    const publisher = start('away', {
      ...{ EVENT_PUBLISHER: 'kafka', KAFKA_BROKERS: '127.0.0.1:9', OUTBOX_BACKOFF_MAX_MS: '1000' },
    });
    await expect.poll(() => figure(publisher, 'outbox_pending_count'), WAIT).toBe(7);
    await expect.poll(() => figure(publisher, 'outbox_processed_total{result="released"}'), WAIT).toBeGreaterThan(0);
    await expect.poll(() => figure(publisher, 'outbox_tick_failures_total{transient="true"}'), WAIT).toBeGreaterThan(0);
    for (const path of ['/livez', '/readyz', '/health', '/log-level'])
      expect([path, (await fetch(`http://127.0.0.1:${port}${path}`)).status]).toEqual([path, 200]);
    publisher.signal('SIGTERM');
    expect(await publisher.exited).toBe(0);
  }, 120_000);

  it('says what was published, and that nothing waits any more', async () => {
    await append(5);
    const publisher = start('published');
    await expect.poll(() => figure(publisher, 'outbox_processed_total{result="published"}'), WAIT).toBe(5);
    await expect.poll(() => figure(publisher, 'outbox_event_age_seconds_count'), WAIT).toBe(5);
    await append(3);
    await expect.poll(() => figure(publisher, 'outbox_processed_total{result="published"}'), WAIT).toBe(8);
    await expect.poll(() => figure(publisher, 'outbox_pending_count'), WAIT).toBe(0);
    publisher.signal('SIGTERM');
    expect(await publisher.exited).toBe(0);
  }, 120_000);

  /** Somebody who begins a request and never ends it. */
  async function slowAsker() {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.write('GET /metrics HTTP/1.1\r\nHost: here\r\n');
    return socket;
  }

  it('holds up neither the end that was asked for nor that of giving up, whoever is slow there', async () => {
    const asked = start('asked');
    await asked.untilReady();
    const first = await slowAsker();
    const startedAtMs = performance.now();
    asked.signal('SIGTERM');
    expect(await asked.exited).toBe(0);
    // Far below the minute for which the server waits for a request. Timers of a busy machine are late.
    expect(performance.now() - startedAtMs).toBeLessThan(20_000);
    first.destroy();

    const notAFolder = join(home, 'file');
    await writeFile(notAFolder, '');
    const wrong = start('wrong', { OUTBOX_FILE_DIR: notAFolder });
    await wrong.untilReady();
    const second = await slowAsker();
    await append(4);
    expect(await wrong.exited, wrong.output().slice(-3_000)).toBe(3);
    second.destroy();
  }, 120_000);

  it('ends the process before it takes a lane, with the reason, when another program has it', async () => {
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    try {
      const publisher = start('late');
      expect(await publisher.exited).toBe(1);
      const said = publisher.lines().at(-1);
      expect(said).toMatchObject({ level: 'error', msg: 'outbox-publisher could not start' });
      expect(JSON.stringify(said)).toContain(`port ${port} on 127.0.0.1 is taken by another program`);
      expect(await db.owner`select from outbox_publishers`).toHaveLength(0);
      expect(await db.owner`select from outbox_lanes where owner is not null`).toHaveLength(0);
    } finally {
      other.close();
    }
  }, 120_000);
});

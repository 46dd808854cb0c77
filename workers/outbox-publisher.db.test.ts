import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { appendEvent } from '#server/outbox/index.ts';
import { createTenant } from '#server/tenancy/index.ts';

const SCRIPT = fileURLToPath(new URL('./outbox-publisher.ts', import.meta.url));
const KILLS = Number(process.env.OUTBOX_TEST_KILLS ?? 6);
const db = await testDatabase();
let tenantId: string;
let home: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  home = await mkdtemp(join(tmpdir(), 'mainspring-publisher-'));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await rm(home, { recursive: true, force: true });
});
beforeEach(async () => {
  await db.owner`truncate outbox_events, outbox_counters, outbox_publishers`;
  await db.owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
});

type Started = { child: ChildProcess; output: () => string; exited: Promise<number | null> };
function startPublisher(name: string, dir: string, env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, [SCRIPT], {
    env: {
      ...{ PATH: process.env.PATH, NODE_ENV: 'test', DATABASE_URL: db.ownerUrl, ROLE_PREFIX: db.rolePrefix },
      ...{ WORKER_PASSWORD: db.passwords.worker, PROCESS_NAME: name, OUTBOX_FILE_DIR: dir, MAINSPRING_HOME: home },
      ...{ OUTBOX_LEASE_MS: '1000', OUTBOX_POLL_INTERVAL_MS: '100', OUTBOX_BATCH_SIZE: '50' },
      ...{ OUTBOX_LIVENESS_FILE: join(home, `${name}.alive`), OUTBOX_BACKOFF_MAX_MS: '20' },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text: string[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => text.push(chunk.toString()));
  children.add(child);
  const exited = once(child, 'exit').then(() => {
    children.delete(child);
    return child.exitCode;
  });
  return { child, output: () => text.join(''), exited };
}

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
    let [one, two] = [startPublisher('one', dir), startPublisher('two', dir)];
    const names = ['one', 'two'];
    for (let kill = 0; kill < KILLS; kill += 1) {
      made.push(...(await append(6, 60)));
      await new Promise((resolve) => setTimeout(resolve, 150 + ((kill * 137) % 400)));
      const victim = kill % 2 === 0 ? one : two;
      victim.child.kill('SIGKILL');
      await victim.exited;
      const next = startPublisher(`${kill % 2 === 0 ? 'one' : 'two'}-${kill}`, dir);
      names[kill % 2] = `${kill % 2 === 0 ? 'one' : 'two'}-${kill}`;
      if (kill % 2 === 0) one = next;
      else two = next;
    }
    await expect.poll(() => countOf('published'), { timeout: 60_000, interval: 200 }).toBe(made.length);
    // Its neighbour may have sent everything before the youngest has booted, and could hear a signal.
    for (const name of names)
      await expect.poll(() => stat(join(home, `${name}.alive`)).catch(() => null), { timeout: 20_000 }).not.toBeNull();
    for (const each of [one, two]) each.child.kill('SIGTERM');
    expect(await Promise.all([one.exited, two.exited])).toEqual([0, 0]);

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
      await expect
        .poll(
          () =>
            stat(join(home, `stopped-${n}.alive`)).then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true);
      publisher.child.kill('SIGTERM');
      expect(await publisher.exited).toBe(0);
      expect(await countOf('processing')).toBe(0);
    }
    const last = startPublisher('stopped-last', dir, { OUTBOX_LEASE_MS: '10000' });
    await expect.poll(() => countOf('published'), { timeout: 30_000 }).toBe(made.length);
    last.child.kill('SIGTERM');
    await last.exited;
    expect(await linesOf(dir)).toHaveLength(made.length);
  }, 120_000);

  it.each([
    ['OUTBOX_BATCH_SIZE', '0'],
    ['KAFKA_BROKERS', 'a-canary-without-a-port'],
  ])('exits with 2 and names %s, not its value, when it is %j', async (name, value) => {
    const publisher = startPublisher('bad', join(home, 'bad'), { [name]: value });
    expect(await publisher.exited).toBe(2);
    expect(publisher.output()).toContain(`  ${name}: `);
    expect(publisher.output()).not.toContain('canary');
  });

  it('exits with 3 after 30 failures that waiting does not cure, each logged with an id that the next try names', async () => {
    await append(1, 4);
    const notAFolder = join(home, 'file');
    await writeFile(notAFolder, '');
    const publisher = startPublisher('wrong', notAFolder);
    expect(await publisher.exited).toBe(3);
    const lines = publisher
      .output()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { msg: string; level: string; errorId: string; isTransient: boolean });
    const failed = lines.filter((line) => line.msg === 'outbox-publisher tick failed');
    expect(failed).toHaveLength(30);
    expect(failed.every((line) => line.level === 'error' && line.isTransient === false)).toBe(true);
    const retried = lines
      .filter((line) => line.msg.startsWith('outbox-publisher tries again'))
      .map((line) => line.errorId);
    expect(retried).toEqual(failed.slice(0, -1).map((line) => line.errorId));
    const rows = await db.owner`select distinct status, attempts from outbox_events`;
    expect([...rows]).toEqual([{ status: 'pending', attempts: 0 }]);
  }, 60_000);
});

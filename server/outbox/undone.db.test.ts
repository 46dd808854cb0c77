// The commits of a claim and of a mark do not wait for the disk. What becomes of their events when the database server dies
// before it got there.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openPool, type Pool, urlForRole } from '#db/client.ts';
import { type EmbeddedDatabase, findEmbedded, startEmbedded } from '#db/embedded.ts';
import { migrate } from '#db/migrate.ts';
import { roleNames } from '#db/roles.ts';
import { LaneLostError, publishLane } from './index.ts';
import { counting, openLane, takeLane } from './testing/one-lane.ts';

const START_MS = 300_000;
/** The server writes what nobody waits for at most so often; a claim that got there all the same was not undone. */
const settings = { fsync: 'off', wal_writer_delay: '10s' };
const ROUNDS = 5;

let home: string;
let server: EmbeddedDatabase;
let owner: Pool;
let worker: Pool;
let lane: Awaited<ReturnType<typeof openLane>>;

const start = () => startEmbedded({ home, log: () => undefined, settings });

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mainspring-test-'));
  server = await start();
  const passwords = { app: randomBytes(12).toString('hex'), worker: randomBytes(12).toString('hex') };
  await migrate({ ownerUrl: server.url, rolePrefix: 'undone', passwords });
  owner = openPool({ url: server.url, max: 2, applicationName: 'test' });
  const workerUrl = urlForRole(server.url, roleNames('undone').worker, passwords.worker);
  worker = openPool({ url: workerUrl, max: 2, applicationName: 'test' });
  lane = await openLane({ owner, worker });
}, START_MS);
afterAll(async () => {
  await Promise.all([owner, worker].map((pool) => pool?.end({ timeout: 2 })));
  await server?.stop();
  const found = await findEmbedded(home);
  if (found) await rm(found.place, { recursive: true, force: true });
  await rm(home, { recursive: true, force: true });
}, START_MS);

/** Ends the server at once, without a checkpoint and without writing what it still holds, and starts it again. */
async function crash(): Promise<void> {
  process.kill(server.pid, 'SIGQUIT');
  await server.exited;
  await server.stop();
  server = await start();
}

const signal = new AbortController().signal;
const options = { leaseMs: 2 * START_MS, batchSize: 500, maxAttempts: 5, isSweep: false, signal };

/** Three events of two keys, numbered. */
const store = (
  tenantId: string,
  [a = '', b = '']: string[],
) => owner`insert into outbox_events (tenant_id, type, key, payload, lane, payload_bytes, headers_bytes)
  select ${tenantId}, 'a.v1', key, jsonb_build_object('n', n), outbox_lane(${tenantId}, key), 8, 2
  from unnest(${[a, b, a]}::text[]) with ordinality as given(key, n) order by n`;

const rows = () =>
  owner<{ status: string; token: string | null; attempts: number }[]>`
    select status, claim_token as token, attempts from outbox_events order by seq`;

it(
  'a claim that a crash of the database undoes is made again: no event is lost, each key keeps its order, no attempt is counted',
  async () => {
    const { tenantId, keys, restart } = lane;
    let wasUndone = false;
    for (let round = 0; round < ROUNDS && !wasUndone; round += 1) {
      const hold = await restart();
      await store(tenantId, keys);
      const sent: number[] = [];
      // It comes between the claim and the mark, which finds nothing of the claim's.
      const first = await publishLane({ pool: worker, publisher: counting(sent, crash) }, hold, options);
      expect(sent).toEqual([1, 2, 3]);
      wasUndone = first.lost === 3;
      if (!wasUndone) continue;
      expect(first).toMatchObject({ claimed: 3, published: 0, retried: 0, failed: 0 });
      const waiting = { status: 'pending', token: null, attempts: 0 };
      expect(await rows()).toEqual([waiting, waiting, waiting]);

      const again = await takeLane(worker, 'one');
      const copies: number[] = [];
      const turn = await publishLane({ pool: worker, publisher: counting(copies) }, again, options);
      expect(turn).toMatchObject({ claimed: 3, published: 3, lost: 0 });
      expect(copies).toEqual([1, 2, 3]);
      const done = { status: 'published', token: String(again.token), attempts: 0 };
      expect(await rows()).toEqual([done, done, done]);
    }
    expect(wasUndone).toBe(true);
  },
  START_MS,
);

it(
  'a mark that a crash of the database undoes is told by the lane, which is taken anew: its events are sent twice, and none stays claimed',
  async () => {
    const { tenantId, keys, restart } = lane;
    let wasUndone = false;
    for (let round = 0; round < ROUNDS && !wasUndone; round += 1) {
      const hold = await restart();
      await store(tenantId, keys);
      const sent: number[] = [];
      // The claim is on the disk, the mark is not.
      const publisher = counting(sent, () => owner`checkpoint`);
      expect(await publishLane({ pool: worker, publisher }, hold, options)).toMatchObject({ published: 3, lost: 0 });
      await crash();
      const left = await rows();
      wasUndone = left.every(({ status }) => status === 'processing');
      if (!wasUndone) continue;

      await expect(publishLane({ pool: worker, publisher }, hold, options)).rejects.toThrow(LaneLostError);
      const copies: number[] = [];
      const again = await takeLane(worker, 'one');
      const turn = await publishLane({ pool: worker, publisher: counting(copies) }, again, options);
      expect(turn).toMatchObject({ claimed: 3, published: 3, lost: 0 });
      expect(copies).toEqual(sent);
      const [counted] = await owner<{ published: string }[]>`select sum(published) as published from outbox_counters`;
      expect(counted).toEqual({ published: '3' });
    }
    expect(wasUndone).toBe(true);
  },
  START_MS,
);

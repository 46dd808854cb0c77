// The database of a chaos run: the test run's own, or one that the run may restart.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openPool, type Pool } from '#db/client.ts';
import { type EmbeddedDatabase, findEmbedded, startEmbedded } from '#db/embedded.ts';
import { migrate } from '#db/migrate.ts';
import { newId } from '#server/lib/index.ts';
import { within } from '#server/outbox/index.ts';
import type { PublisherDatabase } from '../publisher-process.ts';
import type { StoredEvent } from './oracle.ts';

export type ChaosDatabase = PublisherDatabase & {
  owner: Pool;
  restart(): Promise<void>;
  /** Ends it at once, so that commits are undone that nobody waited for, and starts it again. */
  crash(): Promise<void>;
  discard(): Promise<void>;
};

// A crash of the server alone loses nothing that was written, whether the disk has it or not.
const settings = { fsync: 'off', full_page_writes: 'off' };

/** An embedded PostgreSQL of its own, migrated. */
export async function openChaosDatabase(): Promise<ChaosDatabase> {
  // The name lets the next test run clear it away if this one is killed.
  const home = await mkdtemp(join(tmpdir(), 'mainspring-test-'));
  const start = () => startEmbedded({ home, log: () => undefined, settings });
  let embedded: EmbeddedDatabase = await start();
  const rolePrefix = 'chaos';
  const passwords = { app: randomBytes(12).toString('hex'), worker: randomBytes(12).toString('hex') };
  await migrate({ ownerUrl: embedded.url, rolePrefix, passwords });
  const owner = openPool({ url: embedded.url, max: 3, applicationName: 'chaos' });
  return {
    ...{ ownerUrl: embedded.url, rolePrefix, passwords, owner },
    async restart() {
      await embedded.stop();
      embedded = await start();
    },
    async crash() {
      process.kill(embedded.pid, 'SIGQUIT');
      await embedded.exited;
      await embedded.stop();
      embedded = await start();
    },
    async discard() {
      await owner.end({ timeout: 2 });
      await embedded.stop();
      const found = await findEmbedded(home);
      if (found) await rm(found.place, { recursive: true, force: true });
      await rm(home, { recursive: true, force: true });
    },
  };
}

/**
 * Stores events of `keys` keys in turn, one transaction after another, and remembers what it stored. A transaction
 * whose end is not known is tried again: the ids are ours, so it cannot be stored twice.
 */
export function createStore(ownerUrl: string, tenantId: string, keys: number) {
  const stored: StoredEvent[] = [];
  const database = createStubbornClient(ownerUrl);
  const count = (ask: (sql: Pool) => PromiseLike<{ n: number }[]>) =>
    database.untilDone(async (sql) => (await ask(sql))[0]?.n ?? 0);
  return {
    stored,
    async add(amount: number, payload: (n: number) => string = (n) => JSON.stringify({ n })): Promise<void> {
      for (let left = amount; left > 0; left -= PER_TRANSACTION) {
        const events = Array.from({ length: Math.min(left, PER_TRANSACTION) }, (_, place) => {
          const number = stored.length + place;
          return { id: newId(), key: `k${number % keys}`, payload: payload(number), place };
        });
        await database.untilDone((sql) => insert(sql, tenantId, events));
        stored.push(...events.map(({ id, key }) => ({ id, key })));
      }
    },
    unpublished: () => count((sql) => sql`select count(*)::int as n from outbox_events where status <> 'published'`),
    processing: () => count((sql) => sql`select count(*)::int as n from outbox_events where status = 'processing'`),
    published: () => count((sql) => sql`select coalesce(sum(published), 0)::int as n from outbox_counters`),
    close: () => database.close(),
  };
}

const PER_TRANSACTION = 50;
const DEADLINE_MS = 10_000;
const MAX_TRIES = 200;

async function insert(sql: Pool, tenantId: string, events: readonly object[]): Promise<void> {
  await sql`insert into outbox_events (tenant_id, id, type, key, payload, lane, payload_bytes, headers_bytes)
    select ${tenantId}, id, 'chaos.v1', key, payload::jsonb, outbox_lane(${tenantId}, key), octet_length(payload::jsonb::text), 2
    from jsonb_to_recordset(${JSON.stringify(events)}::text::jsonb) as e(id uuid, key text, payload text, place int)
    order by place on conflict do nothing`;
  await sql`select pg_notify('mainspring_outbox', '')`;
}

/** One connection; a new one after any error and whenever an answer does not come. */
function createStubbornClient(url: string) {
  const open = () => openPool({ url, max: 1, applicationName: 'chaos' });
  let sql = open();
  return {
    async untilDone<T>(work: (sql: Pool) => Promise<T>): Promise<T> {
      for (let tries = 1; ; tries += 1) {
        try {
          return await within(DEADLINE_MS, 'the chaos database', work(sql));
        } catch (error) {
          if (tries >= MAX_TRIES) throw error;
          sql.end({ timeout: 0 }).catch(() => {});
          sql = open();
          await wait(100);
        }
      }
    },
    close: () => sql.end({ timeout: 2 }),
  };
}

import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { openFolderStore, type ReadableBlobStore } from '#server/files/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '../index.ts';
import type { CleanupSettings } from './settings.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
let acme: Tenant;
let blue: Tenant;

beforeAll(async () => {
  acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  blue = await createTenant(db.owner, { slug: 'blue', name: 'Blue' });
});

const cleanUp = (settings: Partial<CleanupSettings> = {}, blobs: ReadableBlobStore | null = null) => {
  const config = { ...UNCONFIGURED_JOBS, blobs, cleanup: { ...UNCONFIGURED_JOBS.cleanup, ...settings } };
  return runJob({ pool: db.worker, log, processId: 'test', config }, 'cleanup', { trigger: 'http' });
};
const names = async (sql: string) => (await db.owner.unsafe<{ name: string }[]>(sql)).map((row) => row.name).sort();
/** A uuidv7 of so many days ago, as the rows of that day have it. */
const idOf = (days: number) =>
  `overlay(ms_uuid_at(now() - interval '${days} days')::text placing right(gen_random_uuid()::text, 12) from 25)::uuid`;
const ago = (days: number) => `now() - interval '${days} days'`;

describe('the cleanup', () => {
  it('deletes sessions 30 days after they expired, and sign-in attempts after a day', async () => {
    await db.owner`insert into users (email) values ('ada@example.org')`;
    for (const [name, days] of [
      ['live', -1],
      ['late', 29],
      ['over', 31],
    ] as const)
      await db.owner.unsafe(`insert into sessions (token_hash, user_id, user_agent, expires_at)
        select '${name}'::bytea, id, '${name}', ${ago(days)} from users`);
    await db.owner.unsafe(`insert into login_attempts values ('fresh', ${ago(0)}), ('old', ${ago(2)})`);
    expect(await cleanUp()).toMatchObject({
      status: 200,
      body: { ok: true, deleted: { sessions: 1, loginAttempts: 1 } },
    });
    expect(await names('select user_agent as name from sessions')).toEqual(['late', 'live']);
    expect(await names('select subject as name from login_attempts')).toEqual(['fresh']);
  });

  it('deletes invites and reset links 30 days after they expired, used or not, in every tenant', async () => {
    const put = async (name: string, days: number, isUsed: boolean, tenant: Tenant) => {
      const used = isUsed ? `now() - interval '20 days'` : 'null';
      await db.owner.unsafe(`insert into invites (tenant_id, email, role, token_hash, created_by, expires_at, accepted_at)
        values ('${tenant.id}', '${name}', 'viewer', 'invite-${name}'::bytea, 'test', ${ago(days)}, ${used})`);
      await db.owner.unsafe(`insert into password_resets (user_id, token_hash, created_by, expires_at, used_at)
        select id, '${name}'::bytea, 'test', ${ago(days)}, ${used} from users limit 1`);
    };
    await db.owner`insert into users (email) values ('linked@example.org')`;
    await put('open', -1, false, acme);
    await put('late', 29, false, acme);
    await put('over', 31, false, acme);
    await put('used', 31, true, blue);
    expect(await cleanUp({ linkDays: 0 })).toMatchObject({ status: 200 });
    expect(await names('select email as name from invites')).toHaveLength(4);
    expect(await cleanUp()).toMatchObject({ status: 200, body: { deleted: { invites: 2, passwordResets: 2 } } });
    expect(await names('select email as name from invites')).toEqual(['late', 'open']);
    expect(await names(`select encode(token_hash, 'escape') as name from password_resets`)).toEqual(['late', 'open']);
  });

  it('deletes published events after 14 days, and keeps those that still wait or failed', async () => {
    const put = (name: string, status: string, days: number, tenant: Tenant = acme) =>
      db.owner.unsafe(`insert into testing.events (tenant_id, id, type, key, payload, status, published_at, created_at)
        values ('${tenant.id}', ${idOf(days)}, '${name}', 'k', '{}', '${status}',
          case when '${status}' = 'published' then ${ago(days)} end, ${ago(days)})`);
    await put('old.published', 'published', 15);
    await put('old.of.blue', 'published', 400, blue);
    await put('young.published', 'published', 13);
    await put('old.failed', 'failed', 100);
    await put('old.pending', 'pending', 100);
    expect(await cleanUp()).toMatchObject({ body: { deleted: { outboxEvents: 2 } } });
    expect(await names('select type as name from outbox_events')).toEqual([
      'old.failed',
      'old.pending',
      'young.published',
    ]);
  });

  it('deletes runs 90 days after they ended, with attempts, nodes and file records, and no run that has not ended', async () => {
    const put = async (note: string, status: string, days: number) => {
      await db.owner.unsafe(`with run as (
          insert into runs (tenant_id, id, pipeline_id, version, status, trigger, note, finished_at)
          values ('${acme.id}', ${idOf(days)}, gen_random_uuid(), 1, '${status}', 'manual', '${note}',
            case when '${status}' not in ('queued', 'running') then ${ago(days)} end) returning id),
        node as (insert into run_nodes (tenant_id, run_id, node_id, attempt, ordinal, kind, status)
          select '${acme.id}', id, '${note}', 1, 1, 'source', 'succeeded' from run),
        attempt as (insert into run_attempts (tenant_id, run_id, attempt, token, runner, status)
          select '${acme.id}', id, 1, 1, '${note}', 'succeeded' from run)
        insert into run_files (tenant_id, pipeline_id, node_id, run_id, path, processing_path, size_bytes, modified_at, state)
          select '${acme.id}', gen_random_uuid(), 'n', id, '${note}', 'p', 1, now(), 'finished' from run`);
    };
    await put('old', 'succeeded', 91);
    await put('older', 'failed', 800);
    await put('young', 'succeeded', 89);
    await put('stuck', 'running', 200);
    expect(await cleanUp()).toMatchObject({ body: { deleted: { runs: 2 } } });
    const left = ['stuck', 'young'];
    expect(await names('select note as name from runs')).toEqual(left);
    expect(await names('select node_id as name from run_nodes')).toEqual(left);
    expect(await names('select runner as name from run_attempts')).toEqual(left);
    expect(await names('select path as name from run_files')).toEqual(left);
  });

  it('deletes dead letters 30 days after they were acknowledged, and none that nobody did, however old it is', async () => {
    for (const [name, seen, acked] of [
      ['old', 31, 31],
      ['lately', 800, 29],
      ['open', 800, null],
    ] as const)
      await db.owner.unsafe(`insert into dlq_entries (tenant_id, id, pipeline_id, run_id, version, node_id, rule, error_kind, message,
          first_seen_at, last_seen_at, acked_at)
        values ('${blue.id}', ${idOf(800)}, gen_random_uuid(), gen_random_uuid(), 1, 'n', 'r', 'rule', '${name}',
          ${ago(seen)}, ${ago(seen)}, ${acked === null ? 'null' : ago(acked)})`);
    expect(await cleanUp()).toMatchObject({ body: { deleted: { deadLetters: 1 } } });
    expect(await names('select message as name from dlq_entries')).toEqual(['lately', 'open']);
  });

  it('deletes idempotency keys after 30 days, and runs of cron jobs after 90', async () => {
    for (const [key, days] of [
      ['old', 31],
      ['young', 29],
    ] as const)
      await db.owner.unsafe(`insert into idempotency_keys (tenant_id, operation, key, request_hash, created_at)
        values ('${acme.id}', 'o', '${key}', '', ${ago(days)})`);
    await db.owner.unsafe(`insert into cron_runs (job, process_id, outcome, started_at)
      values ('x', 'old', 'succeeded', ${ago(91)}), ('x', 'running', 'running', ${ago(91)}), ('x', 'young', 'failed', ${ago(89)})`);
    expect(await cleanUp()).toMatchObject({ body: { deleted: { idempotencyKeys: 1, cronRuns: 1 } } });
    expect(await names('select key as name from idempotency_keys')).toEqual(['young']);
    expect(await names(`select process_id as name from cron_runs where job = 'x'`)).toEqual(['running', 'young']);
  });

  it('goes on over the rows that stay until the end of the table, however many there are', async () => {
    await db.owner`truncate outbox_events`;
    await db.owner.unsafe(`insert into testing.events (tenant_id, id, type, key, payload, status, published_at)
      select '${acme.id}', overlay(ms_uuid_at(now() - interval '40 days' + n * interval '1 second')::text placing lpad(n::text, 12, '0') from 25)::uuid,
        case when n % 7 = 0 then 'gone' else 'stays' end, 'k', '{}', (case when n % 7 = 0 then 'published' else 'failed' end)::outbox_status, ${ago(20)}
      from generate_series(1, 25000) n`);
    expect(await cleanUp()).toMatchObject({ body: { deleted: { outboxEvents: 3571 } } });
    expect(await names('select distinct type as name from outbox_events')).toEqual(['stays']);
  });

  it('keeps for ever what is set to 0 days', async () => {
    await db.owner.unsafe(`insert into idempotency_keys (tenant_id, operation, key, request_hash, created_at)
      values ('${acme.id}', 'o', 'ancient', '', ${ago(3_000)})`);
    expect((await cleanUp({ idempotencyDays: 0 })).body.deleted).not.toHaveProperty('idempotencyKeys');
    expect(await names('select key as name from idempotency_keys')).toEqual(['ancient', 'young']);
  });

  it('deletes what dead writers of blobs have left, of every tenant, an hour after they wrote last', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cleanup-'));
    const name = (n: number) => `.0190a0b0-0000-7000-8000-00000000000${n}.tmp`;
    for (const [n, place, minutes] of [
      [1, `exports/${acme.id}/interaction_history/day=01`, 61],
      [2, `attachments/${acme.id}`, 59],
      [3, `dsar/${blue.id}`, 61],
    ] as const) {
      await mkdir(join(folder, place), { recursive: true });
      await writeFile(join(folder, place, name(n)), 'of somebody');
      await utimes(join(folder, place, name(n)), new Date(), new Date(Date.now() - minutes * 60_000));
    }
    const answer = await cleanUp({}, openFolderStore(folder));
    expect(answer).toMatchObject({ outcome: 'succeeded', body: { deleted: { unfinishedBlobs: 2 } } });
    const left = await readdir(folder, { recursive: true });
    expect(left.filter((path) => path.endsWith('.tmp'))).toEqual([`attachments/${acme.id}/${name(2)}`]);
    await rm(folder, { recursive: true });
  });

  it('makes the partitions that the coming months lack', async () => {
    const count = async () =>
      (
        await db.owner<{ n: number }[]>`select count(*)::int as n from pg_inherits where inhparent = 'runs'::regclass`
      )[0]!.n;
    const before = await count();
    const [last] = await db.owner<{ name: string }[]>`select max(inhrelid::regclass::text) as name from pg_inherits
      where inhparent = 'runs'::regclass and inhrelid::regclass::text ~ '^runs_[0-9]'`;
    await db.owner.unsafe(`drop table ${last!.name}`);
    expect(await cleanUp({ ownerUrl: db.ownerUrl })).toMatchObject({ body: { deleted: { partitionsMade: 1 } } });
    expect(await count()).toBe(before);
  });

  it('tells of the tenant whose rows cannot be deleted, and cleans up after the others', async () => {
    await db.owner.unsafe(`insert into dlq_entries (tenant_id, id, pipeline_id, run_id, version, node_id, rule, error_kind, message, acked_at)
      select t.id, ${idOf(200)}, gen_random_uuid(), gen_random_uuid(), 1, 'n', 'r', 'rule', 'over', ${ago(90)} from tenants t`);
    await db.owner.unsafe(`create function refuse() returns trigger language plpgsql as
      $$ begin if old.tenant_id = '${acme.id}' then raise exception 'dead letters of acme are under seal'; end if; return old; end $$`);
    await db.owner`create trigger refuse before delete on dlq_entries for each row execute function refuse()`;
    const answer = await cleanUp();
    await db.owner`drop function refuse cascade`;
    expect([answer.status, answer.outcome]).toEqual([200, 'partial']);
    expect(answer.body.errors).toEqual([
      { tenantId: acme.id, tenant: 'acme', message: expect.stringContaining('dead letters of acme are under seal') },
    ]);
    const left =
      await db.owner`select t.slug from dlq_entries e join tenants t on t.id = e.tenant_id where message = 'over'`;
    expect(left.map((row) => row.slug)).toEqual(['acme']);
    // The next run takes what was left.
    expect(await cleanUp()).toMatchObject({ outcome: 'succeeded', body: { deleted: { deadLetters: 1 } } });
  });
});

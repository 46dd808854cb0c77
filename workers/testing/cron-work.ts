// What each cron job has to do in the tests of the tier: work of a known size, what its answer must look like to the
// letter, and how much of the work an answer says to have done. A job of CRON_JOBS without a line here fails a test.
import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { passHorizon, type TestDatabase } from '#db/testing/index.ts';
import type { GitServer } from '#server/gitops/testing/index.ts';
import { Policies } from '#server/ir/index.ts';
import { transaction } from '#server/lib/index.ts';
import { addRows } from '#server/retention/testing/index.ts';
import type { Receiver } from '#server/siem/testing/index.ts';
import { asTenantRole, findTenantData, type Tenant } from '#server/tenancy/index.ts';

// biome-ignore lint/suspicious/noExplicitAny: the answers of all jobs, each looked at by its own line
export type CronAnswer = Record<string, any>;
export type CronWork = {
  /** Things for fifty callers at once; default: fifty. */
  count?: number;
  /** Makes so many things for the job to do, besides what may be there already. */
  prepare(count: number): Promise<void>;
  /** The whole answer. */
  answer: unknown;
  /** How many of the things this answer says to have done; null: the job does all of them at each run. */
  done: ((answer: CronAnswer) => number) | null;
  /** Looks at what the job works on: all `count` things are done, and each once. */
  verify(count: number): Promise<void>;
};

const whole = expect.any(Number);
const none = { errors: [] };

/** `tenants`: two, of whom both are active. `receiver` stands for the SIEM, `repository` for the first tenant's Git. */
export function cronWork(
  db: TestDatabase,
  tenants: [Tenant, Tenant],
  { receiver, repository }: { receiver: Receiver; repository: ReturnType<GitServer['makeRepository']> | null },
): Record<string, CronWork> {
  const [acme, blue] = tenants;
  const ids = tenants.map(({ id }) => id);
  const perTenant = (counts: object) => ids.map((tenantId) => ({ tenantId, ...counts, ...none }));
  const one = async (rows: Promise<{ n: number }[]>) => (await rows)[0]!.n;

  return {
    cleanup: {
      async prepare(count) {
        for (const { id } of tenants)
          await db.owner`insert into idempotency_keys (tenant_id, operation, key, request_hash, created_at)
            select ${id}, 'old', gen_random_uuid()::text, '', now() - interval '40 days' from generate_series(1, ${count / 2})`;
      },
      answer: {
        ok: true,
        // Every step counts; this list is not the place that has them all.
        deleted: expect.toSatisfy(
          (counts: CronAnswer) =>
            ['sessions', 'idempotencyKeys', 'runs', 'reports'].every((name) => name in counts) &&
            Object.values(counts).every(Number.isInteger),
        ),
        tenantsScanned: 2,
      },
      done: ({ deleted }) => deleted.idempotencyKeys,
      verify: async () =>
        expect(await one(db.owner`select count(*)::int as n from idempotency_keys where operation = 'old'`)).toBe(0),
    },
    flowSchedulerTick: {
      async prepare(count) {
        for (let n = 0; n < count; n += 1) {
          const pipeline = { tenant_id: acme.id, id: randomUUID(), name: `due-${randomUUID()}`, live_version: 1 };
          await db.owner`insert into pipelines ${db.owner(pipeline)}`;
          const schedule = JSON.stringify({ kind: 'cron', expression: '0 0 1 1 *', timezone: 'UTC' });
          await db.owner`insert into schedules (tenant_id, pipeline_id, version, max_attempts, schedule, policies, next_fire_at)
            values (${acme.id}, ${pipeline.id}, 1, 1, ${schedule}::text::jsonb,
              ${JSON.stringify(Policies.parse({}))}::text::jsonb, now() - interval '2 seconds')`;
        }
      },
      answer: expect.toSatisfy(isTickAnswer),
      done: ({ fired = 0 }) => fired,
      verify: async () =>
        expect([
          ...(await db.owner`select s.id from schedules s left join occurrences o on o.schedule_id = s.id
            group by s.id having count(o.*) <> 1`),
        ]).toEqual([]),
    },
    outboxReaper: {
      prepare: async (count) =>
        void (await db.owner`insert into testing.events (tenant_id, type, key, payload, status, claim_token, updated_at)
          select ${acme.id}, 't.v1', 'k' || n, '{}', 'processing', 1, now() - interval '1 hour'
          from generate_series(1, ${count}) n`),
      answer: {
        ...{ status: 'ok', stalenessSeconds: 300, resetCount: whole, durationMs: whole },
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      },
      done: ({ resetCount }) => resetCount,
      verify: async () =>
        expect([...(await db.owner`select distinct status, claim_token from outbox_events`)]).toEqual([
          { status: 'pending', claim_token: null },
        ]),
    },
    engagementHealthRecompute: {
      prepare: async (count) => addRows(db, acme, { customerId: `c-${randomUUID()}`, ageDays: 0, count }),
      answer: { ok: true, tenants: 2, customers: whole, perTenant: perTenant({ customers: whole, removed: whole }) },
      done: null,
      async verify(count) {
        const [score] = await db.owner`select sum(interactions_90_days)::int as n, count(*)::int as customers
          from engagement_scores where tenant_id = ${acme.id}`;
        const [seen] = await db.owner`select count(*)::int as n, count(distinct customer_id)::int as customers
          from interaction_history where tenant_id = ${acme.id}`;
        expect(score).toEqual(seen);
        expect(seen!.n).toBeGreaterThanOrEqual(count);
      },
    },
    gitopsDriftCheck: {
      async prepare(count) {
        const document = (n: number) =>
          `kind: pipeline\nversion: "1.0"\nmetadata: {name: wanted-${n}}\nnodes:\n  - {id: src, kind: source, config: {type: table, table: facts}}\n  - {id: tgt, kind: target, inputs: [src], config: {type: table, table: copy, mode: append}}\n`;
        repository?.commit(
          Object.fromEntries(Array.from({ length: count }, (_, n) => [`pipelines/${n}.yaml`, document(n)])),
          randomUUID(),
        );
      },
      answer: {
        ...{ ok: true, tenants: 1 },
        perTenant: [
          {
            ...{ tenantId: acme.id, checked: 1, in_sync: whole, changed: whole, missing: whole, unmanaged: whole },
            ...{ invalid: whole, errors: [] },
          },
        ],
      },
      done: null,
      verify: async (count) => expect(await one(db.owner`select count(*)::int as n from gitops_documents`)).toBe(count),
    },
    approvalsExpire: {
      prepare: async (count) =>
        void (await db.owner`insert into approval_requests (tenant_id, pipeline_id, target_version, target_hash, selectors,
            settings_version, allow_same_person, requested_by, authors, expires_at)
          select ${acme.id}, gen_random_uuid(), 1, repeat('0', 64), '{}', 1, false, 'ada', '[{"name": "ada", "userId": null}]', now() - interval '1 minute'
          from generate_series(1, ${count})`),
      answer: {
        ...{ ok: true, expired: whole, stale: 0 },
        perTenant: expect.toBeOneOf([[], [{ tenantId: acme.id, expired: whole, stale: 0, ...none }]]),
      },
      done: ({ expired }) => expired,
      verify: async () =>
        expect([
          ...(await db.owner`select r.id from approval_requests r left join audit_log a on a.target_id = r.id::text
            group by r.id having bool_or(r.state <> 'expired') or count(a.*) <> 1`),
        ]).toEqual([]),
    },
    scheduledRetrains: {
      count: 4,
      async prepare(count) {
        await makeLessons(db, acme);
        await db.owner`insert into models (tenant_id, name, kind, source_table, features, label, positive, negative, cron,
            timezone, next_at, created_by, updated_by)
          select ${acme.id}, 'model ' || gen_random_uuid(), 'naive_bayes', 'lessons', '["spend"]', 'bought', 'true', 'false',
            '0 0 1 1 *', 'UTC', now() - interval '1 hour', 'ada', 'ada' from generate_series(1, ${count})`;
      },
      answer: {
        ...{ ok: true, tenants: expect.toBeOneOf([0, 1]), trained: whole, promoted: whole, failed: 0 },
        perTenant: expect.toBeOneOf([[], [{ tenantId: acme.id, trained: whole, promoted: whole, failed: 0, ...none }]]),
      },
      done: ({ trained }) => trained,
      verify: async () =>
        expect([
          ...(await db.owner`select m.id from models m left join model_versions v on v.model_id = m.id
            group by m.id having count(v.*) <> 1 or bool_or(v.status <> 'ready')`),
        ]).toEqual([]),
    },
    dsarPurge: {
      async prepare(count) {
        await db.owner`insert into retention_policies (tenant_id, data_class, retention_days, updated_by)
          values (${acme.id}, 'interaction_history', 30, 'test') on conflict do nothing`;
        await addRows(db, acme, { customerId: 'old', ageDays: 40, count });
      },
      answer: {
        ...{ ok: true, tenantsScanned: whole, totalBlobsAttempted: whole },
        perTenant: [acme, blue].map(({ id }) => ({
          ...{ tenantId: id, retentionDays: id === acme.id ? 30 : 0, decisionTraces: 0, interactionHistory: whole },
          ...{ aiAttachments: 0, blobsDeleted: 0, errors: [] },
        })),
      },
      done: ({ perTenant: [purged] }) => purged.interactionHistory,
      verify: async () =>
        expect(await one(db.owner`select count(*)::int as n from interaction_history where customer_id = 'old'`)).toBe(
          0,
        ),
    },
    exportInteractions: {
      async prepare(count) {
        await addRows(db, acme, { customerId: `exported-${randomUUID()}`, ageDays: 1, count });
        await passHorizon(db.owner);
      },
      answer: {
        ...{ ok: true, totalExported: whole },
        tenants: tenants.map(({ id, name }) => ({
          ...{ tenantId: id, tenantName: name, exported: whole, files: expect.any(Array) },
          filePath: expect.toSatisfy((path) => path === null || typeof path === 'string'),
        })),
      },
      done: ({ totalExported }) => totalExported,
      verify: async () => {},
    },
    siemShip: {
      async prepare(count) {
        await db.owner`insert into audit_log (tenant_id, id, actor_kind, actor_id, action, target_kind, target_id, details)
          select ${acme.id}, ms_uuid(), 'user', 'ada@example.org', 'pipeline.pause', 'pipeline', n::text, '{}'
          from generate_series(1, ${count}) n`;
        await passHorizon(db.owner);
      },
      answer: { ok: true, backend: 'splunk', shipped: whole, errors: 0, windowSeconds: 300, rowsScanned: whole },
      done: ({ shipped }) => shipped,
      verify: async () => {
        expect(new Set(receiver.kept).size).toBe(receiver.kept.length);
        expect(receiver.complaints).toEqual([]);
      },
    },
  };
}

/** One who finds another at it is told so at once; whoever ticks says what was due. */
function isTickAnswer({ ok, skipped, ...rest }: CronAnswer): boolean {
  if (ok !== true) return false;
  if (skipped === true) return Object.keys(rest).length === 0;
  const { due, fired, verdicts, durationMs, ...more } = rest;
  const isCounted = [due, fired, durationMs].every(Number.isFinite) && typeof verdicts === 'object';
  return skipped === false && isCounted && Object.keys(more).length === 0;
}

/** A table of the tenant's that something can be learned from. */
async function makeLessons(db: TestDatabase, tenant: Tenant): Promise<void> {
  await transaction(db.worker, { tenantId: tenant.id }, async (tx) => {
    const data = await findTenantData(tx, tenant.id);
    const table = `create table if not exists ${data.schemaName}.lessons as
      select n, (n * 37 % 100)::float8 as spend, (n * 37 % 100) + (n * 53 % 41) > 70 as bought from generate_series(1, 400) n`;
    await asTenantRole(tx, data, { statementTimeoutMs: 5_000 }, (connection) => connection.unsafe(table));
  });
}

import type { z } from 'zod';
import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import {
  inTenant,
  isUuid,
  query,
  queryOne,
  refuseStale,
  ServiceError,
  type Tx,
  withTransaction,
} from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { TENANT_REQUESTS_PER_SECOND } from './config.ts';
import { readUsage } from './quotas.ts';
import type { LimitsOutput, PutLimitsInput } from './schemas.ts';

/** The tenant's limits, and what it has of each. */
export function getLimits(ctx: Ctx): Promise<z.output<typeof LimitsOutput>> {
  return withTransaction(ctx, (tx) => readLimits(tx, ctx.tenant.id));
}

const updatedAtText = sql`to_char(l.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

async function readLimits(tx: Tx, tenantId: string): Promise<z.output<typeof LimitsOutput>> {
  const { requestsPerSecond, concurrent, running, updatedAt } = await queryOne<{
    requestsPerSecond: number | null;
    updatedAt: string | null;
    concurrent: number;
    running: number;
  }>(
    tx,
    sql`select l.requests_per_second as "requestsPerSecond", ${updatedAtText} as "updatedAt",
        coalesce(l.max_concurrent_runs, t.max_concurrent_runs) as concurrent,
        (select count(*)::int from run_queue q where q.tenant_id = t.id and q.claimed_by is not null) as running
      from tenants t left join tenant_limits l on l.tenant_id = t.id where t.id = ${tenantId}`,
  );
  return {
    requestsPerSecond: requestsPerSecond ?? TENANT_REQUESTS_PER_SECOND,
    updatedAt,
    quotas: { ...(await readUsage(tx, tenantId)), concurrentRuns: { used: running, limit: concurrent } },
  };
}

/**
 * Sets a tenant's limits; null gives the installation's default back, what is not named stays.
 * @throws ServiceError TENANT_NOT_FOUND, VERSION_STALE
 */
export function putLimits(ctx: Ctx, input: z.output<typeof PutLimitsInput>) {
  return withTransaction(ctx, async (tx) => {
    const tenantId = await findTenantId(tx, input.tenant);
    return inTenant(tx, tenantId, async () => {
      const before = await readLimits(tx, tenantId);
      const { tenant: _ref, ifUpdatedAt, ...change } = input;
      const by = actorName(ctx.actor);
      const made = await query(
        tx,
        sql`insert into tenant_limits (tenant_id, updated_by) values (${tenantId}, ${by}) on conflict do nothing returning 1 as one`,
      );
      const stored = await queryOne<{ updatedAt: string; updatedBy: string }>(
        tx,
        sql`select ${updatedAtText} as "updatedAt", l.updated_by as "updatedBy"
          from tenant_limits l where l.tenant_id = ${tenantId} for update`,
      );
      refuseStale('what the tenant may', ifUpdatedAt, made.length > 0 ? { updatedAt: null, updatedBy: null } : stored);
      await tx.execute(sql`update tenant_limits l set updated_by = ${by},
          updated_at = greatest(now(), l.updated_at + interval '1 millisecond'),
          requests_per_second = case when c ? 'requestsPerSecond' then (c ->> 'requestsPerSecond')::int else l.requests_per_second end,
          max_pipelines = case when c ? 'pipelines' then (c ->> 'pipelines')::int else l.max_pipelines end,
          max_schedules = case when c ? 'schedules' then (c ->> 'schedules')::int else l.max_schedules end,
          max_queued_runs = case when c ? 'queuedRuns' then (c ->> 'queuedRuns')::int else l.max_queued_runs end,
          max_concurrent_runs = case when c ? 'concurrentRuns' then (c ->> 'concurrentRuns')::int else l.max_concurrent_runs end
        from (select ${JSON.stringify(change)}::jsonb as c) given where l.tenant_id = ${tenantId}`);
      const after = await readLimits(tx, tenantId);
      // In the tenant's own log: its people see why something is refused since.
      await recordAudit(
        tx,
        { ...ctx, tenant: { ...ctx.tenant, id: tenantId } },
        {
          ...{ action: 'limits.put', targetKind: 'tenant', targetId: tenantId, before, after },
        },
      );
      return after;
    });
  });
}

async function findTenantId(tx: Tx, ref: string): Promise<string> {
  const [found] = await query<{ id: string }>(
    tx,
    sql`select tenant_id as id from instance_tenants() where ${isUuid(ref) ? sql`tenant_id = ${ref}` : sql`slug = ${ref}`}`,
  );
  if (!found) throw new ServiceError('TENANT_NOT_FOUND', `there is no tenant "${ref.slice(0, 100)}"`);
  return found.id;
}

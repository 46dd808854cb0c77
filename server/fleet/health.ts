// What /health and /readyz say. One failed pipeline makes no process unready; a dead database does.
import { sql } from 'drizzle-orm';
import type { Pool } from '#db/client.ts';
import { query, queryOne, transaction } from '#server/lib/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';

export type ComponentStatus = 'ok' | 'degraded' | 'down' | 'unknown';
export type Component = { status: ComponentStatus; since?: string | null; ageSeconds?: number | null };
export type Health = {
  status: 'ok' | 'degraded' | 'down';
  /** Names; only for a caller who may see them. */
  failed_pipelines?: string[];
  components: { database: Component; scheduler: Component; runner: Component };
};

/** A tick every minute is the promise: two missed ones are a sign, five are an outage. */
const TICK_DEGRADED_SECONDS = 120;
const TICK_DOWN_SECONDS = 300;
const RUNNER_DOWN_SECONDS = 60;
const PROBE_TIMEOUT_MS = 2_000;

type Signs = {
  tickAge: number | null;
  lastTickAt: string | null;
  runnerAge: number | null;
  runnerSeenAt: string | null;
};

/** `viewer` null: statuses only. A tenant's caller also gets ages and its own failed pipelines. */
export async function health(pool: Pool, viewer: Tenant | null): Promise<Health> {
  const signs = await readSigns(pool).catch(() => null);
  if (!signs) {
    const down = { status: 'down' } as const;
    return {
      status: 'down',
      components: { database: down, scheduler: { status: 'unknown' }, runner: { status: 'unknown' } },
    };
  }
  const scheduler = byAge(signs.tickAge, signs.lastTickAt, TICK_DEGRADED_SECONDS, TICK_DOWN_SECONDS);
  const runner = byAge(signs.runnerAge, signs.runnerSeenAt, RUNNER_DOWN_SECONDS / 2, RUNNER_DOWN_SECONDS);
  const components = { database: { status: 'ok' } as Component, scheduler, runner };
  const isAllWell = Object.values(components).every((component) => component.status === 'ok');
  const status = isAllWell ? 'ok' : 'degraded';
  if (!viewer) return { status, components: statusesOnly(components) };
  return { status, failed_pipelines: await failedPipelines(pool, viewer.id), components };
}

/** Rejects when the database does not answer within two seconds. */
export async function isDatabaseReady(pool: Pool): Promise<boolean> {
  return readSigns(pool).then(
    () => true,
    () => false,
  );
}

function readSigns(pool: Pool): Promise<Signs> {
  const asked = transaction(pool, { statementTimeoutMs: PROBE_TIMEOUT_MS }, (tx) =>
    queryOne<Signs>(
      tx,
      sql`select last_tick_at as "lastTickAt", extract(epoch from now() - last_tick_at)::float8 as "tickAge",
          (select max(last_seen_at) from processes where tier = 'worker') as "runnerSeenAt",
          (select extract(epoch from now() - max(last_seen_at))::float8 from processes where tier = 'worker') as "runnerAge"
        from scheduler_state`,
    ),
  );
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('the database did not answer in time')), PROBE_TIMEOUT_MS + 500);
  return Promise.race([asked, tooLate]).finally(() => clearTimeout(timer));
}

function byAge(ageSeconds: number | null, at: string | null, degraded: number, down: number): Component {
  if (ageSeconds === null || at === null) return { status: 'unknown', since: null, ageSeconds: null };
  const status = ageSeconds > down ? 'down' : ageSeconds > degraded ? 'degraded' : 'ok';
  return { status, since: new Date(at).toISOString(), ageSeconds: Math.max(0, Math.round(ageSeconds * 10) / 10) };
}

const statusesOnly = (components: Health['components']): Health['components'] => ({
  database: { status: components.database.status },
  scheduler: { status: components.scheduler.status },
  runner: { status: components.runner.status },
});

async function failedPipelines(pool: Pool, tenantId: string): Promise<string[]> {
  const rows = await transaction(pool, { tenantId, statementTimeoutMs: PROBE_TIMEOUT_MS }, (tx) =>
    query<{ name: string }>(
      tx,
      sql`select p.name from pipelines p
        join lateral (select status from runs where tenant_id = ${tenantId} and pipeline_id = p.id
          and status in ('succeeded', 'failed') order by id desc limit 1) r on r.status = 'failed'
        where p.tenant_id = ${tenantId} and p.archived_at is null order by p.name limit 1000`,
    ),
  );
  return rows.map((row) => row.name);
}

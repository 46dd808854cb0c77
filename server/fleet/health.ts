// What /health and /readyz say. One failed pipeline makes no process unready; a dead database does.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { query, queryOne, transaction } from '#server/lib/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';

export type ComponentStatus = 'ok' | 'degraded' | 'down' | 'unknown';
export type Component = { status: ComponentStatus; since?: string | null; ageSeconds?: number | null };
type Components = Record<'database' | 'scheduler' | 'runner' | 'publisher' | 'alerts', Component> & {
  /** Only where a living publisher sends to Kafka: whether the broker takes what it is sent. */
  kafka?: Component;
};
export type Health = {
  status: 'ok' | 'degraded' | 'down';
  /** Names, with the tenant's before them for the instance operator; only for a caller who may see them. */
  failed_pipelines?: string[];
  components: Components;
};
/** Anybody: statuses only. A tenant's caller: ages, and its own failed pipelines. The instance operator: everybody's. */
export type Viewer = { kind: 'anybody' } | { kind: 'tenant'; tenant: Tenant } | { kind: 'instance' };

/** A tick every minute is the promise: two missed ones are a sign, five are an outage. */
const TICK_DEGRADED_SECONDS = 120;
const TICK_DOWN_SECONDS = 300;
/** Alert rules are evaluated once a minute, and what is due is sent within seconds: the same holds for them. */
const ALERTS_DEGRADED_SECONDS = 120;
const ALERTS_DOWN_SECONDS = 300;
/** Worker processes and publishers say every ten seconds, or more often, that they are there. */
const SILENT_DOWN_SECONDS = 60;
const PROBE_TIMEOUT_MS = 2_000;
const MAX_FAILED = 1_000;

type Sign = { at: string | null; age: number | null };
/** Of `kafka` and `backend` (any other) `at` is since when sends fail; null: they do not. No sign: nobody sends there. */
type Signs = Record<'tick' | 'runner' | 'publisher' | 'alerts' | 'untold', Sign> &
  Record<'kafka' | 'backend', Sign | null>;

export async function health(pool: Pool, viewer: Viewer): Promise<Health> {
  const signs = await readSigns(pool).catch(() => null);
  if (!signs) {
    const unknown = { status: 'unknown' } as const;
    const components = {
      database: { status: 'down' },
      scheduler: unknown,
      runner: unknown,
      publisher: unknown,
      alerts: unknown,
    } as const;
    return { status: 'down', components };
  }
  const components: Components = {
    database: { status: 'ok' },
    scheduler: byAge(signs.tick, TICK_DEGRADED_SECONDS, TICK_DOWN_SECONDS),
    runner: byAge(signs.runner, SILENT_DOWN_SECONDS / 2, SILENT_DOWN_SECONDS),
    publisher: worse(
      byAge(signs.publisher, SILENT_DOWN_SECONDS / 2, SILENT_DOWN_SECONDS),
      signs.backend && byFailure(signs.backend),
    ),
    alerts: byAge(longer(signs.alerts, signs.untold), ALERTS_DEGRADED_SECONDS, ALERTS_DOWN_SECONDS),
    ...(signs.kafka ? { kafka: byFailure(signs.kafka) } : {}),
  };
  const status = Object.values(components).every((component) => component.status === 'ok') ? 'ok' : 'degraded';
  if (viewer.kind === 'anybody') return { status, components: statusesOnly(components) };
  const failed =
    viewer.kind === 'tenant' ? await failedPipelines(pool, viewer.tenant.id) : await failedEverywhere(pool);
  return { status, failed_pipelines: failed, components };
}

/**
 * For whoever watches from outside: a backend that takes nothing is no news before it is `down`, as one lost try is nobody's business. Everything
 * else is.
 */
export const isAllWell = ({ components }: Health): boolean =>
  Object.entries(components).every(
    ([name, { status }]) => status === 'ok' || (status === 'degraded' && (name === 'publisher' || name === 'kafka')),
  );

/** False when the database does not answer within two seconds. */
export async function isDatabaseReady(pool: Pool): Promise<boolean> {
  return readSigns(pool).then(
    () => true,
    () => false,
  );
}

function readSigns(pool: Pool): Promise<Signs> {
  const sign = (name: string, at: ReturnType<typeof sql>) =>
    sql`'${sql.raw(name)}', (select jsonb_build_object('at', x.at, 'age', extract(epoch from now() - x.at)) from (select ${at} as at) x)`;
  const failing = (name: 'kafka' | 'backend', which: ReturnType<typeof sql>) =>
    sql`'${sql.raw(name)}', (select jsonb_build_object('at', min(failing_since), 'age', extract(epoch from now() - min(failing_since)))
      from outbox_publishers where ${which} and last_seen_at > now() - make_interval(secs => ${SILENT_DOWN_SECONDS}) having count(*) > 0)`;
  const asked = transaction(pool, { statementTimeoutMs: PROBE_TIMEOUT_MS }, (tx) =>
    queryOne<{ signs: Signs }>(
      tx,
      sql`select jsonb_build_object(
        ${sign('tick', sql`(select last_tick_at from scheduler_state)`)},
        ${sign('runner', sql`(select max(last_seen_at) from processes where tier = 'worker')`)},
        ${sign('publisher', sql`(select max(last_seen_at) from outbox_publishers)`)},
        ${sign('alerts', sql`(select turned_at from alert_loop)`)},
        ${sign('untold', sql`alert_oldest_due()`)},
        ${failing('kafka', sql`backend = 'kafka'`)},
        ${failing('backend', sql`backend <> 'kafka'`)}) as signs`,
    ),
  );
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('the database did not answer in time')), PROBE_TIMEOUT_MS + 500);
  return Promise.race([asked, tooLate])
    .then(({ signs }) => signs)
    .finally(() => clearTimeout(timer));
}

/**
 * Alerts stand still when nobody evaluates them, and also when nobody sends what they said. A receiver that refuses
 * is neither: its delivery waits for its next try, and is not due.
 */
function longer(turned: Sign, untold: Sign): Sign {
  return turned.age !== null && untold.age !== null && untold.age > turned.age ? untold : turned;
}

function byAge({ at, age }: Sign, degraded: number, down: number): Component {
  if (age === null || at === null) return { status: 'unknown', since: null, ageSeconds: null };
  const status = age > down ? 'down' : age > degraded ? 'degraded' : 'ok';
  return { status, since: new Date(at).toISOString(), ageSeconds: Math.max(0, Math.round(age * 10) / 10) };
}

function byFailure({ at, age }: Sign): Component {
  if (age === null || at === null) return { status: 'ok', since: null, ageSeconds: null };
  const status = age > SILENT_DOWN_SECONDS ? 'down' : 'degraded';
  return { status, since: new Date(at).toISOString(), ageSeconds: Math.max(0, Math.round(age * 10) / 10) };
}

const FROM_GOOD_TO_BAD: readonly ComponentStatus[] = ['ok', 'degraded', 'down'];

/** The second where it is worse. What is unknown stays so. */
function worse(one: Component, other: Component | null): Component {
  const isWorse = other && FROM_GOOD_TO_BAD.indexOf(other.status) > FROM_GOOD_TO_BAD.indexOf(one.status);
  return isWorse && one.status !== 'unknown' ? other : one;
}

const statusesOnly = (components: Components): Components =>
  Object.fromEntries(Object.entries(components).map(([name, { status }]) => [name, { status }])) as Components;

async function failedPipelines(pool: Pool, tenantId: string): Promise<string[]> {
  const rows = await transaction(pool, { tenantId, statementTimeoutMs: PROBE_TIMEOUT_MS }, (tx) =>
    query<{ name: string }>(
      tx,
      sql`select p.name from pipelines p
        join lateral (select status from runs where tenant_id = ${tenantId} and pipeline_id = p.id
          and status in ('succeeded', 'failed') order by id desc limit 1) r on r.status = 'failed'
        where p.tenant_id = ${tenantId} and p.archived_at is null order by p.name limit ${MAX_FAILED}`,
    ),
  );
  return rows.map((row) => row.name);
}

/** One tenant after the other, each behind its own row security; as many names as one tenant may have. */
async function failedEverywhere(pool: Pool): Promise<string[]> {
  const tenants = await transaction(pool, { statementTimeoutMs: PROBE_TIMEOUT_MS }, (tx) =>
    query<{ id: string; slug: string }>(tx, sql`select tenant_id as id, slug from instance_tenants() order by slug`),
  );
  const failed: string[] = [];
  for (const { id, slug } of tenants) {
    if (failed.length >= MAX_FAILED) break;
    failed.push(...(await failedPipelines(pool, id)).map((name) => `${slug}/${name}`));
  }
  return failed.slice(0, MAX_FAILED);
}

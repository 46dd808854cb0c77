import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import type { AlertChannel } from '#db/schema/index.ts';
import { errorText, listJobTenants } from '#server/jobs/index.ts';
import { inSavepoint, type Logger, logError, newId, query, type Tx, transaction } from '#server/lib/index.ts';
import { type Decision, decide, isOver } from './decide.ts';
import { type AlertMetric, METRICS } from './metrics.ts';
import { queueDeliveries } from './queue-deliveries.ts';

export type Evaluated = { tenants: number; rules: number; fired: number; resolved: number; failed: number };

type Rule = {
  id: string;
  name: string;
  metric: AlertMetric;
  operator: '>' | '>=' | '<' | '<=';
  threshold: number;
  windowMinutes: number;
  cooldownMinutes: number;
  channels: AlertChannel[];
  state: 'ok' | 'pending' | 'firing';
  stateSince: string;
  isTold: boolean;
  toldAt: string | null;
};

/**
 * Evaluates every enabled rule of every active tenant once. State, history and the notifications to send commit
 * together, and a rule that someone else is evaluating is left to them: however many call at once, a change of
 * state is recorded, and told, once. One tenant's failure leaves the others evaluated.
 */
export async function evaluateAlerts(deps: {
  pool: Pool;
  log: Logger;
  signal?: AbortSignal;
  /** Called after each tenant. */
  onProgress?: () => void;
  /** Tests end the process there: `alerts.recorded` before the commit, `alerts.evaluated` after it. */
  failPoint?: (name: string) => void;
}): Promise<Evaluated> {
  const total: Evaluated = { tenants: 0, rules: 0, fired: 0, resolved: 0, failed: 0 };
  for (const tenant of await listJobTenants(deps.pool)) {
    if (!tenant.isActive) continue;
    deps.signal?.throwIfAborted();
    total.tenants += 1;
    try {
      const counts = await transaction(deps.pool, { tenantId: tenant.id }, async (tx) => {
        const found = await evaluateTenant(tx, tenant.id, deps.log);
        deps.failPoint?.('alerts.recorded');
        return found;
      });
      deps.failPoint?.('alerts.evaluated');
      total.rules += counts.rules;
      total.fired += counts.fired;
      total.resolved += counts.resolved;
      total.failed += counts.failed;
    } catch (error) {
      total.failed += 1;
      logError(deps.log, error, 'the alert rules of a tenant could not be evaluated', { tenantId: tenant.id });
    }
    deps.onProgress?.();
  }
  return total;
}

async function evaluateTenant(tx: Tx, tenantId: string, log: Logger): Promise<Omit<Evaluated, 'tenants'>> {
  const counts = { rules: 0, fired: 0, resolved: 0, failed: 0 };
  const rules = await query<Rule & { now: string }>(
    tx,
    sql`select id, name, metric, operator, threshold, window_minutes as "windowMinutes",
        cooldown_minutes as "cooldownMinutes", channels, state, state_since as "stateSince", is_told as "isTold",
        told_at as "toldAt", now() as now
      from alert_rules where tenant_id = ${tenantId} and enabled order by id for update skip locked`,
  );
  const read = createReader(tx, tenantId);
  for (const rule of rules) {
    counts.rules += 1;
    const found = await read(rule.metric, rule.windowMinutes);
    if ('error' in found) {
      counts.failed += 1;
      const fields = { tenantId, ruleId: rule.id };
      const told = errorText(found.error, logError(log, found.error, 'an alert rule could not be evaluated', fields));
      await tx.execute(sql`update alert_rules set evaluated_at = now(), last_error = ${told}
        where tenant_id = ${tenantId} and id = ${rule.id}`);
      continue;
    }
    const over = found.value !== null && isOver(found.value, rule.operator, rule.threshold);
    const before = {
      ...{ state: rule.state, stateSince: new Date(rule.stateSince), isTold: rule.isTold },
      toldAt: rule.toldAt === null ? null : new Date(rule.toldAt),
    };
    const { windowMinutes, cooldownMinutes } = rule;
    const { isWindowed } = METRICS[rule.metric];
    const decision = decide(before, { windowMinutes, cooldownMinutes, isWindowed }, over, new Date(rule.now));
    await store(tx, tenantId, rule, decision, found.value);
    if (decision.event?.kind === 'firing') counts.fired += 1;
    if (decision.event?.kind === 'resolved') counts.resolved += 1;
  }
  return counts;
}

type Found = { value: number | null } | { error: Error };

/** Reads each figure once, however many rules watch it; one that cannot be read leaves the others readable. */
function createReader(tx: Tx, tenantId: string): (metric: AlertMetric, windowMinutes: number) => Promise<Found> {
  const read = new Map<string, Found>();
  return async (metric, windowMinutes) => {
    const key = `${metric} ${METRICS[metric]?.isWindowed ? windowMinutes : ''}`;
    const known = read.get(key);
    if (known) return known;
    const found = await readOrUndo(tx, (inner) => METRICS[metric].read(inner, tenantId, windowMinutes));
    read.set(key, found);
    return found;
  };
}

/** A statement that fails would fail the whole transaction: back to before it. */
async function readOrUndo(tx: Tx, read: (inner: Tx) => Promise<number | null>): Promise<Found> {
  try {
    return { value: await inSavepoint(tx, read) };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}

async function store(tx: Tx, tenantId: string, rule: Rule, decision: Decision, value: number | null): Promise<void> {
  const { state, stateSince, isTold, toldAt, event } = decision;
  await tx.execute(sql`update alert_rules set state = ${state}, state_since = ${stateSince.toISOString()}::timestamptz,
      is_told = ${isTold}, told_at = ${toldAt?.toISOString() ?? null}::timestamptz, last_value = ${value}::float8,
      evaluated_at = now(), last_error = null
    where tenant_id = ${tenantId} and id = ${rule.id}`);
  if (event === null) return;
  await recordEvent(tx, tenantId, rule, { kind: event.kind, value, isTold: event.isTold });
}

export type EventOfRule = Pick<Rule, 'id' | 'name' | 'metric' | 'operator' | 'threshold' | 'channels'>;

/** Writes an event and, where somebody is to be told, a delivery for each of the rule's channels. */
export async function recordEvent(
  tx: Tx,
  tenantId: string,
  rule: EventOfRule,
  event: { kind: 'firing' | 'resolved' | 'test'; value: number | null; isTold: boolean },
): Promise<string> {
  const eventId = newId();
  await tx.execute(sql`insert into alert_events
      (tenant_id, id, rule_id, rule_name, metric, kind, value, operator, threshold, silenced_by)
    values (${tenantId}, ${eventId}, ${rule.id}, ${rule.name}, ${rule.metric}, ${event.kind}, ${event.value}::float8,
      ${rule.operator}, ${rule.threshold}::float8, ${event.isTold ? null : 'cooldown'})`);
  if (event.isTold) await queueDeliveries(tx, tenantId, { eventId }, rule.channels);
  return eventId;
}

import { sql } from '#db/drizzle.ts';
import type { AlertChannel } from '#db/schema/index.ts';
import { recordAudit } from '#server/audit/index.ts';
import { newId, query, ServiceError, type Tx, withTransaction } from '#server/lib/index.ts';
import { actorName, type Ctx } from '#server/tenancy/index.ts';
import { dropUnusedAddresses } from './drop-addresses.ts';
import { recordEvent } from './evaluate.ts';
import type { AlertMetric } from './metrics.ts';
import type { AlertRuleInput, UpdateAlertRuleInput } from './schemas.ts';
import { idsOf, type OpenedWebhook, openWebhooks, sealChannels, shownChannels } from './stored-channels.ts';

/** A tenant's rules at most: each is evaluated every minute. */
const MAX_RULES = 200;
/** "alnm": the first half of the advisory lock under which a tenant's rules are counted, made and named. */
const NAMES_LOCK = 0x616c6e6d;
/** Two that ask at once: the second waits for the end of the first, and then sees its rule. Before any row is locked. */
const lockNames = (tx: Tx, tenantId: string) =>
  tx.execute(sql`select pg_advisory_xact_lock(${NAMES_LOCK}::int, hashtext(${tenantId}))`);

type Operator = '>' | '>=' | '<' | '<=';
type Row = {
  id: string;
  name: string;
  metric: AlertMetric;
  operator: Operator;
  threshold: number;
  windowMinutes: number;
  cooldownMinutes: number;
  channels: AlertChannel[];
  enabled: boolean;
  state: 'ok' | 'pending' | 'firing';
  stateSince: string;
  lastValue: number | null;
  evaluatedAt: string | null;
  lastError: string | null;
  toldAt: string | null;
  createdBy: string;
};
const columns = sql`id, name, metric, operator, threshold, window_minutes as "windowMinutes",
  cooldown_minutes as "cooldownMinutes", channels, enabled, state, state_since as "stateSince",
  last_value as "lastValue", evaluated_at as "evaluatedAt", last_error as "lastError", told_at as "toldAt",
  created_by as "createdBy"`;
const iso = (text: string | null) => (text === null ? null : new Date(text).toISOString());

/** The tenant's rules: those that fire first, then by name. */
export function listAlertRules(ctx: Ctx) {
  return withTransaction(ctx, async (tx) => {
    const rows = await query<Row>(
      tx,
      sql`select ${columns} from alert_rules where tenant_id = ${ctx.tenant.id}
        order by array_position(array['firing', 'pending', 'ok'], state), name limit ${MAX_RULES}`,
    );
    return {
      items: rows.map((row) => ({
        ...row,
        stateSince: new Date(row.stateSince).toISOString(),
        evaluatedAt: iso(row.evaluatedAt),
        channels: shownChannels(row.channels),
        toldAt: iso(row.toldAt),
      })),
    };
  });
}

/** The webhooks that a rule tells, with their addresses. @throws ServiceError ALERT_RULE_NOT_FOUND */
export function readRuleWebhooks(ctx: Ctx, id: string): Promise<OpenedWebhook[]> {
  return withTransaction(ctx, async (tx) => {
    const [rule] = await query<{ channels: AlertChannel[] }>(
      tx,
      sql`select channels from alert_rules where tenant_id = ${ctx.tenant.id} and id = ${id}`,
    );
    if (!rule) throw notFound(id);
    return openWebhooks(tx, ctx.tenant.id, rule.channels);
  });
}

/** @throws ServiceError ALERT_RULE_NAME_TAKEN, ALERT_RULES_FULL, INPUT_INVALID, SECRETS_UNAVAILABLE */
export function createAlertRule(ctx: Ctx, input: AlertRuleInput): Promise<{ id: string }> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    await lockNames(tx, tenantId);
    const [{ rules } = { rules: 0 }] = await query<{ rules: number }>(
      tx,
      sql`select count(*)::int as rules from alert_rules where tenant_id = ${tenantId}`,
    );
    if (rules >= MAX_RULES) {
      throw new ServiceError(
        'ALERT_RULES_FULL',
        `there are ${rules} alert rules, and ${MAX_RULES} is the most; delete one that nobody needs`,
      );
    }
    await refuseTakenName(tx, tenantId, input.name, null);
    const id = newId();
    const channels = await sealChannels(tx, tenantId, input.channels);
    await tx.execute(sql`insert into alert_rules (tenant_id, id, name, metric, operator, threshold, window_minutes,
        cooldown_minutes, channels, enabled, created_by)
      values (${tenantId}, ${id}, ${input.name}, ${input.metric}, ${input.operator}, ${input.threshold}::float8,
        ${input.windowMinutes}, ${input.cooldownMinutes}, ${JSON.stringify(channels)}::jsonb, ${input.enabled},
        ${actorName(ctx.actor)})`);
    await recordAudit(tx, ctx, {
      ...{ action: 'alert.create', targetKind: 'alert_rule', targetId: id, after: shownOf({ ...input, channels }) },
      details: { name: input.name },
    });
    return { id };
  });
}

/**
 * Replaces a rule. What it watches has changed or it was switched off: it starts over from "ok", and nobody hears
 * that the old one was resolved. A webhook's address that comes back masked stays what it is.
 * @throws ServiceError ALERT_RULE_NOT_FOUND, ALERT_RULE_NAME_TAKEN, INPUT_INVALID, SECRETS_UNAVAILABLE
 */
export function updateAlertRule(ctx: Ctx, input: UpdateAlertRuleInput): Promise<{ id: string }> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    await lockNames(tx, tenantId);
    const before = await lockRule(tx, tenantId, input.id);
    await refuseTakenName(tx, tenantId, input.name, input.id);
    const channels = await sealChannels(tx, tenantId, input.channels, before.channels);
    await tx.execute(sql`update alert_rules set name = ${input.name}, metric = ${input.metric},
        operator = ${input.operator}, threshold = ${input.threshold}::float8, window_minutes = ${input.windowMinutes},
        cooldown_minutes = ${input.cooldownMinutes}, channels = ${JSON.stringify(channels)}::jsonb,
        enabled = ${input.enabled}, updated_at = now(), last_error = null,
        state = case when kept.is_same then state else 'ok' end,
        state_since = case when kept.is_same then state_since else now() end,
        is_told = case when kept.is_same then is_told else false end
      from (select id as rule_id, enabled and ${input.enabled} and metric = ${input.metric}
          and operator = ${input.operator} and threshold = ${input.threshold}::float8 as is_same
        from alert_rules where tenant_id = ${tenantId} and id = ${input.id}) kept
      where tenant_id = ${tenantId} and id = kept.rule_id`);
    await dropUnusedAddresses(tx, tenantId, idsOf(before.channels));
    await recordAudit(tx, ctx, {
      ...{ action: 'alert.update', targetKind: 'alert_rule', targetId: input.id },
      ...{ before: shownOf(before), after: shownOf({ ...input, channels }), details: { name: input.name } },
    });
    return { id: input.id };
  });
}

/** Its history stays. @throws ServiceError ALERT_RULE_NOT_FOUND */
export function deleteAlertRule(ctx: Ctx, input: { id: string }): Promise<{ id: string }> {
  return withTransaction(ctx, async (tx) => {
    const before = await lockRule(tx, ctx.tenant.id, input.id);
    await tx.execute(sql`delete from alert_rules where tenant_id = ${ctx.tenant.id} and id = ${input.id}`);
    await dropUnusedAddresses(tx, ctx.tenant.id, idsOf(before.channels));
    await recordAudit(tx, ctx, {
      ...{ action: 'alert.delete', targetKind: 'alert_rule', targetId: input.id },
      ...{ before: shownOf(before), details: { name: before.name } },
    });
    return { id: input.id };
  });
}

/** Sends a test notification to each of the rule's channels; the rule itself stays as it is. */
export function testAlertRule(ctx: Ctx, input: { id: string }): Promise<{ id: string }> {
  return withTransaction(ctx, async (tx) => {
    const rule = await lockRule(tx, ctx.tenant.id, input.id);
    await recordAudit(tx, ctx, {
      ...{ action: 'alert.test', targetKind: 'alert_rule', targetId: input.id, details: { name: rule.name } },
    });
    return { id: await recordEvent(tx, ctx.tenant.id, rule, { kind: 'test', value: rule.lastValue, isTold: true }) };
  });
}

const shownOf = (rule: Omit<AlertRuleInput, 'channels'> & { channels: AlertChannel[] }) => ({
  ...{ name: rule.name, metric: rule.metric, operator: rule.operator, threshold: rule.threshold },
  ...{ windowMinutes: rule.windowMinutes, cooldownMinutes: rule.cooldownMinutes, enabled: rule.enabled },
  channels: shownChannels(rule.channels),
});

async function lockRule(tx: Tx, tenantId: string, id: string): Promise<Row> {
  const [row] = await query<Row>(
    tx,
    sql`select ${columns} from alert_rules where tenant_id = ${tenantId} and id = ${id} for update`,
  );
  if (!row) throw notFound(id);
  return row;
}

const notFound = (id: string) => new ServiceError('ALERT_RULE_NOT_FOUND', `no alert rule ${id}`);

async function refuseTakenName(tx: Tx, tenantId: string, name: string, ownId: string | null): Promise<void> {
  const taken = await query(
    tx,
    sql`select 1 from alert_rules where tenant_id = ${tenantId} and name = ${name}
      and id is distinct from ${ownId}::uuid`,
  );
  if (taken.length > 0)
    throw new ServiceError('ALERT_RULE_NAME_TAKEN', `there is an alert rule "${name}" already; choose another name`);
}

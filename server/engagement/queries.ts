import { sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { decodeCursor, query, ServiceError, type Tx, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { DEFAULT_POSITIVE_OUTCOMES } from './formula.ts';
import { recomputeEngagement } from './recompute.ts';
import type { EngagementSettingsInput, ListEngagementInput } from './schemas.ts';

type Band = 'hot' | 'warm' | 'cold';
type Row = {
  customerId: string;
  score: number;
  band: Band;
  lastInteractionAt: string;
  interactions90Days: string;
  outcomes: string;
  positiveOutcomes: string;
  computedAt: string;
};

const columns = sql`customer_id as "customerId", score, band, last_interaction_at as "lastInteractionAt",
  interactions_90_days as "interactions90Days", outcomes, positive_outcomes as "positiveOutcomes",
  computed_at as "computedAt"`;

/** The tenant's customers, highest score first. */
export function listEngagement(ctx: Ctx, input: ListEngagementInput) {
  return withTransaction(ctx, async (tx) => {
    const [afterScore, afterId] = input.cursor ? decodeCursor(input.cursor, 2) : [];
    const rows = await query<Row>(
      tx,
      sql`select ${columns} from engagement_scores where tenant_id = ${ctx.tenant.id}
        and ${input.band === undefined ? sql`true` : sql`band = ${input.band}`}
        and ${input.search ? sql`starts_with(customer_id, ${input.search})` : sql`true`}
        and ${
          afterScore === undefined || afterId === undefined
            ? sql`true`
            : sql`score <= ${afterScore}::float8 and (score < ${afterScore}::float8 or customer_id > ${afterId})`
        }
        order by score desc, customer_id limit ${input.limit + 1}`,
    );
    const page = toPage(rows, input.limit, (row) => [String(row.score), row.customerId]);
    return { items: page.items.map(toItem), nextCursor: page.nextCursor };
  });
}

/** @throws ServiceError CUSTOMER_NOT_FOUND */
export function getEngagement(ctx: Ctx, input: { customerId: string }) {
  return withTransaction(ctx, async (tx) => {
    const [row] = await query<Row>(
      tx,
      sql`select ${columns} from engagement_scores
        where tenant_id = ${ctx.tenant.id} and customer_id = ${input.customerId}`,
    );
    if (!row) {
      throw new ServiceError(
        'CUSTOMER_NOT_FOUND',
        `no score for customer "${input.customerId}"; one is computed at the next run of engagementHealthRecompute after its first interaction`,
      );
    }
    return toItem(row);
  });
}

/** How the tenant's customers are spread over the scores. */
export function summarizeEngagement(ctx: Ctx) {
  return withTransaction(ctx, async (tx) => {
    const bars = await query<{ bar: number; band: Band; customers: string }>(
      tx,
      sql`select least(19, floor(score / 5))::int as bar, band, count(*) as customers
        from engagement_scores where tenant_id = ${ctx.tenant.id} group by 1, 2`,
    );
    const [settings] = await query<{ computedAt: string | null; positiveOutcomes: string[] | null }>(
      tx,
      sql`select computed_at as "computedAt", positive_outcomes as "positiveOutcomes"
        from engagement_settings where tenant_id = ${ctx.tenant.id}`,
    );
    const sum = (rows: { customers: string }[]) => rows.reduce((total, row) => total + Number(row.customers), 0);
    const inBand = (band: Band) => sum(bars.filter((row) => row.band === band));
    return {
      computedAt: settings?.computedAt ? new Date(settings.computedAt).toISOString() : null,
      customers: sum(bars),
      bands: { hot: inBand('hot'), warm: inBand('warm'), cold: inBand('cold') },
      histogram: Array.from({ length: 20 }, (_, bar) => ({
        from: bar * 5,
        customers: sum(bars.filter((row) => row.bar === bar)),
      })),
      positiveOutcomes: settings?.positiveOutcomes ?? [...DEFAULT_POSITIVE_OUTCOMES],
    };
  });
}

/** The outcomes that the tenant counts as positive, in lower case. */
export async function positiveOutcomesOf(tx: Tx, tenantId: string): Promise<string[]> {
  const [settings] = await query<{ names: string[] | null }>(
    tx,
    sql`select positive_outcomes as names from engagement_settings where tenant_id = ${tenantId}`,
  );
  return settings?.names ?? [...DEFAULT_POSITIVE_OUTCOMES];
}

/** Takes effect at the next computation. */
export function setEngagementSettings(ctx: Ctx, input: EngagementSettingsInput) {
  return withTransaction(ctx, async (tx) => {
    const names = input.positiveOutcomes === null ? null : [...new Set(input.positiveOutcomes)].sort();
    const list =
      names === null
        ? sql`null`
        : sql`array[${sql.join(
            names.map((name) => sql`${name}`),
            sql`, `,
          )}]::text[]`;
    await tx.execute(sql`insert into engagement_settings (tenant_id, positive_outcomes) values (${ctx.tenant.id}, ${list})
      on conflict (tenant_id) do update set positive_outcomes = excluded.positive_outcomes`);
    await recordAudit(tx, ctx, {
      ...{ action: 'engagement.configure', targetKind: 'engagement', targetId: ctx.tenant.id },
      details: { positiveOutcomes: names },
    });
    return { positiveOutcomes: names ?? [...DEFAULT_POSITIVE_OUTCOMES] };
  });
}

/** The daily computation, now, for the caller's tenant. */
export function recomputeNow(ctx: Ctx) {
  return withTransaction(ctx, async (tx) => {
    const done = await recomputeEngagement(tx, ctx.tenant.id);
    await recordAudit(tx, ctx, {
      ...{ action: 'engagement.recompute', targetKind: 'engagement', targetId: ctx.tenant.id, details: done },
    });
    return done;
  });
}

function toItem(row: Row) {
  const outcomes = Number(row.outcomes);
  const positiveOutcomes = Number(row.positiveOutcomes);
  const interactions90Days = Number(row.interactions90Days);
  const frequency = 30 * Math.min(1, interactions90Days / 10);
  const byOutcomes = (30 * positiveOutcomes) / (outcomes + 2);
  return {
    customerId: row.customerId,
    score: row.score,
    band: row.band,
    // What is left of the stored score: the age it was computed with is not stored.
    parts: { recency: Math.max(0, row.score - frequency - byOutcomes), frequency, outcomes: byOutcomes },
    lastInteractionAt: new Date(row.lastInteractionAt).toISOString(),
    interactions90Days,
    outcomes,
    positiveOutcomes,
    computedAt: new Date(row.computedAt).toISOString(),
  };
}

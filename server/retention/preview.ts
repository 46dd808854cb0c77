import { sql } from '#db/drizzle.ts';
import { CLASS_TABLES, DATA_CLASSES, type DataClass } from '#db/schema/index.ts';
import { isStatementTimeout, query, queryOne, ServiceError, type Tx, transaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { isFree, sqlOf } from './classes.ts';
import { PREVIEW_MS } from './config.ts';
import { isDeletedEarly, type Plan, readPlan } from './plan.ts';
import type { Preview } from './schemas.ts';

/**
 * What a purge would delete if it began now, by class and day of recording, and what holds keep from it. It goes over
 * all rows that are due, so a first purge of a large tenant can have too many to count at once.
 * @throws ServiceError RETENTION_PREVIEW_TIMED_OUT after `timeoutMs` (of each class; default PREVIEW_MS)
 */
export async function previewPurge(
  ctx: Pick<Ctx, 'pool' | 'tenant'>,
  { timeoutMs = PREVIEW_MS }: { timeoutMs?: number } = {},
): Promise<Preview> {
  try {
    return await countAll(ctx, timeoutMs);
  } catch (error) {
    if (!isStatementTimeout(error)) throw error;
    throw new ServiceError(
      'RETENTION_PREVIEW_TIMED_OUT',
      `counting what the next purge would delete took longer than ${timeoutMs / 1_000} s and was stopped: the job's dry run has more time (POST /api/v1/cron/dsar-purge?dryRun=1); purges and holds do not depend on it`,
    );
  }
}

const countAll = (ctx: Pick<Ctx, 'pool' | 'tenant'>, statementTimeoutMs: number): Promise<Preview> =>
  transaction(ctx.pool, { tenantId: ctx.tenant.id, statementTimeoutMs }, async (tx) => {
    const tenantId = ctx.tenant.id;
    const plan = await readPlan(tx, tenantId);
    const { now } = await queryOne<{ now: string }>(tx, sql`select now() as now`);
    const classes: Preview['classes'] = [];
    for (const dataClass of DATA_CLASSES) {
      const planned = plan.classes[dataClass];
      classes.push({
        dataClass,
        ownDays: planned.ownDays,
        effectiveDays: planned.days,
        cutoffAt: planned.cutoffAt,
        isHeld: planned.isHeld,
        isDeletedEarly: isDeletedEarly(plan, planned),
        ...(await countDue(tx, tenantId, dataClass, plan)),
      });
    }
    return { mode: plan.mode, retentionDays: plan.retentionDays, at: new Date(now).toISOString(), classes };
  });

type Due = Pick<Preview['classes'][number], 'rows' | 'heldRows' | 'oldestAt' | 'days'>;

async function countDue(tx: Tx, tenantId: string, dataClass: DataClass, plan: Plan): Promise<Due> {
  const tables = CLASS_TABLES[dataClass];
  const { cutoffAt } = plan.classes[dataClass];
  const days =
    cutoffAt === null
      ? []
      : await query<{ day: string; free: number; held: number; oldest: string }>(
          tx,
          sql`select to_char(d.day, 'YYYY-MM-DD') as day, count(*) filter (where d.is_free)::int as free,
              count(*) filter (where not d.is_free)::int as held, min(d.created_at) as oldest
            from (${sql.join(
              tables.map(
                (table) => sql`select date_trunc('day', r.created_at at time zone 'UTC') as day, r.created_at,
                    ${plan.hasSubjectHolds ? isFree(table) : sql`true`} as is_free
                  from ${sqlOf(table)} r where r.tenant_id = ${tenantId} and r.created_at < ${cutoffAt}::timestamptz`,
              ),
              sql` union all `,
            )}) d
            group by d.day order by d.day`,
        );
  // Ids ascend with time: the first one's row is the oldest, but for rows that were recorded for the past.
  const firsts: { at: string }[] = [];
  for (const table of tables)
    firsts.push(
      ...(await query<{ at: string }>(
        tx,
        sql`select r.created_at as at from ${sqlOf(table)} r where r.tenant_id = ${tenantId} order by r.id limit 1`,
      )),
    );
  const instants = [...firsts.map(({ at }) => at), days[0]?.oldest].flatMap((at) =>
    at === undefined ? [] : Date.parse(at),
  );
  return {
    rows: days.reduce((sum, { free }) => sum + free, 0),
    heldRows: days.reduce((sum, { held }) => sum + held, 0),
    oldestAt: instants.length > 0 ? new Date(Math.min(...instants)).toISOString() : null,
    days: days.filter(({ free }) => free > 0).map(({ day, free }) => ({ day, rows: free })),
  };
}

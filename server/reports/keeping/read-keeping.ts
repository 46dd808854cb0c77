import { sql } from '#db/drizzle.ts';
import type { ReportCarried } from '#db/schema/index.ts';
import type { Policies, Schedule } from '#server/ir/index.ts';
import { query, queryOne, type Tx } from '#server/lib/index.ts';
import type { Period } from '../templates/template.ts';
import type { Rule } from './count-instants.ts';

/**
 * On time: fired and not late. Missed: never run, or run together with a later one. Skipped: because of a pause, a
 * blackout or a run that was still going, or cancelled before it began. Open: its run has not begun.
 */
export const OUTCOMES = ['onTime', 'late', 'missed', 'skipped', 'open'] as const;
export type Outcome = (typeof OUTCOMES)[number];
export type Counts = Record<Outcome, number>;

/** A row of the ledger that is looked at by itself; instants are ISO 8601. */
export type MarkedRow = {
  scheduleId: string;
  dueAt: string;
  /** The last of a stretch; null for a single instant. */
  dueUntil: string | null;
  count: number;
  /** How many of its instants are in an earlier report. */
  counted: number;
  outcome: Outcome;
};
export type Line = Counts & {
  pipelineId: string;
  name: string;
  /** Due before the period. */
  isEarlier: boolean;
  p50Seconds: number | null;
  p95Seconds: number | null;
  /** Single instants that are open, which are counted, and rows of which only a part counts, which are not. */
  marked: MarkedRow[];
};
export type Undecided = { scheduleId: string; pipelineId: string; name: string; firstAt: string };
export type Keeping = {
  lines: Line[];
  /** The newest row of each schedule where it did not fire: a further instant of its kind would be added to it. */
  tails: ReportCarried['rows'];
  undecided: Undecided[];
  rules: Map<string, Rule>;
};

/**
 * What the ledger says of a period, and of what the last report left open. In one statement: what its snapshot does not
 * have yet, the schedules' next fires do not lie behind either, and it is left to the next report.
 */
export async function readKeeping(
  tx: Tx,
  tenantId: string,
  period: Period,
  carried: ReportCarried | null,
): Promise<Keeping> {
  const found = await queryOne<Omit<Keeping, 'rules'>>(tx, keepingStatement(tenantId, period, carried));
  const reachesIn = ({ dueUntil }: MarkedRow) => dueUntil !== null && Date.parse(dueUntil) >= Date.parse(period.from);
  const split = found.lines.flatMap(({ marked }) => marked.filter(reachesIn));
  const ids = new Set([...split, ...found.undecided].map((one) => one.scheduleId));
  return { ...found, rules: await readRules(tx, tenantId, [...ids]) };
}

async function readRules(tx: Tx, tenantId: string, ids: string[]): Promise<Map<string, Rule>> {
  if (ids.length === 0) return new Map();
  const rows = await query<{ id: string; schedule: Schedule; dst: Policies['dst'] }>(
    tx,
    sql`select id, schedule, policies -> 'dst' as dst from schedules
      where tenant_id = ${tenantId} and id = any(${`{${ids.join(',')}}`}::uuid[])
        and jsonb_typeof(schedule) = 'object'`,
  );
  return new Map(rows.map(({ id, schedule, dst }) => [id, { schedule, dst }]));
}

function keepingStatement(tenantId: string, period: Period, carried: ReportCarried | null) {
  const [from, to] = [sql`${period.from}::timestamptz`, sql`${period.to}::timestamptz`];
  const name = sql`coalesce(p.name, 'deleted pipeline ' || x.pipeline_id)`;
  const named = sql`left join pipelines p on p.tenant_id = ${tenantId} and p.id = x.pipeline_id`;
  return sql`with ledger as (
      select o.*, 0::bigint as counted from occurrences o
        where o.tenant_id = ${tenantId} and o.due_at >= ${from} and o.due_at < ${to}
      union all ${carried === null ? reachingInto(tenantId, from) : leftBehind(tenantId, from, carried)}
    ), judged as (
      select l.*, extract(epoch from r.started_at - l.due_at) as delay, l.due_at < ${from} as is_earlier,
        l.counted > 0 or coalesce(l.due_until, l.due_at) >= ${to}
          or (l.due_at < ${from} and coalesce(l.due_until, l.due_at) >= ${from}) as is_split,
        case when l.verdict = 'fired' and r.id is not null and r.started_at is null
              then case when r.finished_at is null then 'open' else 'skipped' end
            when l.verdict = 'fired' then 'onTime' when l.verdict = 'late' then 'late'
            when l.verdict = 'pending' then 'open' when l.verdict like 'skipped%' then 'skipped'
            else 'missed' end as outcome
      from ledger l
      left join runs r on r.tenant_id = ${tenantId} and r.id = l.run_id and l.verdict in ('fired', 'late')
    ), x as (
      select pipeline_id, is_earlier, jsonb_build_object(${sumsOf()}) as counts,
        percentile_cont(0.5) within group (order by delay) as p50,
        percentile_cont(0.95) within group (order by delay) as p95,
        coalesce(jsonb_agg(jsonb_build_object('scheduleId', schedule_id, 'dueAt', due_at, 'dueUntil', due_until,
          'count', count, 'counted', counted, 'outcome', outcome)) filter (where is_split or outcome = 'open'), '[]') as marked
      from judged group by pipeline_id, is_earlier
    )
    select
      (select coalesce(jsonb_agg(x.counts || jsonb_build_object('pipelineId', x.pipeline_id, 'name', ${name},
          'isEarlier', x.is_earlier, 'p50Seconds', x.p50, 'p95Seconds', x.p95, 'marked', x.marked)), '[]')
        from x ${named}) as lines,
      (select coalesce(jsonb_agg(jsonb_build_object('scheduleId', s.id, 'dueAt', o.due_at, 'counted', o.count)), '[]')
        from schedules s cross join lateral (select l.due_at, l.due_until, l.count, l.verdict from occurrences l
          where l.schedule_id = s.id order by l.due_at desc limit 1) o
        where s.tenant_id = ${tenantId} and o.verdict not in ('fired', 'late', 'pending')
          and coalesce(o.due_until, o.due_at) < ${to}) as tails,
      (select coalesce(jsonb_agg(jsonb_build_object('scheduleId', x.id, 'pipelineId', x.pipeline_id, 'name', ${name},
          'firstAt', x.next_fire_at)), '[]')
        from schedules x ${named}
        where x.tenant_id = ${tenantId} and x.enabled and x.next_fire_at < ${to}) as undecided`;
}

const sumsOf = () =>
  sql.join(
    OUTCOMES.map(
      (outcome) =>
        sql`${sql.raw(`'${outcome}'`)}, coalesce(sum(count) filter (where not is_split and outcome = ${sql.raw(`'${outcome}'`)}), 0)`,
    ),
    sql`, `,
  );

/** For a report without one before it: stretches that began before the period, of which a part lies in it. */
const reachingInto = (tenantId: string, from: ReturnType<typeof sql>) =>
  sql`select o.*, 0::bigint from schedules s cross join lateral (select * from occurrences l
      where l.schedule_id = s.id and l.due_at < ${from} order by l.due_at desc limit 1) o
    where s.tenant_id = ${tenantId} and o.due_until >= ${from}`;

/** The rows that the last report was not done with, and those of instants that nobody had decided then. */
const leftBehind = (tenantId: string, from: ReturnType<typeof sql>, carried: ReportCarried) =>
  sql`select o.*, c.counted
      from jsonb_to_recordset(${JSON.stringify(carried.rows)}::jsonb) as c("scheduleId" uuid, "dueAt" timestamptz, counted bigint)
      join occurrences o on o.schedule_id = c."scheduleId" and o.due_at = c."dueAt" where o.tenant_id = ${tenantId}
    union all
    select o.*, 0::bigint
      from jsonb_to_recordset(${JSON.stringify(carried.undecided)}::jsonb) as u("scheduleId" uuid, "firstAt" timestamptz)
      join occurrences o on o.schedule_id = u."scheduleId" and o.due_at >= u."firstAt" and o.due_at < ${from}
      where o.tenant_id = ${tenantId}`;

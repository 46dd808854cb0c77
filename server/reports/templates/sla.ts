import { sql } from 'drizzle-orm';
import { query } from '#server/lib/index.ts';
import { MAX_ROWS, round, type Template } from './template.ts';

type Row = {
  name: string;
  onTime: number;
  late: number;
  missed: number;
  skipped: number;
  p50Seconds: number | null;
  p95Seconds: number | null;
};

/**
 * Which due instants of the period were kept. On time: fired and not late. Missed: never run, or run together with a
 * later one. What was skipped because of a pause, a blackout or a run that was still going counts neither way.
 */
export const sla: Template = {
  title: 'Schedule keeping',
  says: 'Of every schedule, how many due instants started on time, late or not at all, and how late',
  async compose(tx, tenantId, { from, to }) {
    const rows = await query<Row>(
      tx,
      sql`select coalesce(p.name, 'deleted pipeline ' || s.pipeline_id) as name, s.on_time as "onTime", s.late,
          s.missed, s.skipped, s.p50 as "p50Seconds", s.p95 as "p95Seconds"
        from (select o.pipeline_id,
            coalesce(sum(o.count) filter (where o.verdict = 'fired'), 0)::float8 as on_time,
            coalesce(sum(o.count) filter (where o.verdict = 'late'), 0)::float8 as late,
            coalesce(sum(o.count) filter (where o.verdict in ('missed_window', 'capped', 'coalesced')), 0)::float8
              as missed,
            coalesce(sum(o.count) filter (where o.verdict like 'skipped%'), 0)::float8 as skipped,
            percentile_cont(0.5) within group (order by extract(epoch from r.started_at - o.due_at)) as p50,
            percentile_cont(0.95) within group (order by extract(epoch from r.started_at - o.due_at)) as p95
          from occurrences o
          left join runs r on r.tenant_id = ${tenantId} and r.id = o.run_id and o.verdict in ('fired', 'late')
          where o.tenant_id = ${tenantId} and o.due_at >= ${from}::timestamptz and o.due_at < ${to}::timestamptz
          group by o.pipeline_id) s
        left join pipelines p on p.tenant_id = ${tenantId} and p.id = s.pipeline_id
        order by s.missed + s.late desc, name`,
    );
    const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
    const [onTime, late, missed] = [sum((row) => row.onTime), sum((row) => row.late), sum((row) => row.missed)];
    return {
      figures: [
        { label: 'Kept on time', value: keptPercent(onTime, late, missed), unit: '%' },
        { label: 'On time', value: onTime, unit: '' },
        { label: 'Late', value: late, unit: '' },
        { label: 'Missed', value: missed, unit: '' },
        { label: 'Skipped by policy', value: sum((row) => row.skipped), unit: '' },
      ],
      columns: [
        ...['Pipeline', 'Kept on time, %', 'On time', 'Late', 'Missed', 'Skipped by policy'],
        ...['Half started within, seconds', '95 % started within, seconds'],
      ],
      rows: rows
        .slice(0, MAX_ROWS)
        .map((row) => [
          ...[row.name, keptPercent(row.onTime, row.late, row.missed), row.onTime, row.late, row.missed, row.skipped],
          ...[round(row.p50Seconds), round(row.p95Seconds)],
        ]),
      rowsAre: 'due instants',
    };
  },
};

const keptPercent = (onTime: number, late: number, missed: number) =>
  onTime + late + missed === 0 ? null : round((onTime / (onTime + late + missed)) * 100, 2);

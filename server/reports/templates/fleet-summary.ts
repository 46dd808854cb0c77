import { sql } from '#db/drizzle.ts';
import { query, queryOne } from '#server/lib/index.ts';
import { MAX_ROWS, round, type Template } from './template.ts';

/** A run that ended in the period may have been queued this long before it. */
const LONGEST_RUN_DAYS = 2;

type Row = {
  name: string;
  succeeded: number;
  failed: number;
  cancelled: number;
  rowsOut: number;
  rowsRejected: number;
  p95Seconds: number | null;
  lastError: string | null;
};

/** What the pipelines did: runs that ended in the period, those that fail most first. */
export const fleetSummary: Template = {
  title: 'Fleet summary',
  says: 'Runs, rows and failures of every pipeline, with what the outbox published and what was rejected',
  async compose(tx, tenantId, { from, to }) {
    const rows = await query<Row>(
      tx,
      sql`select coalesce(p.name, 'deleted pipeline ' || s.pipeline_id) as name, s.succeeded, s.failed, s.cancelled,
          s.rows_out as "rowsOut", s.rows_rejected as "rowsRejected", s.p95 as "p95Seconds", s.last_error as "lastError"
        from (select r.pipeline_id,
            count(*) filter (where r.status = 'succeeded')::int as succeeded,
            count(*) filter (where r.status = 'failed')::int as failed,
            count(*) filter (where r.status = 'cancelled')::int as cancelled,
            coalesce(sum(r.rows_out), 0)::float8 as rows_out,
            coalesce(sum(r.rows_rejected), 0)::float8 as rows_rejected,
            percentile_cont(0.95) within group (order by extract(epoch from r.finished_at - r.started_at))
              filter (where r.status = 'succeeded') as p95,
            (array_agg(r.error ->> 'code' order by r.id desc) filter (where r.status = 'failed'))[1] as last_error
          from runs r
          where r.tenant_id = ${tenantId} and r.status in ('succeeded', 'failed', 'cancelled')
            and r.id > ms_uuid_at(${from}::timestamptz - make_interval(days => ${LONGEST_RUN_DAYS}))
            and r.id < ms_uuid_at(${to}::timestamptz)
            and r.finished_at >= ${from}::timestamptz and r.finished_at < ${to}::timestamptz
          group by r.pipeline_id) s
        left join pipelines p on p.tenant_id = ${tenantId} and p.id = s.pipeline_id
        order by s.failed desc, s.rows_rejected desc, name`,
    );
    const rest = await queryOne<{ pipelines: number; published: number; rejected: number }>(
      tx,
      sql`select
          (select count(*)::int from pipelines where tenant_id = ${tenantId} and archived_at is null) as pipelines,
          (select coalesce(sum(published), 0)::float8 from outbox_flow where tenant_id = ${tenantId}
            and at >= ${from}::timestamptz and at < ${to}::timestamptz) as published,
          (select count(*)::float8 from dlq_entries where tenant_id = ${tenantId}
            and id >= ms_uuid_at(${from}::timestamptz) and id < ms_uuid_at(${to}::timestamptz)) as rejected`,
    );
    const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
    const [succeeded, failed] = [sum((row) => row.succeeded), sum((row) => row.failed)];
    return {
      figures: [
        { label: 'Pipelines', value: rest.pipelines, unit: '' },
        { label: 'Runs succeeded', value: succeeded, unit: '' },
        { label: 'Runs failed', value: failed, unit: '' },
        {
          label: 'Success rate',
          value: succeeded + failed === 0 ? null : round((succeeded / (succeeded + failed)) * 100, 2),
          unit: '%',
        },
        { label: 'Rows written', value: sum((row) => row.rowsOut), unit: '' },
        { label: 'Rows set aside', value: rest.rejected, unit: '' },
        { label: 'Events published', value: rest.published, unit: '' },
      ],
      columns: [
        ...['Pipeline', 'Succeeded', 'Failed', 'Cancelled', 'Rows written', 'Rows rejected'],
        ...['95 % of runs within, seconds', 'Last error'],
      ],
      rows: rows
        .slice(0, MAX_ROWS)
        .map((row) => [
          ...[row.name, row.succeeded, row.failed, row.cancelled, row.rowsOut, row.rowsRejected],
          ...[round(row.p95Seconds), row.lastError],
        ]),
      rowsAre: 'runs that ended',
    };
  },
};

import { sql } from '#db/drizzle.ts';
import { query, queryOne } from '#server/lib/index.ts';
import { MAX_ROWS, type Template } from './template.ts';

type Row = {
  id: string;
  finishedAt: string;
  mode: string;
  retentionDays: number;
  decisionTraces: number;
  interactionHistory: number;
  aiAttachments: number;
  blobs: number;
  errors: number;
  hash: string | null;
};

/** What the purges of the period deleted, with each receipt's hash, and what was held at its end. */
export const retentionReceipt: Template = {
  title: 'Retention receipt',
  says: 'What was deleted by policy, each purge with the hash of its receipt, and how many holds there are',
  async compose(tx, tenantId, { from, to }) {
    const rows = await query<Row>(
      tx,
      sql`select id, finished_at as "finishedAt", mode, retention_days as "retentionDays",
          decision_traces::float8 as "decisionTraces", interaction_history::float8 as "interactionHistory",
          ai_attachments::float8 as "aiAttachments", blobs_deleted::float8 as blobs,
          jsonb_array_length(errors) as errors, hash
        from retention_purges where tenant_id = ${tenantId} and finished_at >= ${from}::timestamptz
          and finished_at < ${to}::timestamptz
        order by finished_at, id`,
    );
    const { holds } = await queryOne<{ holds: number }>(
      tx,
      sql`select (select count(*) from retention_holds where tenant_id = ${tenantId}
            and placed_at < ${to}::timestamptz and (released_at is null or released_at >= ${to}::timestamptz))::int
          + (select count(*) from retention_policies where tenant_id = ${tenantId} and legal_hold)::int as holds`,
    );
    const sum = (of: (row: Row) => number) => rows.reduce((total, row) => total + of(row), 0);
    return {
      figures: [
        { label: 'Purges', value: rows.length, unit: '' },
        { label: 'Decision traces deleted', value: sum((row) => row.decisionTraces), unit: '' },
        { label: 'Interactions deleted', value: sum((row) => row.interactionHistory), unit: '' },
        { label: 'Attachments deleted', value: sum((row) => row.aiAttachments), unit: '' },
        { label: 'Holds in force', value: holds, unit: '' },
      ],
      columns: [
        ...['Finished (UTC)', 'Mode', 'Days', 'Decision traces', 'Interactions', 'Attachments', 'Files', 'Errors'],
        ...['Receipt', 'Hash'],
      ],
      rows: rows
        .slice(0, MAX_ROWS)
        .map((row) => [
          ...[new Date(row.finishedAt).toISOString(), row.mode, row.retentionDays],
          ...[row.decisionTraces, row.interactionHistory, row.aiAttachments, row.blobs, row.errors],
          ...[row.id, row.hash],
        ]),
      rowsAre: 'purges',
    };
  },
};

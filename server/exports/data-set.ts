// What is exported: interactions, and what became of them. Both are one data class of the retention policies.
import { type SQL, sql } from '#db/drizzle.ts';

/** Its name is the table's, the checkpoint's and the folder's. */
export type DataSet = {
  name: 'interaction_history' | 'interaction_outcomes';
  /** A row `r` as it stands in a line. As PostgreSQL writes it: numbers keep all their digits. */
  line: SQL;
  /** About how long that line is, for the end of a batch; cheaper than to make it. Unit: bytes. */
  size: SQL;
};

const instants = sql`'occurredAt', to_char(r.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'recordedAt', to_char(r.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** In the order in which a turn exports them. */
export const DATA_SETS: readonly DataSet[] = [
  {
    name: 'interaction_outcomes',
    line: sql`json_build_object('outcomeId', r.id, 'interactionId', r.interaction_id, 'customerId', r.customer_id,
      'outcome', r.outcome, 'value', r.value, ${instants})::text`,
    size: sql`300 + octet_length(r.customer_id) + octet_length(r.outcome)`,
  },
  {
    name: 'interaction_history',
    line: sql`json_build_object('interactionId', r.id, 'customerId', r.customer_id, 'offerId', r.offer_id,
      'channel', r.channel, 'interactionType', r.interaction_type, 'context', r.context, ${instants})::text`,
    size: sql`300 + octet_length(r.customer_id) + octet_length(r.offer_id) + octet_length(r.channel)
      + octet_length(r.interaction_type) + octet_length(r.context::text)`,
  },
];

export const tableOf = ({ name }: DataSet): SQL => sql.raw(name);

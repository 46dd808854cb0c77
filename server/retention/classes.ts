// The tables of the three classes of data that age, and how SQL names them. All have tenant_id, id, created_at and
// customer_id.
import { type SQL, sql } from '#db/drizzle.ts';
import type { ClassTable } from '#db/schema/index.ts';

const TABLES: Record<ClassTable, SQL> = {
  decision_traces: sql`decision_traces`,
  interaction_history: sql`interaction_history`,
  interaction_outcomes: sql`interaction_outcomes`,
  ai_attachments: sql`ai_attachments`,
};
export const sqlOf = (table: ClassTable): SQL => TABLES[table];

/** Whether every row says whose it is; traces and attachments of an earlier release do not. */
const namesCustomer = (table: ClassTable) => table === 'interaction_history' || table === 'interaction_outcomes';

/** Rows of one subject; `r` is the table. */
export function isOfSubject(table: ClassTable, customerId: string): SQL {
  if (namesCustomer(table)) return sql`r.customer_id = ${customerId}`;
  // Rows of a process that did not write the customer yet: the interaction knows it.
  return sql`(r.customer_id = ${customerId} or r.customer_id is null and r.interaction_id in (
    select i.id from interaction_history i where i.tenant_id = r.tenant_id and i.customer_id = ${customerId}))`;
}

const hasNoHold = (customerId: SQL) => sql`not exists (select from retention_holds h
  where h.tenant_id = r.tenant_id and h.customer_id = ${customerId} and h.released_at is null)`;

/**
 * Rows on which no subject's hold lies; `r` is the table. A row whose subject cannot be told any more counts as held:
 * somebody's hold may be meant. Ask it only where the tenant has such holds, it costs a look-up per row.
 */
export function isFree(table: ClassTable): SQL {
  if (namesCustomer(table)) return hasNoHold(sql`r.customer_id`);
  return sql`(r.customer_id is not null and ${hasNoHold(sql`r.customer_id`)}
    or r.customer_id is null and exists (select from interaction_history i
      where i.tenant_id = r.tenant_id and i.id = r.interaction_id and ${hasNoHold(sql`i.customer_id`)}))`;
}

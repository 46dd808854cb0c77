// Rows that a SIEM refused, as its shipment sets them aside; the installation under test has none to ship to.
import { withOwner } from './owner.ts';

interface Refusal {
  actorId: string;
  details: Record<string, string>;
  reason: string;
}

const REFUSED: Refusal = {
  actorId: 'ada@example.org',
  details: { note: 'too <b>long</b>' },
  reason: 'mapper_parsing_exception: field [note]',
};

/** One row of the tenant's audit log for each of the actions. */
export const refuse = (tenantId: string, actions: string[], { actorId, details, reason } = REFUSED) =>
  withOwner(async (sql) => {
    for (const action of actions)
      await sql`with row as (
          insert into audit_log (tenant_id, actor_kind, actor_id, action, details)
          values (${tenantId}, 'user', ${actorId}, ${action}, ${sql.json(details)}) returning id)
        insert into siem_quarantine (tenant_id, destination, audit_id, status, reason)
        select ${tenantId}, 'elastic https://siem.example.org audit', id, 400, ${reason} from row`;
  });

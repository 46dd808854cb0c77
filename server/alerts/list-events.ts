import { sql } from '#db/drizzle.ts';
import { decodeIdCursor, query, toPage, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { type Delivery, deliveriesOf, toDeliveries } from './deliveries.ts';
import type { ListAlertEventsInput } from './schemas.ts';

type Row = {
  id: string;
  ruleId: string;
  ruleName: string;
  metric: string;
  kind: 'firing' | 'resolved' | 'test';
  value: number | null;
  operator: '>' | '>=' | '<' | '<=';
  threshold: number;
  silencedBy: 'cooldown' | null;
  at: string;
  deliveries: Delivery[];
};

/** What the tenant's rules said, newest first, and whether those who were to hear of it did. */
export function listAlertEvents(ctx: Ctx, input: ListAlertEventsInput) {
  const before = input.cursor === undefined ? null : decodeIdCursor(input.cursor);
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    const rows = await query<Row>(
      tx,
      sql`select e.id, e.rule_id as "ruleId", e.rule_name as "ruleName", e.metric, e.kind, e.value, e.operator,
          e.threshold, e.silenced_by as "silencedBy", e.at,
          ${deliveriesOf(tenantId, sql`d.event_id = e.id`)} as deliveries
        from alert_events e where e.tenant_id = ${tenantId}
          and ${input.ruleId === undefined ? sql`true` : sql`e.rule_id = ${input.ruleId}`}
          and ${before === null ? sql`true` : sql`e.id < ${before}`}
        order by e.id desc limit ${input.limit + 1}`,
    );
    const page = toPage(rows, input.limit, (row) => [row.id]);
    return {
      items: page.items.map((row) => ({
        ...row,
        at: new Date(row.at).toISOString(),
        deliveries: toDeliveries(row.deliveries),
      })),
      nextCursor: page.nextCursor,
    };
  });
}

import { sql } from '#db/drizzle.ts';
import type { AlertChannel } from '#db/schema/index.ts';
import type { Tx } from '#server/lib/index.ts';

/** What a delivery carries: what a rule said, or a report. */
export type Carried = { eventId: string } | { reportId: string };

/** Leaves a delivery for each channel, in the transaction of what it carries; deliverAlerts sends them. */
export async function queueDeliveries(
  tx: Tx,
  tenantId: string,
  carried: Carried,
  channels: AlertChannel[],
): Promise<void> {
  const [eventId, reportId] = 'eventId' in carried ? [carried.eventId, null] : [null, carried.reportId];
  await tx.execute(sql`insert into alert_deliveries (tenant_id, event_id, report_id, channel)
    select ${tenantId}::uuid, ${eventId}::uuid, ${reportId}::uuid, channel
    from jsonb_array_elements(${JSON.stringify(channels)}::jsonb) as channel`);
}

import { sql } from 'drizzle-orm';
import type { AlertChannel } from '#db/schema/index.ts';
import { hasScope, type Scope } from '#server/auth/index.ts';
import type { Tx } from '#server/lib/index.ts';
import type { Actor } from '#server/tenancy/index.ts';

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

/** As they are for who may change them; for who may only look, of a webhook its origin alone. */
export const channelsFor = (actor: Actor, write: Scope, channels: AlertChannel[]): AlertChannel[] =>
  hasScope(actor, write)
    ? channels
    : channels.map((channel) =>
        channel.kind === 'webhook' ? { ...channel, url: `${new URL(channel.url).origin}/` } : channel,
      );

/** What the audit log keeps of channels: of a webhook its host alone, because its path may be a secret. */
export const shownChannels = (channels: AlertChannel[]) =>
  channels.map((channel) =>
    channel.kind === 'webhook' ? { kind: 'webhook', host: new URL(channel.url).host } : channel,
  );

import { z } from 'zod';
import { type SQL, sql } from '#db/drizzle.ts';

/** How one delivery went, of what a rule said or of a report. */
export const Delivery = z.object({
  channel: z.enum(['log', 'webhook', 'email']),
  status: z.enum(['pending', 'sent', 'failed']),
  attempts: z.number().int(),
  lastError: z.string().nullable(),
  sentAt: z.iso.datetime().nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

/** A column with the deliveries, in their order, of the row that `carried` names (`d.event_id = e.id`). */
export const deliveriesOf = (tenantId: string, carried: SQL): SQL =>
  sql`coalesce((select jsonb_agg(jsonb_build_object('channel', d.channel ->> 'kind', 'status', d.status,
      'attempts', d.attempts, 'lastError', d.last_error, 'sentAt', d.sent_at) order by d.id)
    from alert_deliveries d where d.tenant_id = ${tenantId} and ${carried}), '[]')`;

/** PostgreSQL writes instants in JSON with an offset; the API with a Z. */
export const toDeliveries = (deliveries: Delivery[]): Delivery[] =>
  deliveries.map((delivery) => ({
    ...delivery,
    sentAt: delivery.sentAt === null ? null : new Date(delivery.sentAt).toISOString(),
  }));

import { sql } from '#db/drizzle.ts';
import { databaseClock, newId, prepareOnce, withTransaction } from '#server/lib/index.ts';
import { prepareWithEvent } from '#server/outbox/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { type StoredAttachment, saveAttachments } from './attachments.ts';
import type { RespondInput } from './schemas.ts';

const value = sql.placeholder;
type Column = 'interactionId' | 'customerId' | 'offerId' | 'channel' | 'interactionType' | 'context' | 'occurredAt';
const storeInteraction = prepareWithEvent<Column>(
  sql`insert into interaction_history (tenant_id, id, customer_id, offer_id, channel, interaction_type, context, occurred_at)
    values (${value('tenantId')}::uuid, ${value('interactionId')}::uuid, ${value('customerId')}, ${value('offerId')}, ${value('channel')},
      ${value('interactionType')}, ${value('context')}::jsonb, ${value('occurredAt')}::timestamptz)`,
);
const storeTrace = prepareOnce<never, 'tenantId' | 'interactionId' | 'customerId' | 'trace'>(
  sql`insert into decision_traces (tenant_id, interaction_id, customer_id, trace)
    values (${value('tenantId')}, ${value('interactionId')}, ${value('customerId')}, ${value('trace')}::jsonb)`,
);

/**
 * Records an interaction with its decision trace, its attachments, whose blobs are written already, and its event,
 * all or nothing.
 * @throws ServiceError OUTBOX_EVENT_TOO_LARGE, OUTBOX_EVENT_REFUSED, OUTBOX_UNAVAILABLE, ATTACHMENT_STORE_UNAVAILABLE
 */
export function respond(
  ctx: Ctx,
  input: RespondInput,
  attachments: readonly StoredAttachment[] = [],
): Promise<{ interactionId: string; eventId: string }> {
  return withTransaction(ctx, async (tx) => {
    const interactionId = newId();
    const tenantId = ctx.tenant.id;
    const occurredAt = input.occurredAt
      ? new Date(input.occurredAt).toISOString()
      : (await databaseClock.now(tx)).toISOString();
    const { customerId, offerId, channel, interactionType, context, decisionTrace } = input;
    const payload = {
      ...{ interactionId, customerId, offerId, channel, interactionType, occurredAt, context },
      ...(attachments.length > 0 ? { attachmentIds: attachments.map(({ id }) => id) } : {}),
    };
    const event = { tenantId, type: 'interaction.recorded.v1', key: customerId, payload };
    const row = {
      interactionId,
      customerId,
      offerId,
      channel,
      interactionType,
      context: JSON.stringify(context),
      occurredAt,
    };
    // Sent together: the wait is for one round trip. Whichever is refused takes the others with it.
    const sent = [
      storeInteraction(tx, event, row),
      decisionTrace
        ? storeTrace(tx, { tenantId, interactionId, customerId, trace: JSON.stringify(decisionTrace) })
        : null,
    ] as const;
    // In the order of sending: what follows the first refusal fails because of it.
    for (const outcome of await Promise.allSettled(sent)) if (outcome.status === 'rejected') throw outcome.reason;
    const { eventId } = await sent[0];
    await saveAttachments(tx, { tenantId, interactionId, customerId }, attachments);
    return { interactionId, eventId };
  });
}

import { sql } from '#db/drizzle.ts';
import { databaseClock, newId, query, ServiceError, withTransaction } from '#server/lib/index.ts';
import { appendEvent } from '#server/outbox/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { OutcomeInput } from './schemas.ts';

/**
 * Records what became of an interaction, with its event under the same key, all or nothing.
 * @throws ServiceError INTERACTION_NOT_FOUND, OUTBOX_EVENT_TOO_LARGE, OUTBOX_EVENT_REFUSED, OUTBOX_UNAVAILABLE
 */
export function recordOutcome(ctx: Ctx, input: OutcomeInput): Promise<{ outcomeId: string; eventId: string }> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    const { interactionId, outcome } = input;
    const value = input.value ?? null;
    const [interaction] = await query<{ customerId: string }>(
      tx,
      sql`select customer_id as "customerId" from interaction_history
        where tenant_id = ${tenantId} and id = ${interactionId}`,
    );
    if (!interaction) throw new ServiceError('INTERACTION_NOT_FOUND', `no interaction ${interactionId}`);
    const outcomeId = newId();
    const occurredAt = input.occurredAt
      ? new Date(input.occurredAt).toISOString()
      : (await databaseClock.now(tx)).toISOString();
    const { customerId } = interaction;
    const { eventId } = await appendEvent(tx, {
      tenantId,
      type: 'outcome.recorded',
      key: customerId,
      payload: { outcomeId, interactionId, customerId, outcome, value, occurredAt },
    });
    await tx.execute(sql`insert into interaction_outcomes
        (tenant_id, id, interaction_id, customer_id, outcome, value, occurred_at)
      values (${tenantId}, ${outcomeId}, ${interactionId}, ${customerId}, ${outcome}, ${value}::float8,
        ${occurredAt}::timestamptz)`);
    return { outcomeId, eventId };
  });
}

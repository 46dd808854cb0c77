import { sql } from '#db/drizzle.ts';
import { databaseClock, newId, queryPrepared, ServiceError, withTransaction } from '#server/lib/index.ts';
import { prepareWithEvent } from '#server/outbox/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import type { OutcomeInput } from './schemas.ts';

const value = sql.placeholder;
type Column = 'outcomeId' | 'interactionId' | 'customerId' | 'outcome' | 'value' | 'occurredAt';
const storeOutcome = prepareWithEvent<Column>(
  sql`insert into interaction_outcomes (tenant_id, id, interaction_id, customer_id, outcome, value, occurred_at)
    values (${value('tenantId')}::uuid, ${value('outcomeId')}::uuid, ${value('interactionId')}::uuid, ${value('customerId')},
      ${value('outcome')}, ${value('value')}::float8, ${value('occurredAt')}::timestamptz)`,
);

/**
 * Records what became of an interaction, with its event under the same key, all or nothing.
 * @throws ServiceError INTERACTION_NOT_FOUND, OUTBOX_EVENT_TOO_LARGE, OUTBOX_EVENT_REFUSED, OUTBOX_UNAVAILABLE
 */
export function recordOutcome(ctx: Ctx, input: OutcomeInput): Promise<{ outcomeId: string; eventId: string }> {
  return withTransaction(ctx, async (tx) => {
    const tenantId = ctx.tenant.id;
    const { interactionId, outcome } = input;
    const amount = input.value ?? null;
    const [interaction] = await queryPrepared<{ customerId: string }>(
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
    const payload = { outcomeId, interactionId, customerId, outcome, value: amount, occurredAt };
    const { eventId } = await storeOutcome(
      tx,
      { tenantId, type: 'outcome.recorded', key: customerId, payload },
      { outcomeId, interactionId, customerId, outcome, value: amount === null ? null : String(amount), occurredAt },
    );
    return { outcomeId, eventId };
  });
}

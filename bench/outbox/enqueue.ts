// What an event costs the transaction that stores it: the business row alone, and with its event, in turn.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { newId, prepareOnce, transaction } from '#server/lib/index.ts';
import { prepareWithEvent } from '#server/outbox/index.ts';

type Variant = 'alone' | 'with event';

const value = sql.placeholder;
const ROW = sql`insert into interaction_history (tenant_id, id, customer_id, offer_id, channel, interaction_type, context)
  values (${value('tenantId')}::uuid, ${value('interactionId')}::uuid, ${value('customerId')}, 'o', 'web', 'impression', '{"page": "home"}')`;
const storeAlone = prepareOnce<never, 'tenantId' | 'interactionId' | 'customerId'>(ROW);
/** As respond does. */
const storeWithEvent = prepareWithEvent<'interactionId' | 'customerId'>(ROW);

async function once(pool: Pool, tenantId: string, variant: Variant): Promise<void> {
  await transaction(pool, { tenantId }, async (tx) => {
    const interactionId = newId();
    const customerId = `c${Math.floor(Math.random() * 5_000)}`;
    if (variant === 'alone') {
      await storeAlone(tx, { tenantId, interactionId, customerId });
      return;
    }
    const payload = { interactionId, page: 'home' };
    const event = { tenantId, type: 'interaction.recorded.v1', key: interactionId, payload };
    await storeWithEvent(tx, event, { interactionId, customerId });
  });
}

async function perSecond(pool: Pool, tenantId: string, variant: Variant, connections: number, rows: number) {
  const startedAt = performance.now();
  let left = rows;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left > 0) {
        left -= 1;
        await once(pool, tenantId, variant);
      }
    }),
  );
  return rows / ((performance.now() - startedAt) / 1_000);
}

/** Transactions a second, alone and with an event, in one round; every other round the other way round. */
export async function enqueueRound(pool: Pool, tenantId: string, connections: number, rows: number, round: number) {
  const seen: Record<Variant, number> = { alone: 0, 'with event': 0 };
  const order: Variant[] = ['alone', 'with event'];
  for (const variant of round % 2 === 0 ? order : order.toReversed())
    seen[variant] = await perSecond(pool, tenantId, variant, connections, rows);
  return { alone: seen.alone, withEvent: seen['with event'] };
}

// What an event costs the transaction that stores it: the business row alone, and with its event, in turn.

import type { Pool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { newId, queryPrepared, transaction } from '#server/lib/index.ts';
import { appendEvent } from '#server/outbox/index.ts';

type Variant = 'alone' | 'with event';

async function once(pool: Pool, tenantId: string, variant: Variant): Promise<void> {
  await transaction(pool, { tenantId }, async (tx) => {
    const interactionId = newId();
    const row = queryPrepared(
      tx,
      sql`insert into interaction_history (tenant_id, id, customer_id, offer_id, channel, interaction_type, context)
        values (${tenantId}, ${interactionId}, ${`c${Math.floor(Math.random() * 5_000)}`}, 'o', 'web', 'impression', '{"page": "home"}')`,
    );
    if (variant === 'alone') {
      await row;
      return;
    }
    // Sent together, as respond does.
    await Promise.all([
      appendEvent(tx, {
        tenantId,
        type: 'interaction.recorded.v1',
        key: interactionId,
        payload: { interactionId, page: 'home' },
      }),
      row,
    ]);
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

/** Transactions a second, alone and with an event, in one round. */
export async function enqueueRound(pool: Pool, tenantId: string, connections: number, rows: number) {
  const alone = await perSecond(pool, tenantId, 'alone', connections, rows);
  const withEvent = await perSecond(pool, tenantId, 'with event', connections, rows);
  return { alone, withEvent };
}

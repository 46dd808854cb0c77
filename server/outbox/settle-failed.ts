// What an operator does with failed events: publish them after all, or give them up; and give up one that holds its key back.
import { type SQL, sql } from '#db/drizzle.ts';
import { recordAudit } from '#server/audit/index.ts';
import { query, queryOne, type Tx, withTransaction } from '#server/lib/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { matchFilter } from './match-events.ts';
import { forgetSummary } from './read-events.ts';
import type { FailedInput } from './schemas.ts';
import { wakePublishers } from './wake.ts';

const MAX_PER_CALL = 500;
type Result = { changed: number; remaining: number };

/**
 * Puts failed events back, each at the end of its key's order, with a header that says so: later events of the key
 * may have gone out before it.
 */
export function requeueEvents(ctx: Ctx, input: FailedInput): Promise<Result> {
  return change(ctx, input, 'outbox.requeue', async (tx, id) => {
    // One by one, so that they keep their order among each other. The place is this transaction's, and so is the number:
    // a claim that began before it commits must not see the event at its new place and miss what stands before that.
    const headers = sql`headers || jsonb_build_object('mainspring-requeued', (requeue_count + 1)::text)`;
    await tx.execute(sql`update outbox_events set status = 'pending', tx = default, seq = default, attempts = 0, failed_at = null,
        requeue_count = requeue_count + 1, claim_token = null, available_at = clock_timestamp(), updated_at = clock_timestamp(),
        headers = ${headers}, headers_bytes = octet_length((${headers})::text)
      where tenant_id = ${ctx.tenant.id} and id = ${id}`);
  });
}

/**
 * Gives failed events up for good; their rows stay until they are pruned. One that is named by its id may also wait after a
 * failure: where it is all that its receiver is sent, nothing else says that the fault is its own, and its key would wait for
 * ever. One in flight is left alone, and so it is when a publisher takes it at this moment.
 */
export function discardEvents(ctx: Ctx, input: FailedInput): Promise<Result> {
  return change(ctx, input, 'outbox.discard', async (tx, id) => {
    await tx.execute(sql`update outbox_events set status = 'discarded', failed_at = null, updated_at = clock_timestamp()
      where tenant_id = ${ctx.tenant.id} and id = ${id}`);
  });
}

function change(
  ctx: Ctx,
  input: FailedInput,
  action: 'outbox.requeue' | 'outbox.discard',
  apply: (tx: Tx, id: string) => Promise<void>,
): Promise<Result> {
  return withTransaction(ctx, async (tx) => {
    const matching = matchingEvents(ctx, input, action);
    const { total } = await queryOne<{ total: number }>(
      tx,
      sql`select count(*)::int as total from outbox_events e where ${matching}`,
    );
    if (input.dryRun) return { changed: 0, remaining: total };
    // The lock comes before a new place is taken: the transaction has its number by then.
    const rows = await query<{ id: string }>(
      tx,
      sql`select e.id from outbox_events e where ${matching} order by e.seq limit ${MAX_PER_CALL} for update`,
    );
    for (const { id } of rows) await apply(tx, id);
    await recordAudit(tx, ctx, {
      ...{ action, targetKind: 'outbox_event', targetId: rows.length === 1 ? (rows[0]?.id ?? '') : '' },
      details: { changed: rows.length, ...(input.filter ? { filter: input.filter } : {}) },
      after: rows.map((row) => row.id),
    });
    tx.afterCommit(() => forgetSummary(ctx));
    // What stood behind a discarded event may go on.
    tx.afterCommit(wakePublishers);
    return { changed: rows.length, remaining: Math.max(0, total - rows.length) };
  });
}

function matchingEvents(ctx: Ctx, input: FailedInput, action: 'outbox.requeue' | 'outbox.discard'): SQL {
  const failed = sql`e.failed_at is not null and e.status = 'failed'`;
  const settled =
    action === 'outbox.discard' && input.ids
      ? sql`(${failed} or e.status = 'pending' and e.last_error is not null)`
      : failed;
  const parts = [sql`e.tenant_id = ${ctx.tenant.id} and ${settled}`];
  if (input.ids)
    parts.push(
      sql`e.id = any (array(select value::uuid from jsonb_array_elements_text(${JSON.stringify(input.ids)}::jsonb)))`,
    );
  if (input.filter) parts.push(...matchFilter(input.filter));
  return sql.join(parts, sql` and `);
}

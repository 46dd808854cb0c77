// Who may still store what they read of the subject before it was erased. A pass that completes an erasure begins only
// after all of them have ended, so that it finds what they have stored.
//
// Waited for are the transactions that were open when a pass that erased something was over, and the runs of the tenant
// that had been claimed by then: a run reads, and writes later, in transactions of its own. Only transactions of this
// product's own sessions in this database count. Each of them ends, by its own limits, at the latest with its run's; a
// dump, somebody's console or another database on the server may stay open for days and writes nothing of this. Whose
// tenant an open transaction is of nobody can see from outside it, so those of other tenants are waited for as well.
// What begins later reads what is left, and is never waited for: a busy installation ends the wait as a quiet one does.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from '#db/drizzle.ts';
import type { DsarWriters } from '#db/schema/index.ts';
import { query, queryOne, type Tx, transaction } from '#server/lib/index.ts';
import { WRITER_POLL_MS, WRITER_WAIT_MS } from './config.ts';
import type { Erasure } from './erase.ts';
import { erasureStep, isRequest, type Outcome } from './open-request.ts';

/** Sessions of web and worker. Everybody may see them in these two views, though not what they do. */
const OPEN_TRANSACTIONS = sql`select l.virtualxid as id from pg_locks l join pg_stat_activity a on a.pid = l.pid
  where l.locktype = 'virtualxid' and l.mode = 'ExclusiveLock' and l.pid <> pg_backend_pid()
    and a.datname = current_database()
    and a.usename in (session_user, regexp_replace(session_user::text, '_worker$', '_app'))`;

const claimedRuns = (tenantId: string) => sql`select run_id || ' ' || token as id from run_queue
  where tenant_id = ${tenantId} and claimed_by is not null`;

/** Those of now. */
async function listWriters(tx: Tx, tenantId: string): Promise<DsarWriters> {
  const { at, runs, transactions } = await queryOne<DsarWriters>(
    tx,
    sql`select clock_timestamp() as at, array(${claimedRuns(tenantId)}) as runs, array(${OPEN_TRANSACTIONS}) as transactions`,
  );
  return { at: new Date(at).toISOString(), runs, transactions };
}

/**
 * Those that the pass which begins next has to wait for. They are written down once after each pass that has erased
 * something, wherever that was ended: who comes later is not of them, however often the wait is taken up again.
 */
export async function noteWriters({
  deps,
  tenant,
  request,
}: Erasure): Promise<{ done: DsarWriters | null } | { outcome: Outcome }> {
  return erasureStep(deps, tenant, request.id, async (tx, { progress }) => {
    if (!progress || progress.writers || progress.found === 0) return progress?.writers ?? null;
    const writers = await listWriters(tx, tenant.id);
    await tx.execute(sql`update dsar_requests set progress = ${JSON.stringify({ ...progress, writers })}::text::jsonb
      where ${isRequest(tenant.id, request.id)}`);
    return writers;
  });
}

/** What of them is left after the wait, in words; null: nothing. */
export async function waitForWriters({ deps, tenant }: Erasure, writers: DsarWriters | null): Promise<string | null> {
  if (!writers) return null;
  const endAt = performance.now() + (deps.writerWaitMs ?? WRITER_WAIT_MS);
  for (;;) {
    const left = await transaction(deps.pool, { tenantId: tenant.id }, (tx) => countLeft(tx, tenant.id, writers));
    if (left.runs + left.transactions === 0) return null;
    if (performance.now() >= endAt || deps.isOver?.()) return toldOf(left, writers.at);
    await sleep(WRITER_POLL_MS, undefined, { signal: deps.signal });
  }
}

type Left = { runs: number; transactions: number };

async function countLeft(tx: Tx, tenantId: string, { runs, transactions }: DsarWriters): Promise<Left> {
  const among = (list: string[]) => sql`(select jsonb_array_elements_text(${JSON.stringify(list)}::text::jsonb))`;
  const [left] = await query<Left>(
    tx,
    sql`select (select count(*)::int from (${claimedRuns(tenantId)}) r where r.id in ${among(runs)}) as runs,
      (select count(*)::int from (${OPEN_TRANSACTIONS}) t where t.id in ${among(transactions)}) as transactions`,
  );
  return left ?? { runs: 0, transactions: 0 };
}

function toldOf({ runs, transactions }: Left, at: string): string {
  const parts = [
    ...(runs > 0 ? [runs === 1 ? '1 run' : `${runs} runs`] : []),
    ...(transactions > 0 ? [transactions === 1 ? '1 open transaction' : `${transactions} open transactions`] : []),
  ];
  return `${parts.join(' and ')} that began before ${at}, when the subject was erased, may still store what they read of it`;
}

// A refused attempt leaves a row too, in a transaction of its own after the refused one is gone.
import type { Pool } from '#db/client.ts';
import { auditLog } from '#db/schema/index.ts';
import { counter, type ErrorCode, type Logger, logError, transaction } from '#server/lib/index.ts';
import { type Actor, actorName, INSTALLATION } from '#server/tenancy/index.ts';
import { type Coalescer, createCoalescer, WINDOW_MS } from './coalesce.ts';
import { toKeep, withoutSecrets } from './redact.ts';

/** The log of what belongs to no tenant: sign-ins of strangers, keys that are none. Instance operators read it. */
export const INSTANCE_LOG = INSTALLATION.id;

export type Refusal = {
  /** Null: the instance's log. */
  tenantId: string | null;
  /** Null: nobody known; then `claimed` says who it pretended to be. */
  actor: Actor | null;
  claimed?: string;
  /** `room.verb`, as the mutation that was refused is called; never of the caller's making. */
  action: string;
  code: ErrorCode;
  targetKind?: string;
  targetId?: string;
  /** Small, and never a secret. */
  details?: Record<string, unknown>;
  requestId: string;
};

const refusals = counter('refused_attempts_total', 'Attempts that were refused, by code', ['code']);

type State = { coalescer: Coalescer<Refusal>; timer: NodeJS.Timeout | undefined; writing: Set<Promise<void>> };
const states = new WeakMap<Pool, State>();

const othersOf = (_log: string, first: Refusal): Refusal => ({
  ...{ tenantId: first.tenantId, actor: null, claimed: 'several', action: 'request.refuse', code: first.code },
  ...{ requestId: first.requestId, details: { several: true } },
});

function stateOf(pool: Pool): State {
  const found = states.get(pool);
  if (found) return found;
  const made: State = { coalescer: createCoalescer(othersOf), timer: undefined, writing: new Set() };
  states.set(pool, made);
  return made;
}

/**
 * Writes the first refusal of a minute for its actor and action, and counts the others, which are written as one row
 * when the minute is over. Resolves when the row is there; never rejects, because the refusal stands all the same.
 */
export async function recordRefusal(pool: Pool, log: Logger, refusal: Refusal): Promise<void> {
  refusals.labels(refusal.code).inc();
  const state = stateOf(pool);
  const place = refusal.tenantId ?? INSTANCE_LOG;
  const key = [actorOf(refusal), refusal.action, refusal.code].join('\n');
  const first = state.coalescer.take(place, key, refusal, Date.now());
  state.timer ??= setTimeout(() => {
    state.timer = undefined;
    void flushRefusals(pool, log, false);
  }, WINDOW_MS).unref();
  if (first) await keep(state, write(pool, log, first, 1));
}

/** Writes what was only counted so far; `isLast` at the end of a process. */
export async function flushRefusals(pool: Pool, log: Logger, isLast = true): Promise<void> {
  const state = stateOf(pool);
  await Promise.all(state.writing);
  for (const { entry, count } of state.coalescer.drain(Date.now(), isLast))
    void keep(state, write(pool, log, entry, count));
  await Promise.all(state.writing);
}

/** Lets flushRefusals wait for what is on its way without anybody waiting for it now. */
export const whileWriting = (pool: Pool, writing: Promise<void>): Promise<void> => keep(stateOf(pool), writing);

async function keep(state: State, writing: Promise<void>): Promise<void> {
  state.writing.add(writing);
  try {
    await writing;
  } finally {
    state.writing.delete(writing);
  }
}

const actorOf = (refusal: Refusal) => (refusal.actor ? actorName(refusal.actor) : (refusal.claimed ?? 'anonymous'));

async function write(pool: Pool, log: Logger, refusal: Refusal, count: number): Promise<void> {
  const tenantId = refusal.tenantId ?? INSTANCE_LOG;
  const text = (value: string | undefined) => String(toKeep((value ?? '').slice(0, 320)));
  try {
    await transaction(pool, { tenantId, statementTimeoutMs: 5_000 }, (tx) =>
      tx.insert(auditLog).values({
        tenantId,
        actorKind: refusal.actor?.kind ?? 'anonymous',
        actorId: text(actorOf(refusal)),
        action: refusal.action,
        outcome: 'refused',
        targetKind: text(refusal.targetKind),
        targetId: text(refusal.targetId),
        details: { ...(toKeep(withoutSecrets(refusal.details ?? {})) as object), code: refusal.code, count },
        requestId: refusal.requestId,
      }),
    );
  } catch (error) {
    logError(log, error, 'a refused attempt could not be written to the audit log', { action: refusal.action });
  }
}

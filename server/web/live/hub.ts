// Tells open pages what changed. Whoever listens, a tenant is looked at once a second and not once a listener;
// a tenant that nobody listens to is not looked at.
import type { Pool } from '#db/client.ts';
import { findLiveSessions } from '#server/auth/index.ts';
import { counter, gauge, type Logger, logError } from '#server/lib/index.ts';
import { readChanges, type Seen } from './read-changes.ts';

export type LiveListener = {
  /** Once, when the tenant has been looked at: every later change is told. */
  ready(): void;
  /** Topics that changed; called at most once a look. */
  changed(topics: readonly string[]): void;
  /** The session has ended, moved to another tenant, or gave its place to a newer page; nothing follows. */
  ended(reason: LiveEnd): void;
};
export type LiveEnd = 'session' | 'tenant' | 'replaced' | 'shutdown';

export type LiveOptions = {
  pool: Pool;
  log: Logger;
  sessionIdleSeconds: number;
  /** Between two looks at a tenant. Default 1,000. */
  pollMs?: number;
  /** Between two checks of all open sessions. Default 5,000: how long a revoked one may go on listening. */
  sessionCheckMs?: number;
  /** Pages of one session that listen at once; the oldest makes room. Default 8. */
  maxPerSession?: number;
};

type Subscription = { tenantId: string; token: string; listener: LiveListener; isReady: boolean };

/** Tenants looked at side by side: the pool is the pages' own. */
const LOOKS_AT_ONCE = 2;

const connections = gauge('live_listeners', 'Pages that listen for changes');
const looks = counter('live_looks_total', 'Looks at a tenant for changes, by outcome', ['outcome']);

export type LiveHub = ReturnType<typeof createLiveHub>;

/** Starts nothing until somebody listens. */
export function createLiveHub(options: LiveOptions) {
  const { pool, log, sessionIdleSeconds, pollMs = 1_000, sessionCheckMs = 5_000, maxPerSession = 8 } = options;
  const subscriptions = new Set<Subscription>();
  const seenOf = new Map<string, Seen>();
  let timer: NodeJS.Timeout | null = null;
  let isTurning = false;
  let checkedAtMs = 0;
  let isClosed = false;
  let isFailing = false;

  function drop(subscription: Subscription, reason: LiveEnd): void {
    if (!subscriptions.delete(subscription)) return;
    connections.set(subscriptions.size);
    subscription.listener.ended(reason);
  }

  async function look(tenantId: string): Promise<void> {
    const { topics, seen } = await readChanges(pool, tenantId, seenOf.get(tenantId) ?? null);
    looks.labels('ok').inc();
    seenOf.set(tenantId, seen);
    for (const subscription of subscriptions) {
      if (subscription.tenantId !== tenantId) continue;
      if (!subscription.isReady) subscription.listener.ready();
      else if (topics.size > 0) subscription.listener.changed([...topics]);
      subscription.isReady = true;
    }
  }

  async function checkSessions(): Promise<void> {
    const asked = [...subscriptions];
    const tokens = [...new Set(asked.map(({ token }) => token))];
    const alive = await findLiveSessions(pool, tokens, sessionIdleSeconds);
    checkedAtMs = performance.now();
    for (const subscription of asked) {
      const session = alive.get(subscription.token);
      if (!session?.tenantId) drop(subscription, 'session');
      else if (session.tenantId !== subscription.tenantId) drop(subscription, 'tenant');
    }
  }

  async function turn(): Promise<void> {
    if (performance.now() - checkedAtMs >= sessionCheckMs) await checkSessions();
    const tenants = [...new Set([...subscriptions].map(({ tenantId }) => tenantId))];
    for (const known of seenOf.keys()) if (!tenants.includes(known)) seenOf.delete(known);
    const failures: unknown[] = [];
    for (let at = 0; at < tenants.length; at += LOOKS_AT_ONCE) {
      const outcomes = await Promise.allSettled(tenants.slice(at, at + LOOKS_AT_ONCE).map(look));
      failures.push(...outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])));
    }
    // One tenant that cannot be looked at keeps no other from being told.
    if (failures.length > 0) throw failures[0];
    isFailing = false;
  }

  function wind(delayMs: number): void {
    if (timer || isTurning || isClosed || subscriptions.size === 0) return;
    timer = setTimeout(() => {
      timer = null;
      isTurning = true;
      turn()
        .catch((error: unknown) => {
          looks.labels('error').inc();
          // Once for an outage; the pages go on by themselves meanwhile.
          if (!isFailing) logError(log, error, 'changes could not be looked for');
          isFailing = true;
        })
        .finally(() => {
          isTurning = false;
          wind(pollMs);
        });
    }, delayMs);
    timer.unref();
  }

  return {
    /** Listens until the returned function is called or the session ends. */
    listen(tenantId: string, token: string, listener: LiveListener): () => void {
      const subscription: Subscription = { tenantId, token, listener, isReady: false };
      if (isClosed) {
        listener.ended('shutdown');
        return () => {};
      }
      const same = [...subscriptions].filter((other) => other.token === token);
      for (const oldest of same.slice(0, Math.max(0, same.length - maxPerSession + 1))) drop(oldest, 'replaced');
      subscriptions.add(subscription);
      connections.set(subscriptions.size);
      // The request that opened it was checked just now.
      if (subscriptions.size === 1) checkedAtMs = performance.now();
      wind(0);
      return () => {
        if (subscriptions.delete(subscription)) connections.set(subscriptions.size);
      };
    },
    /** Ends every listener, so that the server can close. */
    close(): void {
      isClosed = true;
      if (timer) clearTimeout(timer);
      for (const subscription of [...subscriptions]) drop(subscription, 'shutdown');
    },
  };
}

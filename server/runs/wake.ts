// How a runner learns of work before its next poll: in this process at once, in others by one NOTIFY for all
// runs of some 25 ms, sent after the commits and outside their transactions.
import { EventEmitter } from 'node:events';
import postgres from 'postgres';
import type { Pool } from '#db/client.ts';
import { type Logger, logError } from '#server/lib/index.ts';
import { NOTIFY_CHANNEL, NOTIFY_COALESCE_MS } from './config.ts';

const emitter = new EventEmitter().setMaxListeners(0);
let notifyPool: { pool: Pool; log: Logger } | null = null;
let timer: NodeJS.Timeout | null = null;

/** Lets wakeRunners reach other processes through this pool; called once at boot, with null at the end. */
export function notifyRunnersThrough(target: { pool: Pool; log: Logger } | null): void {
  notifyPool = target;
}

/** Tells runners that there may be work, or a cancel. Call it after the commit: `tx.afterCommit(wakeRunners)`. */
export function wakeRunners(): void {
  emitter.emit('wake');
  if (!notifyPool || timer) return;
  timer = setTimeout(sendNotify, NOTIFY_COALESCE_MS);
  timer.unref();
}

function sendNotify(): void {
  timer = null;
  const target = notifyPool;
  if (!target) return;
  target.pool.notify(NOTIFY_CHANNEL, '').catch((error: unknown) => {
    // The poll is the net.
    logError(target.log, error, 'runners of other processes could not be woken');
  });
}

/** Calls back at each wake-up of this process. Returns how to stop. */
export function onWake(listener: () => void): () => void {
  emitter.on('wake', listener);
  return () => emitter.off('wake', listener);
}

/**
 * Passes other processes' wake-ups on, over a connection of its own (not through a transaction pooler). The
 * driver connects again by itself after a break; what was missed meanwhile is found by the poll.
 */
export function listenForWakes(directUrl: string, log: Logger): { stop(): Promise<void> } {
  const client = postgres(directUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'mainspring-listen' },
  });
  const emit = () => emitter.emit('wake');
  client.listen(NOTIFY_CHANNEL, emit, emit).catch((error: unknown) => {
    logError(log, error, 'LISTEN failed; runs start at the next poll');
  });
  return { stop: () => client.end({ timeout: 1 }) };
}

// How a loop learns of work before its next poll: in this process at once, in others by a NOTIFY, the first at once and then one
// for all that came within some 25 ms, sent after the commits and outside their transactions (a NOTIFY in each costs 2 to 7
// times the commits).
import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import postgres from 'postgres';
import type { Pool } from '#db/client.ts';
import { type Logger, logError } from './log.ts';

export type WakeTarget = { pool: Pool; log: Logger };
export type WakeChannel = {
  /** Lets wake() reach other processes through this pool; called once at boot, with null at the end. */
  notifyThrough(target: WakeTarget | null): void;
  /** Tells that there may be work, and where when that is known. Call it after the commit: `tx.afterCommit(channel.wake)`. */
  wake(places?: readonly number[]): void;
  /** Calls back at each wake-up of this process. Returns how to stop. */
  onWake(listener: (places?: readonly number[]) => void): () => void;
  /**
   * Passes other processes' wake-ups on, over a connection of its own (not through a transaction pooler). The
   * driver connects again by itself after a break; what was missed meanwhile is found by the poll.
   */
  listen(directUrl: string, log: Logger): { stop(): Promise<void> };
};

/** One channel per kind of work; `coalesceMs` is how long wake-ups are gathered. */
export function createWakeChannel(options: { channel: string; coalesceMs: number }): WakeChannel {
  const emitter = new EventEmitter().setMaxListeners(0);
  let target: WakeTarget | null = null;
  let timer: NodeJS.Timeout | null = null;
  let notifiedAtMs = Number.NEGATIVE_INFINITY;
  /** What others were not told of yet; null: it may be anywhere. */
  let untold: Set<number> | null = new Set();
  // Whoever tells it hears it again, and knows it already.
  const me = randomUUID();
  const emit = (places?: readonly number[]) => void emitter.emit('wake', places);

  function hear(payload: string): void {
    const [from, places] = payload.split(' ');
    if (from !== me) emit(places ? places.split(',').map(Number) : undefined);
  }

  function sendNotify(): void {
    timer = null;
    const payload = untold ? `${me} ${[...untold].join(',')}` : me;
    untold = new Set();
    notifiedAtMs = performance.now();
    const current = target;
    if (!current) return;
    current.pool.notify(options.channel, payload).catch((error: unknown) => {
      // The poll is the net.
      logError(current.log, error, 'other processes could not be woken', { channel: options.channel });
    });
  }

  return {
    notifyThrough(next) {
      target = next;
    },
    wake(places) {
      emit(places);
      if (!target) return;
      if (places && untold) for (const place of places) untold.add(place);
      else untold = null;
      if (timer) return;
      timer = setTimeout(sendNotify, Math.max(0, notifiedAtMs + options.coalesceMs - performance.now()));
      timer.unref();
    },
    onWake(listener) {
      emitter.on('wake', listener);
      return () => emitter.off('wake', listener);
    },
    listen(directUrl, log) {
      const client = postgres(directUrl, {
        max: 1,
        onnotice: () => {},
        connection: { application_name: 'mainspring-listen' },
      });
      client
        .listen(options.channel, hear, () => emit())
        .catch((error: unknown) => {
          logError(log, error, 'LISTEN failed; work is found at the next poll', { channel: options.channel });
        });
      return { stop: () => client.end({ timeout: 1 }) };
    },
  };
}

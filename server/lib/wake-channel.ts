// How a loop learns of work before its next poll: in this process at once, in others by one NOTIFY for all that
// came within some 25 ms, sent after the commits and outside their transactions (a NOTIFY in each costs 2 to 7
// times the commits).
import { EventEmitter } from 'node:events';
import postgres from 'postgres';
import type { Pool } from '#db/client.ts';
import { type Logger, logError } from './log.ts';

export type WakeTarget = { pool: Pool; log: Logger };
export type WakeChannel = {
  /** Lets wake() reach other processes through this pool; called once at boot, with null at the end. */
  notifyThrough(target: WakeTarget | null): void;
  /** Tells that there may be work. Call it after the commit: `tx.afterCommit(channel.wake)`. */
  wake(): void;
  /** Calls back at each wake-up of this process. Returns how to stop. */
  onWake(listener: () => void): () => void;
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
  const emit = () => void emitter.emit('wake');

  function sendNotify(): void {
    timer = null;
    const current = target;
    if (!current) return;
    current.pool.notify(options.channel, '').catch((error: unknown) => {
      // The poll is the net.
      logError(current.log, error, 'other processes could not be woken', { channel: options.channel });
    });
  }

  return {
    notifyThrough(next) {
      target = next;
    },
    wake() {
      emit();
      if (!target || timer) return;
      timer = setTimeout(sendNotify, options.coalesceMs);
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
      client.listen(options.channel, emit, emit).catch((error: unknown) => {
        logError(log, error, 'LISTEN failed; work is found at the next poll', { channel: options.channel });
      });
      return { stop: () => client.end({ timeout: 1 }) };
    },
  };
}

// How a runner learns of work before its next poll.
import { createWakeChannel } from '#server/lib/index.ts';
import { NOTIFY_CHANNEL, NOTIFY_COALESCE_MS } from './config.ts';

const channel = createWakeChannel({ channel: NOTIFY_CHANNEL, coalesceMs: NOTIFY_COALESCE_MS });

/** Lets wakeRunners reach other processes through this pool; called once at boot, with null at the end. */
export const notifyRunnersThrough = channel.notifyThrough;

/** Tells runners that there may be work, or a cancel. Call it after the commit: `tx.afterCommit(wakeRunners)`. */
export const wakeRunners = channel.wake;

/** Calls back at each wake-up of this process. Returns how to stop. */
export const onWake = channel.onWake;

/** Passes other processes' wake-ups on, over a connection of its own (not through a transaction pooler). */
export const listenForWakes = channel.listen;

// How a publisher learns of events before its next poll.
import { createWakeChannel } from '#server/lib/index.ts';
import { NOTIFY_CHANNEL, NOTIFY_COALESCE_MS } from './config.ts';

const channel = createWakeChannel({ channel: NOTIFY_CHANNEL, coalesceMs: NOTIFY_COALESCE_MS });

/** Lets wakePublishers reach other processes through this pool; called once at boot, with null at the end. */
export const notifyPublishersThrough = channel.notifyThrough;

/** Tells publishers that there may be events, of these lanes when they are known. Call it after the commit; append.ts does. */
export const wakePublishers = channel.wake;

/** Calls back at each wake-up of this process, with the lanes when they are known. Returns how to stop. */
export const onOutboxWake = channel.onWake;

/** Passes other processes' wake-ups on, over a connection of its own (not through a transaction pooler). */
export const listenForEvents = channel.listen;

// The dead man's switch: an address outside is called every minute while all is well (isAllWell of server/fleet): the scheduler
// turns and has nothing overdue, a worker and a publisher are there, alerts are told, and what is published has been taken within the last minute.
// Whoever watches that address hears of a dead installation by the silence; from inside nobody could tell them.
import { type Logger, logError } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';

const EVERY_MS = 60_000;
const DEADLINE_MS = 10_000;

export type DeadManOptions = {
  url: string;
  log: Logger;
  outbound: OutboundClient;
  /** Asked before each call. Rejecting counts as no. */
  isAllWell: () => Promise<boolean>;
  /** Default 60,000. */
  everyMs?: number;
};

/** Calls at once when started, and then every `everyMs`. */
export function deadManSwitch(options: DeadManOptions) {
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let calling: Promise<void> = Promise.resolve();
  let isFailing = false;

  async function call(): Promise<void> {
    try {
      if (!(await options.isAllWell())) return;
      const { status } = await options.outbound.request({
        ...{ trust: 'operator', method: 'POST', url: options.url, deadlineMs: DEADLINE_MS, signal: stopping.signal },
        maxResponseBytes: 10_000,
      });
      if (status < 200 || status > 299) throw new Error(`the heartbeat address answered ${status}`);
      isFailing = false;
    } catch (error) {
      if (!isFailing && !stopping.signal.aborted)
        logError(options.log, error, 'the heartbeat address cannot be called; trying again every minute');
      isFailing = true;
    }
  }
  function turn(): void {
    calling = call().finally(() => {
      if (!stopping.signal.aborted) timer = setTimeout(turn, options.everyMs ?? EVERY_MS);
    });
  }
  return {
    start: turn,
    async stop(): Promise<void> {
      stopping.abort();
      clearTimeout(timer);
      await calling;
    },
  };
}

// What waits in the outbox, said by workers and web processes too: as publishers elsewhere counted it, which may have no port
// to be scraped at, and counted here while no publisher does it. The page must go on drawing, and the alert fire, just when all
// publishers are away, and the workers with them.
import type { Pool } from '#db/client.ts';
import { type Logger, logError } from '#server/lib/index.ts';
import { createUnwatchedObserver } from './observe-backlog.ts';

const LOOK_MS = 10_000;

/** Looks at once and every ten seconds, one look at a time. `ownPublisher` names the publisher in this process, null without one. */
export function outboxWatch(config: { pool: Pool; log: Logger; ownPublisher: string | null }) {
  const observeUnwatched = createUnwatchedObserver(config);
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> = Promise.resolve();
  let isLooking = false;
  let isFailing = false;

  async function look(): Promise<void> {
    try {
      await observeUnwatched(config.pool);
      isFailing = false;
    } catch (error) {
      if (!isFailing) logError(config.log, error, 'the outbox could not be counted; next try in ten seconds');
      isFailing = true;
    }
    isLooking = false;
  }

  return {
    start() {
      const begin = () => {
        if (isLooking) return;
        isLooking = true;
        underWay = look();
      };
      begin();
      timer = setInterval(begin, LOOK_MS);
    },
    async stop() {
      clearInterval(timer);
      await underWay;
    },
  };
}

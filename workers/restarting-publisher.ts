import type { Health } from '#server/fleet/index.ts';
import { type Logger, logError } from '#server/lib/index.ts';
import type { PublisherLoop } from './publisher-loop.ts';

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;

/** Co-located: where the process would exit, the loop is stopped and a new one is made after a growing pause. */
export function restartingPublisher(
  log: Logger,
  make: (onGivingUp: () => void) => PublisherLoop,
  pauses: { firstMs: number; longestMs: number } = { firstMs: FIRST_PAUSE_MS, longestMs: LONGEST_PAUSE_MS },
) {
  let current: PublisherLoop | null = null;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = pauses.firstMs;
  let ending: Promise<void> = Promise.resolve();
  let isStopped = false;
  let hasGivenUp = false;

  function begin(): void {
    if (isStopped) return;
    hasGivenUp = false;
    const begunAtMs = performance.now();
    const loop = make(() => {
      current = null;
      hasGivenUp = true;
      // One that had worked for long failed for a new reason.
      if (performance.now() - begunAtMs > pauses.longestMs) pauseMs = pauses.firstMs;
      log.error({ pauseMs }, 'outbox-publisher gave up for now; it is started again after a pause');
      ending = loop.stop({ isForNow: true }).catch((error: unknown) => {
        logError(log, error, 'the outbox-publisher that gave up could not be stopped cleanly');
      });
      // Both have one name: the old one must have left its last sign before the new one signs on.
      timer = setTimeout(() => void ending.then(begin), pauseMs);
      pauseMs = Math.min(pauses.longestMs, pauseMs * 2);
    });
    current = loop;
    loop.start();
  }

  return {
    start: begin,
    /** It gave up and waits to be started again. */
    hasGivenUp: () => hasGivenUp,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await current?.stop();
      await ending;
    },
  };
}

/** A worker whose publisher waits to be started again is not well, and says which part is down. */
export const withPublisherDown = (health: Health): Health => ({
  ...health,
  status: health.status === 'down' ? 'down' : 'degraded',
  components: { ...health.components, publisher: { ...health.components.publisher, status: 'down' } },
});

import type { Logger } from '#server/lib/index.ts';
import type { PublisherLoop } from './publisher-loop.ts';

const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;

/** Co-located: where the process would exit, the loop is stopped and a new one is made after a growing pause. */
export function restartingPublisher(log: Logger, make: (onGivingUp: () => void) => PublisherLoop) {
  let current: PublisherLoop | null = null;
  let timer: NodeJS.Timeout | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  let isStopped = false;

  function begin(): void {
    if (isStopped) return;
    const loop = make(() => {
      current = null;
      log.error({ pauseMs }, 'outbox-publisher gave up for now; it is started again after a pause');
      void loop.stop();
      timer = setTimeout(begin, pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    });
    current = loop;
    loop.start();
  }

  return {
    start: begin,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await current?.stop();
    },
  };
}

// How a publisher waits: for news between its turns, and within a turn a lane that has nothing for those that have.
import { setTimeout as wait } from 'node:timers/promises';

const GATHER_MS = 5;

export type Waits = ReturnType<typeof createWaits>;

/** Waiting that a wake-up ends; one that came while nobody waited ends the next wait at once. */
export function createWaits() {
  let wakes = 0;
  let seen = 0;
  let hasEnded = false;
  let news = Promise.withResolvers<void>();
  let stopWaiting: (() => void) | null = null;

  async function sleep(ms: number, isWakeable: boolean): Promise<void> {
    if (hasEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    stopWaiting = resolve;
    await (isWakeable ? Promise.race([promise, news.promise]) : promise);
    clearTimeout(timer);
  }
  const tell = () => {
    news.resolve();
    news = Promise.withResolvers<void>();
  };
  return {
    wake() {
      wakes += 1;
      tell();
    },
    end() {
      hasEnded = true;
      stopWaiting?.();
      tell();
    },
    /** Wake-ups so far. */
    wakes: () => wakes,
    /** Until the next wake-up, or the end. */
    news: () => (hasEnded ? Promise.resolve() : news.promise),
    async wait(ms: number) {
      if (wakes === seen) await sleep(ms, true);
      seen = wakes;
    },
    /** Not ended by wake-ups: during an outage they are noise. */
    pause: (ms: number) => sleep(ms, false),
  };
}

/**
 * A turn of some lanes, in which none waits for another: one that has nothing left looks again with every wake-up as long as
 * another is at work. It is over when none has anything left, when the time is up, or when it is ended.
 */
export function createRound(lanes: number, untilMs: number, waits: Pick<Waits, 'wakes' | 'news'>) {
  let busy = lanes;
  let isOver = false;
  const over = Promise.withResolvers<void>();
  const end = () => {
    isOver = true;
    over.resolve();
  };
  const leave = () => {
    busy -= 1;
    if (busy === 0) end();
  };
  const goesOn = () => !isOver && performance.now() < untilMs;
  return {
    goesOn,
    end,
    /** Every lane leaves once. */
    leave,
    /** After a look that began when there had been `wakes` wake-ups and found no more: whether to look again. */
    async hasNews(wakes: number): Promise<boolean> {
      leave();
      if (waits.wakes() === wakes) await Promise.race([waits.news(), over.promise]);
      // One look for the wake-ups of some milliseconds: most of them are for another lane's events.
      if (goesOn()) await wait(GATHER_MS);
      busy += 1;
      return goesOn();
    },
  };
}

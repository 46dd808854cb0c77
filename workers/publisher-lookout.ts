// Where the lanes of a publisher wait that have nothing to publish. A wake-up does not say whose event came, and a claim
// to find out costs a commit: one look for all of them says which have something, and only those claim.

/** One look for the wake-ups of so long: most of them come in crowds. A lane that is at work gathers more by itself. */
export const GATHER_MS = 2;

type Idle = {
  /** There was a wake-up since this lane was looked at. */
  isUnseen: boolean;
  /** Its last claim was for nothing, and the next one is not due before. */
  restUntilMs: number;
  leave: (hasNews: boolean) => void;
};
export type Lookout<Lane> = ReturnType<typeof createLookout<Lane>>;

/**
 * `look` says which of the lanes have something. It must not throw: when it is not known, all of them do, and their
 * claims will say what is wrong.
 */
export function createLookout<Lane>(
  look: (lanes: readonly Lane[]) => Promise<ReadonlySet<Lane>>,
  gatherMs = GATHER_MS,
) {
  const idle = new Map<Lane, Idle>();
  let wakes = 0;
  let hasEnded = false;
  let isLooking = false;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    clearTimeout(timer);
    if (isLooking || hasEnded) return;
    let dueAtMs = Number.POSITIVE_INFINITY;
    for (const { isUnseen, restUntilMs } of idle.values()) if (isUnseen) dueAtMs = Math.min(dueAtMs, restUntilMs);
    if (dueAtMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(dueAtMs, lookedAtMs + gatherMs) - performance.now();
    if (waitMs > 0) timer = setTimeout(() => void lookOnce(), waitMs);
    else void lookOnce();
  }

  async function lookOnce(): Promise<void> {
    const nowMs = performance.now();
    const asked = [...idle].filter(([, { isUnseen, restUntilMs }]) => isUnseen && restUntilMs <= nowMs);
    // What comes from here on may not be seen by this look.
    for (const [, one] of asked) one.isUnseen = false;
    isLooking = true;
    if (asked.length > 0) {
      lookedAtMs = nowMs;
      const found = await look(asked.map(([lane]) => lane));
      for (const [lane, one] of asked) if (found.has(lane) && idle.get(lane) === one) one.leave(true);
    }
    isLooking = false;
    schedule();
  }

  return {
    wake() {
      wakes += 1;
      for (const one of idle.values()) one.isUnseen = true;
      if (idle.size > 0) schedule();
    },
    /** Wake-ups so far. */
    wakes: () => wakes,
    /**
     * Until there is something for the lane: true; or for `atMostMs`, or until it is released: false. `seenWakes`: how many
     * wake-ups there had been when it last looked by itself; `restMs`: not looked at for so long.
     */
    untilNews(lane: Lane, { seenWakes, restMs, atMostMs }: { seenWakes: number; restMs: number; atMostMs: number }) {
      if (hasEnded) return Promise.resolve(false);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const leave = (hasNews: boolean) => {
        clearTimeout(timeout);
        idle.delete(lane);
        resolve(hasNews);
      };
      const timeout = setTimeout(() => leave(false), Math.max(0, atMostMs));
      idle.set(lane, { isUnseen: wakes !== seenWakes, restUntilMs: performance.now() + restMs, leave });
      schedule();
      return promise;
    },
    /** Lets a lane go on that waits here. */
    release: (lane: Lane) => idle.get(lane)?.leave(false),
    /** Lets all go on, and nobody waits here any more. */
    end() {
      hasEnded = true;
      clearTimeout(timer);
      for (const { leave } of [...idle.values()]) leave(false);
    },
  };
}

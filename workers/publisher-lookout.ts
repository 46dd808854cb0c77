// Where the lanes of a publisher wait that have nothing to publish. A wake-up that names lanes lets those claim; one that does not
// say whose event came is asked after by one look for all of them, as each claim to find out would cost a commit.

/** One look, and one claim of a lane that waits, for the wake-ups of so long: most of them come in crowds. A lane at work gathers more by itself. */
export const GATHER_MS = 2;

/** Wake-ups so far: those that named no lane, and those that named this one. */
export type Wakes = { any: number; own: number };

type Idle = {
  /** There was a wake-up since this lane was looked at, which did not say whose event came. */
  isUnseen: boolean;
  /** There was one that named it. */
  isNamed: boolean;
  /** Its last claim was for nothing, and the next one is not due before. */
  restUntilMs: number;
  leave: (hasNews: boolean) => void;
};
export type Lookout<Lane> = ReturnType<typeof createLookout<Lane>>;

/**
 * `look` says which of the lanes have something; `numberOf`, which one a wake-up means. A look must not throw: when it is not known,
 * all of them do, and their claims will say what is wrong.
 */
export function createLookout<Lane>(
  look: (lanes: readonly Lane[]) => Promise<ReadonlySet<Lane>>,
  numberOf: (lane: Lane) => number,
  gatherMs = GATHER_MS,
) {
  const idle = new Map<Lane, Idle>();
  let anyWakes = 0;
  const ownWakes = new Map<number, number>();
  /** When a lane was let go because it was named. */
  const leftAtMs = new Map<number, number>();
  let hasEnded = false;
  let isLooking = false;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const wakesOf = (lane: Lane): Wakes => ({ any: anyWakes, own: ownWakes.get(numberOf(lane)) ?? 0 });

  function dueAtMs(lane: Lane, { isNamed, isUnseen, restUntilMs }: Idle): number {
    if (isNamed) return Math.max(restUntilMs, (leftAtMs.get(numberOf(lane)) ?? Number.NEGATIVE_INFINITY) + gatherMs);
    return isUnseen && !isLooking ? Math.max(restUntilMs, lookedAtMs + gatherMs) : Number.POSITIVE_INFINITY;
  }

  function schedule(): void {
    clearTimeout(timer);
    if (hasEnded) return;
    let nextMs = Number.POSITIVE_INFINITY;
    for (const [lane, one] of idle) nextMs = Math.min(nextMs, dueAtMs(lane, one));
    if (nextMs === Number.POSITIVE_INFINITY) return;
    const waitMs = nextMs - performance.now();
    if (waitMs > 0) timer = setTimeout(act, waitMs);
    else act();
  }

  /** Lets go what was named, and looks at the rest of what is due. */
  function act(): void {
    const nowMs = performance.now();
    const due = [...idle].filter(([lane, one]) => dueAtMs(lane, one) <= nowMs);
    for (const [lane, one] of due) {
      if (!one.isNamed) continue;
      leftAtMs.set(numberOf(lane), nowMs);
      one.leave(true);
    }
    const asked = due.filter(([, { isNamed }]) => !isNamed);
    if (asked.length > 0) void lookAt(asked, nowMs);
    else schedule();
  }

  async function lookAt(asked: readonly [Lane, Idle][], nowMs: number): Promise<void> {
    // What comes from here on may not be seen by this look.
    for (const [, one] of asked) one.isUnseen = false;
    isLooking = true;
    lookedAtMs = nowMs;
    const finding = look(asked.map(([lane]) => lane));
    schedule();
    const found = await finding;
    for (const [lane, one] of asked) if (found.has(lane) && idle.get(lane) === one) one.leave(true);
    isLooking = false;
    schedule();
  }

  return {
    /** There may be events, of these lanes when they are known. */
    wake(lanes?: readonly number[]) {
      if (!lanes) anyWakes += 1;
      for (const lane of lanes ?? []) ownWakes.set(lane, (ownWakes.get(lane) ?? 0) + 1);
      for (const [lane, one] of idle) {
        if (!lanes) one.isUnseen = true;
        else if (lanes.includes(numberOf(lane))) one.isNamed = true;
      }
      if (idle.size > 0) schedule();
    },
    wakesOf,
    /** Whether there were wake-ups that may concern the lane since `seen`. */
    hasWoken(lane: Lane, seen: Wakes): boolean {
      const { any, own } = wakesOf(lane);
      return any !== seen.any || own !== seen.own;
    },
    /**
     * Until there is something for the lane: true; or for `atMostMs`, or until it is released: false. `seenWakes`: those
     * that there had been when it last looked by itself; `restMs`: not looked at, nor let go by its name, for so long.
     */
    untilNews(lane: Lane, { seenWakes, restMs, atMostMs }: { seenWakes: Wakes; restMs: number; atMostMs: number }) {
      if (hasEnded) return Promise.resolve(false);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const leave = (hasNews: boolean) => {
        clearTimeout(timeout);
        idle.delete(lane);
        resolve(hasNews);
      };
      const timeout = setTimeout(() => leave(false), Math.max(0, atMostMs));
      const { any, own } = wakesOf(lane);
      const [isUnseen, isNamed] = [any !== seenWakes.any, own !== seenWakes.own];
      idle.set(lane, { isUnseen, isNamed, restUntilMs: performance.now() + restMs, leave });
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

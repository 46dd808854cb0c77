type Instants = {
  hasSchedule: boolean;
  isPaused: boolean;
  /** The latest instant whose verdict is fired, late or pending, and when its run started. */
  expectedAt: Date | null;
  startedAt: Date | null;
  /** Nobody waits for that run any more: it ended without a start, or its record is gone. */
  isSettled: boolean;
  nextFireAt: Date | null;
  now: Date;
};

const GRACE_MS = 60_000;

/**
 * Lag of a schedule in minutes, to a hundredth: its latest instant's start − expected, or now − expected while
 * it has not started. An instant that is due but that no tick has decided for a minute counts as not started,
 * so that the lag grows when the scheduler is dead. Null while paused, without a schedule,
 * before the first, and when nobody waits for that run any more.
 */
export function lagMinutes(given: Instants): { expectedAt: string | null; lagMinutes: number | null } {
  const { nextFireAt, now } = given;
  const isOverdue = nextFireAt !== null && now.getTime() - nextFireAt.getTime() > GRACE_MS;
  const expectedAt = isOverdue ? nextFireAt : given.expectedAt;
  const startedAt = isOverdue ? null : given.startedAt;
  const isSettled = !isOverdue && given.isSettled;
  if (!given.hasSchedule || given.isPaused || isSettled || !expectedAt)
    return { expectedAt: given.hasSchedule ? (expectedAt?.toISOString() ?? null) : null, lagMinutes: null };
  const lagMs = (startedAt ?? now).getTime() - expectedAt.getTime();
  return { expectedAt: expectedAt.toISOString(), lagMinutes: Math.max(0, Math.round(lagMs / 600) / 100) };
}

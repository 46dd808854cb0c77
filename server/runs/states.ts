import type { RUN_STATUSES } from '#db/schema/index.ts';

export type RunStatus = (typeof RUN_STATUSES)[number];

/** Every move there is. queued again: an attempt failed or was lost and another one is left. */
export const RUN_MOVES: Record<RunStatus, readonly RunStatus[]> = {
  queued: ['running', 'cancelled', 'skipped', 'failed'],
  running: ['succeeded', 'failed', 'cancelled', 'queued'],
  succeeded: [],
  failed: [],
  cancelled: [],
  skipped: [],
};

export const hasEnded = (status: RunStatus): boolean => RUN_MOVES[status].length === 0;

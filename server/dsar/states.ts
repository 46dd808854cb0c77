import type { DsarState } from '#db/schema/index.ts';

/**
 * What may follow what. `refused`: a hold keeps it from being carried out; once that is released it goes on by itself.
 * `waiting` after `running`: it waits for something of ours, such as events that are still to be published.
 */
export const MOVES: Readonly<Record<DsarState, readonly DsarState[]>> = {
  waiting: ['running', 'refused', 'cancelled'],
  running: ['completed', 'refused', 'failed', 'waiting'],
  refused: ['running', 'cancelled'],
  failed: ['running', 'refused', 'cancelled'],
  completed: [],
  cancelled: [],
};

export const isOpen = (state: DsarState): boolean => MOVES[state].length > 0;
export const mayMove = (from: DsarState, to: DsarState): boolean => MOVES[from].includes(to);

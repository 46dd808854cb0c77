/**
 * Says whether so many milliseconds are over since this call. A job asks between its batches and returns by itself what
 * it did, well before its limit ends it without a word; what it leaves undone the next run does.
 */
export function startBudget(budgetMs: number): () => boolean {
  const endAtMs = performance.now() + budgetMs;
  return () => performance.now() >= endAtMs;
}

/**
 * Of the time that is left, as many budgets as there are `parts`, one after the other: what one did not use is its
 * followers', so that one with a large backlog takes nobody's turn.
 */
export function shareBudget(budgetMs: number, parts: number): () => { isOver: () => boolean; leftMs: number } {
  const endAtMs = performance.now() + budgetMs;
  let waiting = parts;
  return () => {
    const leftMs = Math.max(0, endAtMs - performance.now()) / Math.max(1, waiting--);
    return { leftMs, isOver: startBudget(leftMs) };
  };
}

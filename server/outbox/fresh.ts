import type { Pool } from '#db/client.ts';

/**
 * Answers of a dear question, each kept for `freshMs` from when it came, and asked for once however many callers wait for it
 * and however long it takes. `forget` drops those whose key begins so, for whoever knows that the answer has changed.
 */
export function createFresh<T>(freshMs: number) {
  const known = new WeakMap<Pool, Map<string, { answer: Promise<T>; untilMs: number }>>();
  const of = (pool: Pool) => {
    const answers = known.get(pool) ?? new Map<string, { answer: Promise<T>; untilMs: number }>();
    known.set(pool, answers);
    return answers;
  };
  return {
    get(pool: Pool, key: string, ask: () => Promise<T>): Promise<T> {
      const answers = of(pool);
      const now = performance.now();
      for (const [old, { untilMs }] of answers) if (untilMs <= now) answers.delete(old);
      const found = answers.get(key);
      if (found) return found.answer;
      const answer = ask();
      const entry = { answer, untilMs: Number.POSITIVE_INFINITY };
      answers.set(key, entry);
      answer.then(
        () => {
          entry.untilMs = performance.now() + freshMs;
        },
        // A failure is nobody's answer but of those who waited for it.
        () => answers.get(key) === entry && answers.delete(key),
      );
      return answer;
    },
    forget(pool: Pool, start: string): void {
      const answers = of(pool);
      for (const key of answers.keys()) if (key.startsWith(start)) answers.delete(key);
    },
  };
}

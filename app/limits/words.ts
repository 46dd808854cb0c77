import type { LimitName, Limits } from '#server/web/index.ts';

interface LimitWords {
  label: string;
  /** What is counted, and what happens at the limit. */
  says: string;
  /** What the API takes. */
  least: number;
  most: number;
}

/** A limit that is added to the union and not here fails to compile. */
export const LIMIT_WORDS: Record<LimitName, LimitWords> = {
  requestsPerSecond: {
    label: 'Requests a second',
    says: 'Of pages, REST and tRPC together, in each web process. Above it: 429 with Retry-After; two seconds’ worth is let through at once.',
    ...{ least: 1, most: 1_000_000 },
  },
  pipelines: {
    label: 'Pipelines',
    says: 'Not archived. At the limit no further one is made.',
    ...{ least: 0, most: 1_000_000 },
  },
  schedules: {
    label: 'Schedules',
    says: 'Enabled. At the limit no further one is published.',
    ...{ least: 0, most: 1_000_000 },
  },
  queuedRuns: {
    label: 'Waiting and running runs',
    says: 'At the limit a run by hand is refused; what a schedule fires is queued all the same.',
    ...{ least: 0, most: 10_000_000 },
  },
  concurrentRuns: {
    label: 'Runs at once',
    says: 'At the limit further ones wait for their turn.',
    ...{ least: 1, most: 10_000 },
  },
};

export const LIMIT_NAMES = Object.keys(LIMIT_WORDS) as LimitName[];

/** The limit, and what is used of it; null where nobody counts it across processes. */
export function shareOf(limits: Limits, name: LimitName): { used: number | null; limit: number } {
  return name === 'requestsPerSecond' ? { used: null, limit: limits.requestsPerSecond } : limits.quotas[name];
}

/** Used parts from which a limit is worth a look. */
const NEAR_SHARE = 0.8;

export const toneOf = (used: number, limit: number): 'ok' | 'warn' | 'bad' =>
  used >= limit ? 'bad' : used >= NEAR_SHARE * limit ? 'warn' : 'ok';

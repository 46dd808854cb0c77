import type { LimitName, Limits } from '#server/web/index.ts';
import { count } from '../time/format.ts';
import { LIMIT_NAMES, LIMIT_WORDS, shareOf } from './words.ts';

type Change = Partial<Record<LimitName, number | null>>;

/**
 * What a form changes of the limits: only what differs from how they stand, so that a default stays one. An empty
 * field gives the default back. A message for the person where a field holds no number that is taken.
 */
export function readLimits(form: FormData, limits: Limits): { change: Change } | { problem: string } {
  const change: Change = {};
  for (const name of LIMIT_NAMES) {
    const value = form.get(name);
    if (typeof value !== 'string') continue;
    const text = value.trim();
    const { label, least, most } = LIMIT_WORDS[name];
    if (text === '') {
      change[name] = null;
      continue;
    }
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (!(number >= least && number <= most))
      return {
        problem: `${label} must be a whole number from ${count(least)} to ${count(most)}; it is "${text}".`,
      };
    if (number !== shareOf(limits, name).limit) change[name] = number;
  }
  return { change };
}

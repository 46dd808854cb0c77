import type { PageError } from '../page-error.ts';

/** What can be read now and never again. */
export interface Once {
  label: string;
  value: string;
  note: string;
}

export type Outcome = { ok: true; title: string; detail?: string; once?: Once } | { ok: false; error: PageError };

import type { Problem } from '#server/ir/index.ts';
import { ServiceError } from '#server/lib/index.ts';

/**
 * Refuses a schedule: DOCUMENT_INVALID whose details are the problems, with pointers relative to the schedule.
 * validateSchedule turns it back into problems; anywhere else it means that an unchecked schedule got through.
 */
export function refuseSchedule(pointer: string, code: string, message: string): never {
  throw new ServiceError('DOCUMENT_INVALID', message, [problemOf(pointer, code, message)]);
}

/** One problem of a schedule; `pointer` is relative to it, e.g. `/expression`. */
export function problemOf(
  pointer: string,
  code: string,
  message: string,
  severity: Problem['severity'] = 'error',
): Problem {
  return { pointer, code, message, severity };
}

import { ServiceError } from '#server/lib/index.ts';

/** Why a repository could not be read. */
export type UnreadableCause =
  | 'auth'
  | 'not_found'
  | 'moved'
  | 'empty'
  | 'branch'
  | 'folder'
  | 'too_large'
  | 'protocol'
  | 'deadline';

/** `reason` goes into the details, so that a script need not read the sentence. */
export const unreadable = (reason: UnreadableCause, message: string, cause?: unknown): ServiceError =>
  new ServiceError('REPOSITORY_UNREADABLE', message, { reason }, cause === undefined ? undefined : { cause });

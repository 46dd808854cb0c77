import { ServiceError } from './errors.ts';

/**
 * For what two people may have open at once: what was changed since one of them read it is not overwritten. `read` is
 * the `updatedAt` that they saw, null where nothing was set yet; undefined asks for no check. Call it with the row locked.
 * @throws ServiceError VERSION_STALE
 */
export function refuseStale(
  what: string,
  read: string | null | undefined,
  stored: { updatedAt: string | null; updatedBy: string | null },
): void {
  if (read === undefined || toMs(read) === toMs(stored.updatedAt)) return;
  throw new ServiceError(
    'VERSION_STALE',
    `${what} was changed by ${stored.updatedBy ?? 'somebody'} since you read it, and nothing of yours was saved; look at it as it is now and change it again`,
    { updatedAt: stored.updatedAt, ifUpdatedAt: read },
  );
}

const toMs = (at: string | null) => (at === null ? null : new Date(at).getTime());

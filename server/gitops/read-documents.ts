import { type OpenConnection, outboundClient } from '#server/connections/index.ts';
import { makeTurns } from '#server/lib/index.ts';
import { MAX_READINGS, MAX_WAITING, READ_DEADLINE_MS } from './limits.ts';
import { parseFiles, type ReadDocument } from './parse-files.ts';
import { type Commit, readRepository } from './read-repository.ts';
import { unreadable } from './unreadable.ts';

/** Reading a repository takes memory and the processor. */
const inTurn = makeTurns({ atOnce: MAX_READINGS, mostWaiting: MAX_WAITING, doing: 'the repository is being read' });

export type RepositoryDocuments = { commit: Commit; files: number; documents: ReadDocument[] };

/**
 * What the tenant's repository says, read and parsed under one deadline when it is the tenant's turn.
 * @throws ServiceError REPOSITORY_UNREADABLE with the reason; ADDRESS_REFUSED, OUTBOUND_UNREACHABLE, OUTBOUND_DEADLINE;
 * RATE_LIMITED when too many readings wait; the signal's reason
 */
export function readDocuments(
  tenantId: string,
  connection: OpenConnection<'git'>,
  { signal, readDeadlineMs = READ_DEADLINE_MS }: { signal?: AbortSignal; readDeadlineMs?: number } = {},
): Promise<RepositoryDocuments> {
  return inTurn(tenantId, signal, async () => {
    const deadline = AbortSignal.timeout(readDeadlineMs);
    const either = signal ? AbortSignal.any([signal, deadline]) : deadline;
    try {
      const { commit, files, skipped } = await readRepository(outboundClient(), connection, either);
      const documents = await parseFiles({ files, skipped }, either);
      return { commit, files: files.length, documents };
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.aborted)
        throw unreadable('deadline', `the repository could not be read within ${readDeadlineMs / 1_000} s`, error);
      throw error;
    }
  });
}

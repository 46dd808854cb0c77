// What takes memory and the processor, or a connection for minutes: few at once in a process, and one of a tenant, so
// that no tenant takes them all.
import { ServiceError } from './errors.ts';

type Waiting = { tenantId: string; begin: () => void };

export type TurnLimits = {
  /** That are at it at once, of all tenants. */
  atOnce: number;
  /** Of one tenant that wait for their turn; a further one is refused. */
  mostWaiting: number;
  /** What is going on, in the words for who is refused: `the repository is being read`. */
  doing: string;
  /** The longest that one waits. Without it as long as its signal lets it. */
  longestWaitMs?: number;
};

/**
 * Does the work when it is the tenant's turn in this process.
 * @throws ServiceError RATE_LIMITED when enough of the tenant's wait already, or it has waited too long; the signal's reason
 */
export type InTurn = <T>(tenantId: string, signal: AbortSignal | undefined, work: () => Promise<T>) => Promise<T>;

/** Turns of their own. */
export function makeTurns({ atOnce, mostWaiting, doing, longestWaitMs }: TurnLimits): InTurn {
  const busy = new Set<string>();
  const waiting: Waiting[] = [];
  const refuse = (why: string) => new ServiceError('RATE_LIMITED', `${why}; try again in a minute`);

  function turnOf(tenantId: string, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (waiting.filter((one) => one.tenantId === tenantId).length >= mostWaiting)
      throw refuse(`${doing}, and ${mostWaiting} more wait for that`);
    return new Promise((resolve, reject) => {
      const leave = (reason: unknown) => {
        waiting.splice(waiting.indexOf(one), 1);
        end();
        reject(reason);
      };
      const stop = () => leave(signal?.reason);
      const tooLong = () => leave(refuse(`its turn did not come within ${Number(longestWaitMs) / 1_000} s`));
      const timer = longestWaitMs === undefined ? undefined : setTimeout(tooLong, longestWaitMs);
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', stop);
      };
      const one: Waiting = {
        tenantId,
        begin() {
          end();
          resolve();
        },
      };
      signal?.addEventListener('abort', stop, { once: true });
      waiting.push(one);
      beginNext();
    });
  }

  /** In the order of their coming; those of a tenant that is at it are passed over. */
  function beginNext(): void {
    while (busy.size < atOnce) {
      const at = waiting.findIndex(({ tenantId }) => !busy.has(tenantId));
      if (at === -1) return;
      const [one] = waiting.splice(at, 1) as [Waiting];
      busy.add(one.tenantId);
      one.begin();
    }
  }

  return async (tenantId, signal, work) => {
    await turnOf(tenantId, signal);
    try {
      return await work();
    } finally {
      busy.delete(tenantId);
      beginNext();
    }
  };
}

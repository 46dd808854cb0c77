// Reading a repository takes memory and the processor: few at once, and one of a tenant, so that no tenant takes them all.
import { ServiceError } from '#server/lib/index.ts';
import { MAX_READINGS, MAX_WAITING } from './limits.ts';

type Waiting = { tenantId: string; begin: () => void };

const reading = new Set<string>();
const waiting: Waiting[] = [];

/**
 * Does the work when it is the tenant's turn in this process.
 * @throws ServiceError RATE_LIMITED when enough of the tenant's wait already; the signal's reason
 */
export async function inTurn<T>(tenantId: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  await turnOf(tenantId, signal);
  try {
    return await work();
  } finally {
    reading.delete(tenantId);
    beginNext();
  }
}

function turnOf(tenantId: string, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  if (waiting.filter((one) => one.tenantId === tenantId).length >= MAX_WAITING)
    throw new ServiceError(
      'RATE_LIMITED',
      `the repository is being read, and ${MAX_WAITING} more readings wait for that; try again in a minute`,
    );
  return new Promise((resolve, reject) => {
    const one: Waiting = {
      tenantId,
      begin() {
        signal?.removeEventListener('abort', leave);
        resolve();
      },
    };
    function leave() {
      waiting.splice(waiting.indexOf(one), 1);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', leave, { once: true });
    waiting.push(one);
    beginNext();
  });
}

/** In the order of their coming; those of a tenant that is being read are passed over. */
function beginNext(): void {
  while (reading.size < MAX_READINGS) {
    const at = waiting.findIndex(({ tenantId }) => !reading.has(tenantId));
    if (at === -1) return;
    const [one] = waiting.splice(at, 1) as [Waiting];
    reading.add(one.tenantId);
    one.begin();
  }
}

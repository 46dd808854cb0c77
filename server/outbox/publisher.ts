// What stands behind a lane: where its events go.

/** Of most events: one object, so that a backend can tell without looking. */
export const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

export type OutboxEvent = {
  seq: number;
  id: string;
  tenantId: string;
  type: string;
  key: string;
  /** JSON as PostgreSQL spells it: never parsed on its way, so that every copy is the same to the byte. */
  payload: string;
  headers: Readonly<Record<string, string>>;
  attempts: number;
  /** When its transaction began, in milliseconds. */
  createdAtMs: number;
};

/** When an event's transaction began, as it is sent: ISO 8601 in UTC. */
export const createdAtOf = ({ createdAtMs }: Pick<OutboxEvent, 'createdAtMs'>): string =>
  new Date(createdAtMs).toISOString();

/**
 * What became of one event. `refused` is the event's own fault and counts as an attempt, or ends it at once when
 * trying again cannot help. `deferred` is nobody's fault that is known: its key waits, the others go on. `held` was
 * not sent, because an earlier one of its key was not; `unsent` was not, because there was no time left.
 */
export type PublishOutcome =
  | { kind: 'published' }
  | { kind: 'refused'; error: Error; isFinal: boolean }
  | { kind: 'deferred'; error: Error; delayMs: number }
  | { kind: 'held' }
  | { kind: 'unsent' };

export type EventPublisher = {
  readonly backend: string;
  /**
   * Sends events in their order and says what became of each, in the same order. It throws when that is not known
   * or when the fault is not an event's: then none is counted and all are tried again. `signal` ends it; a call that
   * has known outcomes returns them before `deadlineMs` after its start. Nothing of a call that was ended may be sent
   * later on.
   */
  publish(
    events: readonly OutboxEvent[],
    context: { lane: number; signal: AbortSignal; deadlineMs: number },
  ): Promise<readonly PublishOutcome[]>;
  close(): Promise<void>;
};

/** An outage of what stands behind the publisher: waiting helps. */
export class PublisherUnavailableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PublisherUnavailableError';
  }
}

const OUTAGE =
  /^(ECONN\w+|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN|EAI_AGAIN|ENOTFOUND|ENOSPC|EDQUOT|EMFILE|ENFILE|EAGAIN|EIO|CONNECT_TIMEOUT|CONNECTION_\w+|57P0\d|57014|08\w{3}|53\w{3}|25P0[34]|40\w{3}|55P03)$/;

/** True for what passes by itself: a broker, database, disk or network that is away. */
export function isTransient(error: unknown): boolean {
  if (error instanceof PublisherUnavailableError) return true;
  if (!(error instanceof Error)) return false;
  if (error.name === 'TransactionEndedError') return true;
  if ('code' in error && typeof error.code === 'string' && OUTAGE.test(error.code)) return true;
  return isTransient(error.cause);
}

// Keeps a transaction's callback away from a connection that has died under it.
//
// When a backend dies inside the callback, postgres.js rejects `begin`, but the callback goes on. Seen with 3.4.9:
//   - its next statement can run, and commit, on another connection (porsager/postgres#1155, #1215);
//   - when it settles, `begin` still sends its COMMIT or ROLLBACK down the same slot, which by then may be in the
//     middle of someone else's transaction;
//   - a statement sent between the death and the reconnect stays in the slot's write buffer and makes the next
//     start-up message unreadable, so that the slot times out for a minute.
// So the death is noticed where the driver rejects a statement, before any caller can: from then on every
// statement is refused, and `begin` never hears how its callback ended.
import postgres from 'postgres';
import type { Pool } from '#db/client.ts';

export class TransactionEndedError extends Error {
  constructor() {
    super('this transaction has ended; its later statements are refused');
    this.name = 'TransactionEndedError';
  }
}

/** One transaction's life: it ends once, by its commit, its rollback or the death of its connection. */
export type Life = {
  readonly hasEnded: () => boolean;
  /** Ends it; only the first call counts. */
  readonly end: (reason: unknown) => void;
  /** Rejects with the reason when it ends. */
  readonly ended: Promise<never>;
};

export function newLife(): Life {
  let hasEnded = false;
  const { promise, reject } = Promise.withResolvers<never>();
  // It always rejects in the end, and mostly nobody listens.
  promise.catch(() => {});
  return {
    hasEnded: () => hasEnded,
    ended: promise,
    end: (reason) => {
      hasEnded = true;
      reject(reason);
    },
  };
}

const NEVER = new Promise<never>(() => {});

/** Runs `fn`, whose outcome is kept from the driver once the transaction has ended: nothing more is sent for it. */
export async function untilEnded<T>(life: Life, fn: () => Promise<T>): Promise<T> {
  try {
    const result = await fn();
    return life.hasEnded() ? NEVER : result;
  } catch (error) {
    if (life.hasEnded()) return NEVER;
    throw error;
  }
}

/** The same connection, refusing statements after the end. `options` is what drizzle reads of a client. */
export function guardConnection(raw: postgres.TransactionSql, options: Pool['options'], life: Life): postgres.Sql {
  const refuse = () => {
    if (life.hasEnded()) throw new TransactionEndedError();
  };
  return new Proxy(raw as unknown as postgres.Sql, {
    apply(target, thisArg, args) {
      refuse();
      return watch(Reflect.apply(target as unknown as Callable, thisArg, args), life);
    },
    get(target, key, receiver) {
      if (key === 'options') return options;
      const value: unknown = Reflect.get(target, key, receiver);
      if (key === 'savepoint') return savepointOf(value as Savepoint, options, life, refuse);
      if (key !== 'unsafe' && key !== 'file') return value;
      return (...args: unknown[]) => {
        refuse();
        return watch((value as Callable)(...args), life);
      };
    },
  });
}

type Callable = (...args: unknown[]) => unknown;
type Savepoint = (...args: unknown[]) => Promise<unknown>;
type InSavepoint = (sql: postgres.Sql) => Promise<unknown>;

/** Its ROLLBACK TO must not reach a dead connection either. */
function savepointOf(savepoint: Savepoint, options: Pool['options'], life: Life, refuse: () => void): Savepoint {
  return (...args) => {
    refuse();
    const fn = args.pop() as InSavepoint;
    const guarded = (inner: postgres.TransactionSql) =>
      untilEnded(life, () => fn(guardConnection(inner, options, life)));
    return Promise.race([savepoint(...args, guarded), life.ended]);
  };
}

/** What the driver's query is besides its promise: it has no public hook that comes before the promise's. */
type Statement = {
  handler: { (statement: Statement): void; debug?: unknown };
  reject: (error: unknown) => void;
};

function watch<T>(made: T, life: Life): T {
  // sql(…) also makes identifiers and value lists, which are not statements.
  if (!(made instanceof Promise)) return made;
  const statement = made as unknown as Statement;
  const { handler, reject } = statement;
  statement.reject = (error) => {
    if (isConnectionLost(error)) life.end(error);
    reject(error);
  };
  // A statement is sent when it is first awaited, which may be after the end.
  const send = (sent: Statement) => (life.hasEnded() ? reject(new TransactionEndedError()) : handler(sent));
  statement.handler = Object.assign(send, { debug: handler.debug });
  return made;
}

const LOST =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONN(RESET|ABORTED|REFUSED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/;

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** FATAL and PANIC end the session on the server's side. */
function isConnectionLost(error: unknown): boolean {
  if (error instanceof postgres.PostgresError) return error.severity === 'FATAL' || error.severity === 'PANIC';
  return LOST.test(codeOf(error));
}

/** An established session was ended (not: none could be had): a new one may well be granted. */
export function isSessionEnded(error: unknown): boolean {
  return /^(CONNECTION_CLOSED|ECONNRESET|EPIPE|57P0[125]|25P0[34])$/.test(codeOf(error));
}

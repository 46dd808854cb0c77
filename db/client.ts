// One way to open a pool. Everything above it goes through server/lib/transaction.ts.
import postgres from 'postgres';
import { answeringSockets } from './answering-socket.ts';

export type Pool = postgres.Sql;

export type PoolOptions = {
  url: string;
  /** Connections at most. */
  max: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** Behind a transaction-pooling proxy there are no prepared statements. */
  prepare?: boolean;
  /**
   * A connection that answers nothing for so long after a request is given up. Default 75,000: above the longest
   * statement_timeout of our own statements, 60 s. `null` where one statement may take hours.
   */
  answerTimeoutMs?: number | null;
};

const DEFAULT_ANSWER_TIMEOUT_MS = 75_000;

/** Opens a lazy pool. Time-outs are set per transaction, so that it works behind a transaction pooler. */
export function openPool(options: PoolOptions): Pool {
  return postgres(options.url, {
    max: options.max,
    prepare: options.prepare ?? true,
    connect_timeout: 10,
    idle_timeout: 60,
    max_lifetime: 3_600,
    keep_alive: 30,
    onnotice: () => {},
    ...(options.answerTimeoutMs === null ? {} : watched(options.answerTimeoutMs ?? DEFAULT_ANSWER_TIMEOUT_MS)),
    connection: { application_name: options.applicationName },
  });
}

/** The driver takes a socket factory; its types leave that out. */
function watched(answerTimeoutMs: number): object {
  return { socket: answeringSockets(answerTimeoutMs) };
}

/** The same server and database as another role. */
export function urlForRole(ownerUrl: string, role: string, password: string): string {
  const url = new URL(ownerUrl);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(password);
  return url.toString();
}

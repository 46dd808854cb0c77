// The only place that begins a transaction. What happens when its connection dies: guard-connection.ts.

import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import type { Pool } from '#db/client.ts';
import { type Placeholder, type SQL, sql } from '#db/drizzle.ts';
import { PgDialect } from '#db/drizzle-columns.ts';
import { ServiceError } from './errors.ts';
import { guardConnection, isSessionEnded, newLife, TransactionEndedError, untilEnded } from './guard-connection.ts';

declare const inTransaction: unique symbol;
/** A drizzle database that is inside a transaction. A bare pool does not fit where this is asked for. */
export type Tx = PostgresJsDatabase & {
  readonly [inTransaction]: true;
  readonly afterCommit: (run: () => void) => void;
};

export type TransactionOptions = {
  /** Row-level security shows this tenant's rows; absent: only what is not a tenant's. */
  tenantId?: string;
  /** Server-side limit of each statement. Default 30,000. */
  statementTimeoutMs?: number;
  /** Server-side limit of waiting between statements. Default 60,000. */
  idleTimeoutMs?: number;
  isolation?: 'read committed' | 'repeatable read';
  /** Its commit does not wait for the disk: when the database server crashes it may be undone, whole. */
  mayBeUndone?: boolean;
  /**
   * For the few statements of a busy loop: what is prepared in here is planned once for each connection, for any
   * values, and the first statement is sent without waiting for these settings' answer.
   */
  isHot?: boolean;
  /**
   * Sent before anything that takes the snapshot of a repeatable read: statements that take none themselves (SET LOCAL,
   * RESET, LOCK TABLE), with time-outs of their own, as the transaction's settings come after it.
   */
  beforeSnapshot?: string;
};

export const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
const DEFAULT_IDLE_TIMEOUT_MS = 60_000;
/** Made once: an error for each transaction would be as dear as one of its statements. */
const ENDED = new TransactionEndedError();

// A slot whose backend was ended in the middle of a statement answers its next BEGIN with that old error, once
// (postgres.js 3.4.9 keeps it across the reconnect); a few slots can be so after a restart of the database.
const MAX_BEGINS = 3;

/**
 * Runs `fn` in a new transaction; callbacks given to `tx.afterCommit` run once the commit is known, and must not
 * throw. Only a transaction that could not begin is tried again: `fn` runs at most once.
 */
export async function transaction<T>(pool: Pool, options: TransactionOptions, fn: (tx: Tx) => Promise<T>): Promise<T> {
  for (let begins = 1; ; begins += 1) {
    let hasBegun = false;
    try {
      return await transactionOnce(pool, options, (tx) => {
        hasBegun = true;
        return fn(tx);
      });
    } catch (error) {
      if (hasBegun || begins === MAX_BEGINS || !isSessionEnded(error)) throw error;
    }
  }
}

async function transactionOnce<T>(pool: Pool, options: TransactionOptions, fn: (tx: Tx) => Promise<T>): Promise<T> {
  const life = newLife();
  const afterCommit: (() => void)[] = [];
  let told: unknown;
  const begun = pool.begin(`isolation level ${options.isolation ?? 'read committed'}`, (raw) =>
    untilEnded(life, async () => {
      const guarded = guardConnection(raw, pool.options, life);
      if (options.beforeSnapshot) await guarded.unsafe(options.beforeSnapshot);
      const configured = configure(guarded, options);
      if (!options.isHot) await configured;
      const tx = Object.assign(drizzle(guarded), { afterCommit: (run: () => void) => afterCommit.push(run) });
      const working = Promise.all([fn(tx as unknown as Tx), configured]).catch((error: unknown) => {
        told = error;
        throw error;
      });
      const [result] = await working;
      return result;
    }),
  );
  let result: T;
  try {
    // A lost connection is known before `begin` hears of it.
    result = (await Promise.race([begun, life.ended])) as T;
  } catch (error) {
    // … and before the callback has put it into its own words, which say what the connection was lost over.
    if (life.hasEnded()) await new Promise(setImmediate);
    throw isInOwnWords(told) ? told : error;
  } finally {
    life.end(ENDED);
  }
  for (const run of afterCommit) run();
  return result;
}

async function configure(guarded: postgres.Sql, options: TransactionOptions): Promise<void> {
  const settings: [name: string, value: string][] = [
    ['mainspring.tenant_id', options.tenantId ?? ''],
    ['statement_timeout', String(options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS)],
    ['idle_in_transaction_session_timeout', String(options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS)],
    ['timezone', 'UTC'],
  ];
  if (options.mayBeUndone) settings.push(['synchronous_commit', 'off']);
  if (options.isHot) settings.push(['plan_cache_mode', 'force_generic_plan']);
  const list = settings.map(([name], index) => `set_config('${name}', $${index + 1}, true)`).join(', ');
  await guarded.unsafe(
    `select ${list}`,
    settings.map(([, value]) => value),
    { prepare: true },
  );
}

function isInOwnWords(error: unknown): boolean {
  return error instanceof ServiceError || (error instanceof Error && isInOwnWords(error.cause));
}

/** What an operation needs to open a transaction or to reuse its caller's. */
export type TransactionScope = { pool: Pool; tenant: { id: string }; tx?: Tx };

/** Reuses the caller's transaction, or opens one for the scope's tenant. */
export function withTransaction<T>(scope: TransactionScope, fn: (tx: Tx) => Promise<T>): Promise<T> {
  return scope.tx ? fn(scope.tx) : transaction(scope.pool, { tenantId: scope.tenant.id }, fn);
}

/**
 * Runs `fn` inside the same transaction for another tenant: row-level security shows that tenant's rows meanwhile.
 * For the few operations that lie across tenants; after an error the whole transaction is gone.
 */
export async function inTenant<T>(tx: Tx, tenantId: string, fn: () => Promise<T>): Promise<T> {
  const { before } = await queryOne<{ before: string }>(
    tx,
    sql`select current_setting('mainspring.tenant_id') as before`,
  );
  await tx.execute(sql`select set_config('mainspring.tenant_id', ${tenantId}, true)`);
  const result = await fn();
  await tx.execute(sql`select set_config('mainspring.tenant_id', ${before}, true)`);
  return result;
}

/**
 * Runs `fn` in a part of the transaction that is undone when it throws, and the rest goes on: of a savepoint that the driver has not
 * made itself it would not know, and refuse to commit after any statement that failed. It releases none, so they nest: for some hundreds
 * of parts, not for thousands.
 */
export async function inSavepoint<T>(tx: Tx, fn: (inner: Tx) => Promise<T>): Promise<T> {
  const done = await connectionOf(tx).savepoint((connection) => {
    const inner = Object.assign(drizzle(connection as unknown as postgres.Sql), { afterCommit: tx.afterCommit });
    return fn(inner as unknown as Tx);
  });
  return done as T;
}

/** The underlying connection, for what drizzle has no words for: compiled SQL, COPY, SET LOCAL ROLE. */
export function connectionOf(tx: Tx): postgres.TransactionSql {
  return (tx as unknown as { $client: postgres.TransactionSql }).$client;
}

/** Rows of a raw statement. Instants come as text: PostgreSQL's own, which `new Date()` reads. */
export async function query<T extends Record<string, unknown>>(tx: Tx, statement: SQL): Promise<T[]> {
  return (await tx.execute(statement)) as unknown as T[];
}

const dialect = new PgDialect();

/**
 * The same for a statement whose text never changes: each connection parses it once, which takes a round trip less
 * from then on, and once PostgreSQL finds its plan good for any values, plans it no more. Through a pool without
 * prepared statements it is as `query`.
 */
export async function queryPrepared<T extends Record<string, unknown>>(tx: Tx, statement: SQL): Promise<T[]> {
  return (await runPrepared(tx, statement)) as unknown as T[];
}

function runPrepared(tx: Tx, statement: SQL) {
  const { sql: text, params } = dialect.sqlToQuery(statement);
  return sendPrepared(tx, text, params);
}

// drizzle has set this client to pass parameters on as they are.
const sendPrepared = (tx: Tx, text: string, params: unknown[]) =>
  connectionOf(tx).unsafe(text, params as postgres.ParameterOrJSON<never>[], { prepare: true });

/**
 * The same for a statement that many transactions send: its text is made once, of `sql.placeholder`s, and not for each. What it
 * returns takes their values by name; one that stands there twice is sent once, so each place needs its cast.
 */
export function prepareOnce<T extends Record<string, unknown>, Name extends string>(
  statement: SQL,
): (tx: Tx, values: Record<Name, string | null>) => Promise<T[]> {
  const { sql: numbered, params } = dialect.sqlToQuery(statement);
  const names = [...new Set(params.map((param) => (param as Placeholder<Name>).name))];
  const place = (number: string) => names.indexOf((params[Number(number) - 1] as Placeholder<Name>).name) + 1;
  const text = numbered.replace(/\$(\d+)/g, (_, number: string) => `$${place(number)}`);
  return async (tx, values) => {
    const sent = sendPrepared(
      tx,
      text,
      names.map((name) => values[name]),
    );
    return (await sent) as unknown as T[];
  };
}

/**
 * One statement that is a transaction by itself: one round trip where others take three, and from its second time on a connection once
 * it is sent it is done, whole or not at all, even if this process is killed. Without a transaction's settings, so without a
 * tenant and the server's time-out: the caller says how long it waits. Of a lost connection it is not known whether it was done.
 */
export async function queryAlone<T extends Record<string, unknown>>(pool: Pool, statement: SQL): Promise<T[]> {
  const { sql: text, params } = dialect.sqlToQuery(statement);
  for (let sent = 1; ; sent += 1) {
    try {
      return (await pool.unsafe(text, params as postgres.ParameterOrJSON<never>[], {
        prepare: true,
      })) as unknown as T[];
    } catch (error) {
      // The end of a session before this one's (see MAX_BEGINS): the statement was not sent. Of its own it would hear CONNECTION_CLOSED.
      if (sent === MAX_BEGINS || !(error instanceof postgres.PostgresError) || !isSessionEnded(error)) throw error;
    }
  }
}

/** @throws when there is not exactly one row. */
export async function queryOne<T extends Record<string, unknown>>(tx: Tx, statement: SQL): Promise<T> {
  const rows = await query<T>(tx, statement);
  if (rows.length !== 1 || !rows[0]) throw new Error(`expected one row, got ${rows.length}`);
  return rows[0];
}

// The only place that begins a transaction.
//
// When a backend dies inside the callback, postgres.js rejects `begin` but the callback goes on, and its
// next statement can run, and commit, on another connection (porsager/postgres#1155, #1215). So each
// transaction wraps its connection: once it has ended, for whatever reason, every statement is refused.

import type { SQL } from 'drizzle-orm';
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import type postgres from 'postgres';
import type { Pool } from '#db/client.ts';

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
};

export const DEFAULT_STATEMENT_TIMEOUT_MS = 30_000;
const DEFAULT_IDLE_TIMEOUT_MS = 60_000;

export class TransactionEndedError extends Error {
  constructor() {
    super('this transaction has ended; its later statements are refused');
    this.name = 'TransactionEndedError';
  }
}

/** Runs `fn` in a new transaction; callbacks given to `tx.afterCommit` run once the commit is known. */
export async function transaction<T>(pool: Pool, options: TransactionOptions, fn: (tx: Tx) => Promise<T>): Promise<T> {
  let hasEnded = false;
  const afterCommit: (() => void)[] = [];
  try {
    const result = await pool.begin(`isolation level ${options.isolation ?? 'read committed'}`, async (raw) => {
      const guarded = guard(pool, raw, () => hasEnded);
      await raw`select set_config('mainspring.tenant_id', ${options.tenantId ?? ''}, true),
        set_config('statement_timeout', ${String(options.statementTimeoutMs ?? DEFAULT_STATEMENT_TIMEOUT_MS)}, true),
        set_config('idle_in_transaction_session_timeout', ${String(options.idleTimeoutMs ?? DEFAULT_IDLE_TIMEOUT_MS)}, true),
        set_config('timezone', 'UTC', true)`;
      const tx = Object.assign(drizzle(guarded), { afterCommit: (run: () => void) => afterCommit.push(run) });
      return fn(tx as unknown as Tx);
    });
    for (const run of afterCommit) run();
    return result as T;
  } finally {
    hasEnded = true;
  }
}

/** The same connection, refusing statements after the end. drizzle speaks only through `unsafe` and `options`. */
function guard(pool: Pool, raw: postgres.TransactionSql, hasEnded: () => boolean): postgres.Sql {
  const refuse = () => {
    if (hasEnded()) throw new TransactionEndedError();
  };
  return new Proxy(raw as unknown as postgres.Sql, {
    apply(target, thisArg, args) {
      refuse();
      return Reflect.apply(target as unknown as (...args: unknown[]) => unknown, thisArg, args);
    },
    get(target, key, receiver) {
      if (key === 'options') return pool.options;
      if (key === 'unsafe' || key === 'begin' || key === 'savepoint') refuse();
      return Reflect.get(target, key, receiver);
    },
  });
}

/** What an operation needs to open a transaction or to reuse its caller's. */
export type TransactionScope = { pool: Pool; tenant: { id: string }; tx?: Tx };

/** Reuses the caller's transaction, or opens one for the scope's tenant. */
export function withTransaction<T>(scope: TransactionScope, fn: (tx: Tx) => Promise<T>): Promise<T> {
  return scope.tx ? fn(scope.tx) : transaction(scope.pool, { tenantId: scope.tenant.id }, fn);
}

/** The underlying connection, for what drizzle has no words for: compiled SQL, COPY, SET LOCAL ROLE. */
export function connectionOf(tx: Tx): postgres.TransactionSql {
  return (tx as unknown as { $client: postgres.TransactionSql }).$client;
}

/** Rows of a raw statement. Instants come as text: PostgreSQL's own, which `new Date()` reads. */
export async function query<T extends Record<string, unknown>>(tx: Tx, statement: SQL): Promise<T[]> {
  return (await tx.execute(statement)) as unknown as T[];
}

/** @throws when there is not exactly one row. */
export async function queryOne<T extends Record<string, unknown>>(tx: Tx, statement: SQL): Promise<T> {
  const rows = await query<T>(tx, statement);
  if (rows.length !== 1 || !rows[0]) throw new Error(`expected one row, got ${rows.length}`);
  return rows[0];
}

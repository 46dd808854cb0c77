import postgres from 'postgres';
import { type Column, type Describe, SESSION_SETTINGS } from '#server/compiler/index.ts';
import { connectionOf, type Tx } from '#server/lib/index.ts';
import type { TenantData } from '#server/tenancy/index.ts';

const TIMEOUT_MS = 10_000;
/** Oids below this are PostgreSQL's own: their names are the same in every database. */
const FIRST_USER_OID = 16_384;
const typeNames = new Map<number, string>();

/** Ends the savepoint: it restores the role and the settings, whatever happened inside. */
class Described extends Error {
  readonly statement: postgres.Statement;
  constructor(statement: postgres.Statement) {
    super('described');
    this.statement = statement;
  }
}

/**
 * Lets PostgreSQL parse and describe statements as the tenant's role, without executing them, inside the
 * caller's transaction. An error is an answer and leaves the transaction usable.
 *
 * Types come without their modifier (`numeric`, not `numeric(10,2)`): the driver does not hand it on.
 */
export function describeSql(tx: Tx, data: TenantData): Describe {
  const connection = connectionOf(tx);
  const settings = [
    `SET LOCAL ROLE "${data.roleName.replaceAll('"', '""')}"`,
    ...Object.entries(SESSION_SETTINGS).map(([name, value]) => `SET LOCAL ${name} = '${value.replaceAll("'", "''")}'`),
    `SET LOCAL statement_timeout = ${TIMEOUT_MS}`,
  ].join('; ');
  // Savepoints of one transaction nest: two at once would end each other.
  let last: Promise<unknown> = Promise.resolve();

  async function ask(sql: string): ReturnType<Describe> {
    try {
      await connection.savepoint(async (savepoint) => {
        await savepoint.unsafe(settings);
        throw new Described(await savepoint.unsafe(sql).describe());
      });
    } catch (error) {
      if (error instanceof Described) return { ok: true, columns: await columnsOf(connection, error.statement) };
      if (!(error instanceof postgres.PostgresError)) throw error;
      const position = error.position ? Number(error.position) : undefined;
      return { ok: false, code: error.code, message: error.message, position };
    }
    throw new Error('a savepoint that was thrown out of has returned');
  }

  return (sql) => {
    const result = last.then(() => ask(sql));
    last = result.catch(() => {});
    return result;
  };
}

async function columnsOf(connection: postgres.TransactionSql, statement: postgres.Statement): Promise<Column[]> {
  // The driver prepares under a new name each time and would keep it for the life of the connection.
  if (statement.name) await connection.unsafe(`DEALLOCATE "${statement.name}"`);
  const unknown = [...new Set(statement.columns.map((column) => column.type))].filter((oid) => !typeNames.has(oid));
  const named = new Map<number, string>();
  if (unknown.length > 0) {
    const list = unknown.map(Number).join(', ');
    const rows = await connection.unsafe<{ oid: number; name: string }[]>(
      `SELECT t.oid::int8::float8 AS oid, pg_catalog.format_type(t.oid, NULL) AS name FROM pg_catalog.pg_type t WHERE t.oid IN (${list})`,
    );
    for (const { oid, name } of rows) (oid < FIRST_USER_OID ? typeNames : named).set(oid, name);
  }
  return statement.columns.map((column) => ({
    name: column.name,
    type: typeNames.get(column.type) ?? named.get(column.type) ?? 'text',
  }));
}

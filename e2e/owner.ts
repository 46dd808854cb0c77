// The database of the installation under test, as its owner: for what no door of the product makes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';

/** Its address, which the installation's home has. */
function ownerUrl(): string {
  const home = process.env.E2E_HOME ?? '';
  const read = (name: string) => JSON.parse(readFileSync(join(home, name), 'utf8')) as Record<string, unknown>;
  const { ownerPassword } = read('secrets.json');
  return `postgres://mainspring:${encodeURIComponent(String(ownerPassword))}@127.0.0.1:${read('embedded.json').port}/mainspring`;
}

/** Runs with a connection of the owner's, and ends it. */
export async function withOwner<T>(run: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(ownerUrl(), { max: 1, onnotice: () => {} });
  try {
    return await run(sql);
  } finally {
    await sql.end();
  }
}

/** Runs in a transaction in the tenant's own schema and as its own role, as a pipeline does. */
export const asTenant = (tenantId: string, run: (tx: postgres.TransactionSql) => Promise<unknown>): Promise<unknown> =>
  withOwner(async (sql) => {
    const [data] = await sql<{ schema: string; role: string }[]>`
      select schema_name as schema, role_name as role from tenants where id = ${tenantId}`;
    return sql.begin(async (tx) => {
      await tx.unsafe(`set local role "${data!.role}"; set local search_path = "${data!.schema}"`);
      await run(tx);
    });
  });

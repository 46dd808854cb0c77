import postgres from 'postgres';
import { type Catalogue, quoteIdent, quoteQualified } from '#server/compiler/index.ts';
import type { Tx } from '#server/lib/index.ts';
import { asTenantRole, type TenantData } from '#server/tenancy/index.ts';
import { findTable, invalid } from './columns.ts';
import { MAX_CATEGORY_CHARS } from './limits.ts';

/** Rows that are looked at when a model is saved; a training looks at all. */
const LOOKED_AT = 200_000;
const TIMEOUT_MS = 10_000;

type Of = { sourceTable: string; label: string; positive?: string | undefined };

/**
 * The label's two values as text, the positive one as named: by default true, the greater number, the last text.
 * @throws ServiceError MODEL_INVALID when there are not two
 */
export async function findClasses(tx: Tx, data: TenantData, catalogue: Catalogue, { sourceTable, label, ...of }: Of) {
  const type = findTable(catalogue, sourceTable).columns.find(({ name }) => name === label)?.type ?? '';
  const found = type === 'boolean' ? ['false', 'true'] : await readValues(tx, data, catalogue, sourceTable, label);
  const shown = found.map((value) => `"${value.slice(0, 60)}"`).join(', ');
  if (found.length !== 2)
    throw invalid(
      `label: the column "${label}" has ${found.length > 2 ? 'more than two values' : `${found.length} of the two values that are needed`}${shown && ` (${shown}${found.length > 2 ? ', …' : ''})`}`,
    );
  if (found.some((value) => value === '' || value.length > MAX_CATEGORY_CHARS))
    throw invalid(`label: the column "${label}" has a value that is empty or above ${MAX_CATEGORY_CHARS} characters`);
  const sorted = type === 'boolean' || /int|smallint/.test(type) ? byNumber(found) : found;
  const positive = of.positive ?? sorted[1]!;
  if (!found.includes(positive))
    throw invalid(`positive: the column "${label}" has no value "${positive}"; it has ${shown}`);
  return { positive, negative: found.find((value) => value !== positive)! };
}

const byNumber = (values: string[]) =>
  values[0] === 'false' ? values : values.toSorted((a, b) => Number(a) - Number(b));

async function readValues(tx: Tx, data: TenantData, catalogue: Catalogue, table: string, label: string) {
  const column = `t.${quoteIdent(label)}`;
  try {
    const rows = await asTenantRole(tx, data, { statementTimeoutMs: TIMEOUT_MS }, (connection) =>
      connection.unsafe<{ value: string }[]>(
        `SELECT DISTINCT value COLLATE "C" AS value FROM (SELECT ${column}::text AS value
          FROM ${quoteQualified(catalogue.schema, table)} AS t WHERE ${column} IS NOT NULL LIMIT ${LOOKED_AT}) AS r
          ORDER BY 1 LIMIT 3`,
      ),
    );
    return rows.map(({ value }) => value);
  } catch (error) {
    if (!(error instanceof postgres.PostgresError)) throw error;
    throw invalid(`sourceTable: "${table}" cannot be read: ${error.message}`);
  }
}

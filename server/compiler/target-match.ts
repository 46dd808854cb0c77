import type { CatalogueTable, Column } from './catalogue.ts';
import { areGroupable } from './comparable.ts';
import { fail, type NodeContext, warn } from './node-context.ts';
import type { PlanNode } from './plan.ts';
import { quoteIdent, quoteQualified } from './quote.ts';

export const LINEAGE_COLUMN = '_lineage';

type Match = {
  input: PlanNode;
  key: string[];
  table: string;
  existing: CatalogueTable | undefined;
  hasLineage: boolean;
};

/** Whether the input can be written to the target; what stands in the way is pushed, column by column. */
export async function matchTarget(ctx: NodeContext<'target'>, match: Match): Promise<boolean> {
  const before = errorCount(ctx);
  const pointer = `${ctx.pointer}/config`;
  const { input, hasLineage, existing } = match;
  if (hasLineage && input.columns.some((column) => column.name === LINEAGE_COLUMN)) {
    fail(
      ctx,
      `${pointer}/lineage`,
      'duplicate_column',
      `the input already has a column "${LINEAGE_COLUMN}"; rename it or switch lineage off`,
    );
  }
  if (existing) await matchExisting(ctx, match, existing, pointer);
  else {
    const keys = input.columns.filter((column) => match.key.includes(column.name));
    await areGroupable(ctx, keys, `${pointer}/key`);
  }
  return errorCount(ctx) === before;
}

/** The key columns' types in the target, so that two keys which become equal there are seen as one. */
export function keyTypes(
  key: readonly string[],
  input: readonly Column[],
  existing: CatalogueTable | undefined,
): string[] {
  const columns: readonly Column[] = existing?.columns ?? input;
  return key.map((name) => columns.find((column) => column.name === name)?.type ?? 'text');
}

async function matchExisting(
  ctx: NodeContext<'target'>,
  match: Match,
  existing: CatalogueTable,
  pointer: string,
): Promise<void> {
  await Promise.all(match.input.columns.map((column) => matchColumn(ctx, match, existing, column, pointer)));
  const written = new Set(match.input.columns.map((column) => column.name));
  if (match.hasLineage) written.add(LINEAGE_COLUMN);
  for (const column of existing.columns) {
    if (written.has(column.name) || !column.notNull || column.hasDefault || column.generated) continue;
    const message = `"${match.table}"."${column.name}" may not be null and has no default, but the input has no such column; add it in a derive or select node`;
    fail(ctx, `${pointer}/table`, 'target_column_missing', message);
  }
  if (match.hasLineage) matchLineage(ctx, match, existing, pointer);
  if (match.key.length > 0 && !hasUniqueKey(existing, match.key)) {
    const list = match.key.map(quoteIdent).join(', ');
    const message = `"${match.table}" has no unique index on exactly (${list}); run CREATE UNIQUE INDEX ON ${quoteQualified(ctx.catalogue.schema, match.table)} (${list})`;
    fail(ctx, `${pointer}/key`, 'no_unique_index', message);
  }
}

async function matchColumn(
  ctx: NodeContext<'target'>,
  match: Match,
  existing: CatalogueTable,
  column: Column,
  pointer: string,
): Promise<void> {
  const at = `${pointer}/table`;
  const target = existing.columns.find((candidate) => candidate.name === column.name);
  if (!target) {
    const message = `"${match.table}" has no column "${column.name}"; add it (ALTER TABLE … ADD COLUMN) or leave it out in a select node`;
    fail(ctx, at, 'target_column_unknown', message);
    return;
  }
  if (target.generated) {
    fail(
      ctx,
      at,
      'target_column_generated',
      `"${match.table}"."${column.name}" is generated and cannot be written; leave it out in a select node`,
    );
    return;
  }
  if (target.type === column.type) return;
  const name = quoteIdent(column.name);
  const sql = `INSERT INTO ${quoteQualified(ctx.catalogue.schema, match.table)} (${name}) SELECT NULL::${column.type}`;
  const described = await ctx.describe(sql);
  if (!described.ok) {
    const message = `"${match.table}"."${column.name}" is ${target.type} and the input's is ${column.type}; cast it in a select node`;
    fail(ctx, at, 'target_type', message);
  } else if (isLossy(column.type, target.type)) {
    const message = `"${match.table}"."${column.name}" is ${target.type}: values of the input's type ${column.type} are rounded or cut without a notice`;
    warn(ctx, at, 'lossy_type', message);
  }
}

function matchLineage(ctx: NodeContext<'target'>, match: Match, existing: CatalogueTable, pointer: string): void {
  const column = existing.columns.find(({ name }) => name === LINEAGE_COLUMN);
  if (column?.type === 'jsonb') return;
  const table = quoteQualified(ctx.catalogue.schema, match.table);
  const message = column
    ? `"${match.table}"."${LINEAGE_COLUMN}" is ${column.type}; lineage needs it as jsonb`
    : `"${match.table}" has no lineage column; run ALTER TABLE ${table} ADD COLUMN ${LINEAGE_COLUMN} jsonb, or switch lineage off`;
  fail(ctx, `${pointer}/lineage`, 'no_lineage_column', message);
}

function hasUniqueKey(table: CatalogueTable, key: readonly string[]): boolean {
  return [table.primaryKey, ...table.uniqueKeys].some(
    (unique) => unique.length === key.length && unique.every((name) => key.includes(name)),
  );
}

/** Assignments that PostgreSQL makes without an error although they lose something. */
function isLossy(from: string, to: string): boolean {
  const isWhole = /^(smallint|integer|bigint)$/.test(to);
  if (isWhole) return /^(numeric|real|double precision)/.test(from);
  if (/^numeric\(/.test(to)) return /^(numeric|real|double precision)/.test(from);
  if (to === 'real') return from === 'double precision' || from.startsWith('numeric');
  return from.startsWith('timestamp') && (to === 'date' || to.startsWith('time '));
}

function errorCount(ctx: NodeContext<'target'>): number {
  return ctx.problems.filter((problem) => problem.severity === 'error').length;
}

import {
  checkExpression,
  type NodeKind,
  type NodeOf,
  offsetOfCodePoint,
  type PipelineDocument,
  type Problem,
} from '#server/ir/index.ts';
import type { Catalogue, CatalogueTable, Column, Describe } from './catalogue.ts';
import type { PlanNode } from './plan.ts';
import { expressionScope, type ScopedExpression, typedNothing } from './run-scope.ts';

/** Everything an emitter needs. Problems are pushed, never thrown: all of them are wanted. */
export type NodeContext<K extends NodeKind> = {
  node: NodeOf<K>;
  pointer: string;
  inputs: PlanNode[];
  parameters: PipelineDocument['parameters'];
  catalogue: Catalogue;
  describe: Describe;
  problems: Problem[];
  /** Whether a later node depends on the order of rows, so that it must be the same in every run. */
  isOrdered: boolean;
};

/** What an emitter gives back; null when it has pushed an error. */
export type Emitted = Pick<PlanNode, 'columns' | 'origins' | 'statements'> &
  Partial<Pick<PlanNode, 'fileSource' | 'target' | 'writesEvents'>>;

export type TypedExpression = ScopedExpression & { type: string };

export type AnyContext = Pick<NodeContext<NodeKind>, 'parameters' | 'describe' | 'problems' | 'catalogue'>;

/** Records an error at a place below the node. */
export function fail(
  ctx: Pick<AnyContext, 'problems'>,
  pointer: string,
  code: string,
  message: string,
  position?: number,
): null {
  ctx.problems.push({ pointer, code, message, severity: 'error', ...(position === undefined ? {} : { position }) });
  return null;
}

export function warn(ctx: Pick<AnyContext, 'problems'>, pointer: string, code: string, message: string): void {
  ctx.problems.push({ pointer, code, message, severity: 'warning' });
}

/** Checks an expression against the allow-list and lets PostgreSQL say its type. */
export async function typeExpression(
  ctx: AnyContext,
  { text, as, pointer, columns }: { text: string; as: string; pointer: string; columns: readonly Column[] },
): Promise<TypedExpression | null> {
  const names = { columns: columns.map((column) => column.name), params: Object.keys(ctx.parameters) };
  const checked = await checkExpression(text, names);
  if (!checked.ok) {
    for (const found of checked.problems) fail(ctx, pointer, found.code, found.message, found.position);
    return null;
  }
  const expression: ScopedExpression = {
    as,
    text,
    columns: checked.columns,
    usesRun: checked.runFields.length > 0,
    usesParams: checked.params.length > 0,
  };
  const used = columns.filter((column) => checked.columns.includes(column.name));
  const sql = `SELECT e.* FROM ${typedNothing(used)}${expressionScope([expression], ctx.parameters, null)}`;
  const described = await ctx.describe(sql);
  if (described.ok) return { ...expression, type: described.columns[0]?.type ?? 'text' };
  const position = positionInText(sql, text, described.position);
  return fail(ctx, pointer, 'invalid_expression', described.message, position);
}

/** A filter, a rule or a branch condition must be a boolean. */
export async function typeCondition(
  ctx: AnyContext,
  what: Parameters<typeof typeExpression>[1],
): Promise<TypedExpression | null> {
  const typed = await typeExpression(ctx, what);
  if (!typed || typed.type === 'boolean') return typed;
  return fail(ctx, what.pointer, 'not_boolean', `the condition is of type ${typed.type}; it must be boolean`, 0);
}

function positionInText(sql: string, text: string, position: number | undefined): number {
  const start = sql.indexOf(`(\n${text}\n)`) + 2;
  const at = position === undefined ? start : offsetOfCodePoint(sql, position - 1);
  return Math.min(Math.max(0, at - start), text.length);
}

/** The column of that name, or an error that lists what there is. */
export function findColumn(ctx: AnyContext, columns: readonly Column[], name: string, pointer: string): Column | null {
  const column = columns.find((candidate) => candidate.name === name);
  return (
    column ??
    fail(ctx, pointer, 'unknown_column', `there is no column "${name}" here; there are: ${listNames(columns)}`)
  );
}

/** The table of that name in the tenant's schema, or an error. */
export function findTable(ctx: AnyContext, name: string, pointer: string): CatalogueTable | null {
  const table = ctx.catalogue.tables.get(name);
  return (
    table ?? fail(ctx, pointer, 'unknown_table', `there is no table "${name}" in the schema "${ctx.catalogue.schema}"`)
  );
}

/** The first dozen column names, for a message. */
export function listNames(columns: readonly Column[]): string {
  const shown = columns
    .slice(0, 12)
    .map((column) => column.name)
    .join(', ');
  return columns.length > 12 ? `${shown}, …` : shown;
}

/** The one input of a node that has exactly one (validateStructure has made sure). */
export function onlyInput(ctx: Pick<NodeContext<NodeKind>, 'inputs' | 'node'>): PlanNode {
  const [input] = ctx.inputs;
  if (!input) throw new TypeError(`the node "${ctx.node.id}" was compiled without an input`);
  return input;
}

/** The origins of columns that a node passes on under their own names. */
export function passOrigins(input: PlanNode, columns: readonly Column[] = input.columns): PlanNode['origins'] {
  return new Map(columns.map((column) => [column.name, [{ node: input.id, column: column.name }]]));
}

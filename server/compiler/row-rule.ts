import type { RowRule } from '#server/ir/index.ts';
import type { Column } from './catalogue.ts';
import { areGroupable, areJoinable } from './comparable.ts';
import { fail, findColumn, findTable, type NodeContext, type TypedExpression, typeCondition } from './node-context.ts';
import { quoteIdent, quoteLiteral, quoteQualified } from './quote.ts';
import { typedNothing } from './run-scope.ts';

/** A row rule as SQL over the staged row `h` (and the expression scope `e`). */
export type CompiledRule = {
  name: string;
  onFail: RowRule['onFail'];
  /** True where the row fails; false or null where it passes, so a null passes all but not_null. */
  fails: string;
  /** A text value: what was wrong with this row. */
  message: string;
  expression?: TypedExpression;
};

type Context = NodeContext<'validate'>;

/** Compiles one rule, or pushes what is wrong with it. */
export async function compileRowRule(
  ctx: Context,
  rule: RowRule,
  index: number,
  columns: readonly Column[],
): Promise<CompiledRule | null> {
  const pointer = `${ctx.pointer}/config/rules/${index}`;
  const name = ruleName(rule, index);
  if (rule.rule === 'expression') {
    const what = { text: rule.expression, as: `r${index}`, pointer: `${pointer}/expression`, columns };
    const expression = await typeCondition(ctx, what);
    if (!expression) return null;
    const message = quoteLiteral(`${name}: ${rule.expression.slice(0, 200)} is false`);
    return { name, onFail: rule.onFail, fails: `(NOT e.${quoteIdent(what.as)})`, message, expression };
  }
  const names = 'columns' in rule ? rule.columns : [rule.column];
  const leaf = (i: number) => ('columns' in rule ? `${pointer}/columns/${i}` : `${pointer}/column`);
  const found = names.flatMap((column, i) => findColumn(ctx, columns, column, leaf(i)) ?? []);
  if (found.length < names.length) return null;
  const compiled = await compileColumnRule(ctx, rule, found, pointer);
  return compiled && { name, onFail: rule.onFail, ...compiled };
}

/** How a rule is called in the DLQ, in warnings and in messages. */
export function ruleName(rule: RowRule, index: number): string {
  if (rule.rule === 'expression') return `expression[${index}]`;
  return `${rule.rule}(${('columns' in rule ? rule.columns : [rule.column]).join(', ')})`;
}

type ColumnRule = Exclude<RowRule, { rule: 'expression' }>;

async function compileColumnRule(
  ctx: Context,
  rule: ColumnRule,
  columns: Column[],
  pointer: string,
): Promise<Pick<CompiledRule, 'fails' | 'message'> | null> {
  const values = columns.map((column) => `h.${quoteIdent(column.name)}`);
  const shown = shownValues(columns);
  switch (rule.rule) {
    case 'not_null':
      return {
        fails: `(${values.map((value) => `${value} IS NULL`).join(' OR ')})`,
        message: `${shown} || ' must not be null'`,
      };
    case 'unique': {
      if (!(await areGroupable(ctx, columns, `${pointer}/columns`))) return null;
      const isComplete = values.map((value) => `${value} IS NOT NULL`).join(' AND ');
      const rank = `row_number() OVER (PARTITION BY ${values.join(', ')} ORDER BY h.ctid)`;
      return { fails: `(${isComplete} AND ${rank} > 1)`, message: `${shown} || ' repeats an earlier row'` };
    }
    case 'range':
      return compileRange(ctx, rule, columns, pointer);
    case 'regex': {
      if (!(await isRegex(ctx, rule.pattern, `${pointer}/pattern`))) return null;
      const message = `${shown} || ${quoteLiteral(` does not match ${rule.pattern.slice(0, 200)}`)}`;
      return { fails: `(${values[0]}::text !~ ${quoteLiteral(rule.pattern)})`, message };
    }
    case 'in_set': {
      const list = rule.values.map(literal).join(', ');
      if (!(await isValid(ctx, columns, `${values[0]} IN (${list})`, `${pointer}/values`))) return null;
      return {
        fails: `(${values[0]} NOT IN (${list}))`,
        message: `${shown} || ' is not in the set of allowed values'`,
      };
    }
    case 'references':
      return compileReferences(ctx, rule, columns, pointer);
  }
}

async function compileRange(
  ctx: Context,
  rule: Extract<RowRule, { rule: 'range' }>,
  columns: Column[],
  pointer: string,
): Promise<Pick<CompiledRule, 'fails' | 'message'> | null> {
  const value = `h.${quoteIdent(rule.column)}`;
  const below = rule.min === undefined ? null : `${value} < ${literal(rule.min)}`;
  const above = rule.max === undefined ? null : `${value} > ${literal(rule.max)}`;
  const isMinGood = below === null || (await isValid(ctx, columns, below, `${pointer}/min`));
  const isMaxGood = above === null || (await isValid(ctx, columns, above, `${pointer}/max`));
  if (!isMinGood || !isMaxGood) return null;
  const fails = `(${[below, above].filter((part) => part !== null).join(' OR ')})`;
  const bounds = `${rule.min ?? 'anything'} to ${rule.max ?? 'anything'}`;
  return { fails, message: `${shownValues(columns)} || ${quoteLiteral(` is outside ${bounds}`)}` };
}

async function compileReferences(
  ctx: Context,
  rule: Extract<RowRule, { rule: 'references' }>,
  columns: Column[],
  pointer: string,
): Promise<Pick<CompiledRule, 'fails' | 'message'> | null> {
  const table = findTable(ctx, rule.table, `${pointer}/table`);
  if (!table) return null;
  const pairs = columns.flatMap((left, i) => {
    const right = findColumn(ctx, table.columns, rule.tableColumns[i] ?? '', `${pointer}/tableColumns/${i}`);
    return right ? [{ left, right }] : [];
  });
  if (pairs.length < columns.length || !(await areJoinable(ctx, pairs, `${pointer}/columns`))) return null;
  const isComplete = columns.map((column) => `h.${quoteIdent(column.name)} IS NOT NULL`).join(' AND ');
  const on = pairs.map(({ left, right }) => `t.${quoteIdent(right.name)} = h.${quoteIdent(left.name)}`).join(' AND ');
  const exists = `EXISTS (SELECT 1 FROM ${quoteQualified(ctx.catalogue.schema, rule.table)} AS t WHERE ${on})`;
  return {
    fails: `(${isComplete} AND NOT ${exists})`,
    message: `${shownValues(columns)} || ${quoteLiteral(` is not in ${rule.table}`)}`,
  };
}

async function isValid(ctx: Context, columns: Column[], condition: string, pointer: string): Promise<boolean> {
  const described = await ctx.describe(`SELECT ${condition} AS c FROM ${typedNothing(columns)}`);
  if (!described.ok) fail(ctx, pointer, 'invalid_value', described.message);
  return described.ok;
}

/**
 * Whether PostgreSQL can read the regular expression. Describing `'' ~ '…'` would not tell: the operator does not
 * run. The literal of a jsonpath is read at once, and the expression in it by the same compiler.
 */
async function isRegex(ctx: Context, pattern: string, pointer: string): Promise<boolean> {
  const path = `$ ? (@ like_regex ${JSON.stringify(pattern)})`;
  const described = await ctx.describe(`SELECT ${quoteLiteral(path)}::pg_catalog.jsonpath AS c`);
  if (!described.ok) fail(ctx, pointer, 'invalid_value', described.message);
  return described.ok;
}

/** A string stays untyped, so that PostgreSQL reads it as the column's type; a number is a number. */
function literal(value: string | number | boolean): string {
  return typeof value === 'string' ? quoteLiteral(value) : `(${String(value)})`;
}

function shownValues(columns: readonly Column[]): string {
  return columns
    .map(
      ({ name }, i) =>
        `${quoteLiteral(`${i > 0 ? ', ' : ''}${name} = `)} || coalesce(left(h.${quoteIdent(name)}::text, 100), 'null')`,
    )
    .join(' || ');
}

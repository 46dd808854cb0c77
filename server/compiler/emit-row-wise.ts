// None of these sorts: each reads one temp table in one plain scan, and that keeps the order of its rows. (Temp tables
// take no part in synchronized or parallel scans, and the run and params rows are folded into constants.)
import { allCastable, castMessage, castValue, type GuardedCast } from './cast-guard.ts';
import { type Column, formattedType } from './catalogue.ts';
import {
  type Emitted,
  findColumn,
  type NodeContext,
  onlyInput,
  passOrigins,
  typeCondition,
  typeExpression,
} from './node-context.ts';
import { quoteIdent } from './quote.ts';
import { expressionScope } from './run-scope.ts';
import { declared, hidden, payloadOf, rejectStatement, STAGED_HIDDEN, stageOf, stageStatement } from './select-list.ts';

const WHOLE_TYPES: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint']);

/** Keeps the rows for which the condition is true (not false, not null). */
export async function emitFilter(ctx: NodeContext<'filter'>): Promise<Emitted | null> {
  const input = onlyInput(ctx);
  const pointer = `${ctx.pointer}/config/where`;
  const where = await typeCondition(ctx, { text: ctx.node.config.where, as: 'keep', pointer, columns: input.columns });
  if (!where) return null;
  return {
    columns: input.columns,
    origins: passOrigins(input),
    statements: (run) => {
      const scope = expressionScope([where], ctx.parameters, run);
      const query = `SELECT ${declared(input.columns)}, ${hidden()}\nFROM ${stageOf(input)} AS h${scope}\nWHERE e.keep`;
      return [stageStatement(ctx.node.id, query)];
    },
  };
}

/** Adds columns, each computed from the input's columns; one with the name of an input column replaces it in its place. */
export async function emitDerive(ctx: NodeContext<'derive'>): Promise<Emitted | null> {
  const input = onlyInput(ctx);
  const typed = await Promise.all(
    ctx.node.config.columns.map((column, i) => {
      const pointer = `${ctx.pointer}/config/columns/${i}/expression`;
      return typeExpression(ctx, { text: column.expression, as: column.name, pointer, columns: input.columns });
    }),
  );
  const expressions = typed.filter((expression) => expression !== null);
  if (expressions.length < typed.length) return null;
  const isDerived = (name: string) => expressions.find((expression) => expression.as === name);
  const added = expressions.filter((expression) => !input.columns.some((column) => column.name === expression.as));
  const columns: Column[] = [
    ...input.columns.map((column) => ({ name: column.name, type: isDerived(column.name)?.type ?? column.type })),
    ...added.map((expression) => ({ name: expression.as, type: expression.type })),
  ];
  const list = columns.map(({ name }) => `${isDerived(name) ? 'e' : 'h'}.${quoteIdent(name)}`).join(', ');
  const origins = passOrigins(input);
  for (const { as, columns: from } of expressions)
    origins.set(
      as,
      from.map((column) => ({ node: input.id, column })),
    );
  return {
    columns,
    origins,
    statements: (run) => {
      const scope = expressionScope(expressions, ctx.parameters, run);
      return [stageStatement(ctx.node.id, `SELECT ${list}, ${hidden()}\nFROM ${stageOf(input)} AS h${scope}`)];
    },
  };
}

/** Keeps, renames and casts columns. A cast from anything but text goes through the value's text form. */
export function emitSelect(ctx: NodeContext<'select'>): Emitted | null {
  const input = onlyInput(ctx);
  const picked = ctx.node.config.columns.map((wanted, i) => {
    const column = findColumn(ctx, input.columns, wanted.name, `${ctx.pointer}/config/columns/${i}/name`);
    return column && { column, name: wanted.as ?? wanted.name, cast: castOf(column, wanted.cast) };
  });
  const columns = picked.filter((one) => one !== null);
  if (columns.length < picked.length) return null;
  const casts = columns.flatMap(({ cast }) => cast ?? []);
  const list = columns
    .map(
      ({ column, name, cast }) => `${cast ? castValue(cast) : `h.${quoteIdent(column.name)}`} AS ${quoteIdent(name)}`,
    )
    .join(',\n  ');
  const good = allCastable(casts);
  const stage = stageStatement(
    ctx.node.id,
    `SELECT ${list},\n  ${hidden()}\nFROM ${stageOf(input)} AS h${good === null ? '' : `\nWHERE ${good}`}`,
  );
  const reject = rejectStatement({
    nodeId: ctx.node.id,
    rule: `'cast'`,
    errorKind: 'cast',
    message: castMessage(casts),
    hidden: STAGED_HIDDEN,
    payload: payloadOf(input.columns.map(({ name }) => ({ name, sql: `h.${quoteIdent(name)}` }))),
    from: `FROM ${stageOf(input)} AS h\nWHERE NOT (${good})`,
  });
  return {
    columns: columns.map(({ column, name, cast }) => ({ name, type: cast ? formattedType(cast.type) : column.type })),
    origins: new Map(columns.map(({ column, name }) => [name, [{ node: input.id, column: column.name }]])),
    statements: () => (good === null ? [stage] : [reject, stage]),
  };
}

function castOf(column: Column, type: GuardedCast['type'] | undefined): GuardedCast | null {
  if (type === undefined || formattedType(type) === column.type) return null;
  const value = `h.${quoteIdent(column.name)}`;
  // 2.00 is a whole number, but '2.00' is no input of integer.
  const isTrimmed = column.type.startsWith('numeric') && WHOLE_TYPES.has(type);
  const shown = isTrimmed ? `trim_scale(${value})` : value;
  return { name: column.name, sql: column.type === 'text' ? value : `${shown}::text`, type };
}

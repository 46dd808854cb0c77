import type { PipelineDocument } from '#server/ir/index.ts';
import type { Column } from './catalogue.ts';
import type { RunContext } from './plan.ts';
import { quoteIdent, quoteLiteral } from './quote.ts';

/** One checked expression and the name under which its value is selected. */
export type ScopedExpression = { as: string; text: string; columns: string[]; usesRun: boolean; usesParams: boolean };

/** The values of `run` and `params`, as SQL, in a run or (with null) for describing types only. */
export function runRow(run: RunContext | null): string {
  const instant = (value: string | null | undefined) =>
    value == null ? 'NULL::timestamptz' : `${quoteLiteral(value)}::timestamptz`;
  const id = run ? `${quoteLiteral(run.runId)}::text` : 'NULL::text';
  return `(SELECT ${instant(run?.dueAt)} AS due_at, ${instant(run?.intervalStart)} AS interval_start, ${instant(run?.intervalEnd)} AS interval_end, ${id} AS id) AS run`;
}

/** The one row of parameters; a parameter that the run does not set has the document's default. */
export function paramsRow(parameters: PipelineDocument['parameters'], run: RunContext | null): string {
  const fields = Object.entries(parameters).map(([name, parameter]) => {
    const value = run && Object.hasOwn(run.params, name) ? run.params[name] : parameter.default;
    const literal = run === null || value == null ? 'NULL' : quoteLiteral(String(value));
    return `${literal}::${parameter.type} AS ${quoteIdent(name)}`;
  });
  return `(SELECT ${fields.join(', ')}) AS params`;
}

/**
 * The FROM items in which the expressions are evaluated, to stand behind a FROM item called `h`. Each expression is
 * written as the user wrote it, on lines of its own, inside a lateral subselect whose only FROM item exposes exactly the
 * declared columns. A plain name is looked up in that innermost level first, so a column called due_at, run or h is
 * still the column; `run.x` and `params.x` are found one level further out. Hidden columns stand in `h`, out there
 * too, and the expression checker's refusal of every undeclared name is what keeps expressions from them.
 */
export function expressionScope(
  expressions: readonly ScopedExpression[],
  parameters: PipelineDocument['parameters'],
  run: RunContext | null,
): string {
  if (expressions.length === 0) return '';
  const columns = [...new Set(expressions.flatMap((expression) => expression.columns))];
  const exposed = columns.map((name) => `h.${quoteIdent(name)}`).join(', ');
  const selected = expressions.map(({ text, as }) => `(\n${text}\n) AS ${quoteIdent(as)}`).join(',\n');
  const parts: string[] = [];
  if (expressions.some((expression) => expression.usesRun)) parts.push(`CROSS JOIN ${runRow(run)}`);
  if (expressions.some((expression) => expression.usesParams)) parts.push(`CROSS JOIN ${paramsRow(parameters, run)}`);
  parts.push(`CROSS JOIN LATERAL (SELECT\n${selected}\nFROM (SELECT ${exposed}) AS _ms_in) AS e`);
  return `\n${parts.join('\n')}`;
}

/** A FROM item `h` with no rows but the right types, for Describe. */
export function typedNothing(columns: readonly Column[], alias = 'h'): string {
  const fields = columns.map((column) => `NULL::${column.type} AS ${quoteIdent(column.name)}`);
  return `(SELECT ${fields.join(', ')}) AS ${alias}`;
}

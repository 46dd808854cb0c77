import { type ExpressionProblem, parseExpression } from './parse-expression.ts';
import type { ExpressionNames } from './scope.ts';
import { walkExpression } from './walk.ts';

export type CheckedExpression =
  | { ok: true; columns: string[]; runFields: string[]; params: string[] }
  | { ok: false; problems: ExpressionProblem[] };

/**
 * Parses the text with PostgreSQL's parser and holds it against the allow-list of node types, operators, functions and
 * types. Accepted: the columns, run fields and parameters it refers to. Refused: every problem, each with its zero-based
 * offset (JavaScript string offset) in the text. Asks no database: types are the compiler's business.
 */
export async function checkExpression(text: string, names: ExpressionNames): Promise<CheckedExpression> {
  const parsed = await parseExpression(text);
  if (!parsed.ok) return { ok: false, problems: [parsed.problem] };
  const found = walkExpression(parsed.tree, names, parsed.positionOf);
  if (found.problems.length === 0 && parsed.unbalanced) return { ok: false, problems: [parsed.unbalanced] };
  if (found.problems.length > 0) return { ok: false, problems: found.problems };
  return { ok: true, columns: [...found.columns], runFields: [...found.runFields], params: [...found.params] };
}

import type { Node } from '@pgsql/types';
import type { ExpressionProblem } from './parse-expression.ts';

/** What an expression may refer to. `columns: null` = not known yet, so any plain name passes. */
export type ExpressionNames = { columns: readonly string[] | null; params: readonly string[] };

/** The clock and identity of a run, as expressions see them. */
export const RUN_FIELDS = ['due_at', 'interval_start', 'interval_end', 'id'] as const;

/** One walk over a parse tree: what it referred to and what was refused. */
export type Walk = {
  names: ExpressionNames;
  columns: Set<string>;
  runFields: Set<string>;
  params: Set<string>;
  problems: ExpressionProblem[];
  /** `at` is the parser's byte location in the wrapped text. */
  refuse: (code: string, message: string, at: number) => void;
};

/** The plain strings of a qualified name; a part that is not a string is left out. */
export function namesOf(nodes: readonly Node[]): string[] {
  return nodes.flatMap((node) => ('String' in node ? [node.String.sval ?? ''] : []));
}

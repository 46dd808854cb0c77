import type { FuncCall, Node } from '@pgsql/types';
import { AGGREGATES, ALLOWED_FUNCTIONS, CLOCK_AND_CHANCE, MAX_PAD_LENGTH, PADDING } from './functions.ts';
import { namesOf, type Walk } from './scope.ts';

/** Checks a call against the list of functions; its arguments are walked by the caller. */
export function checkFunctionCall(walk: Walk, call: FuncCall, at: number): void {
  const path = namesOf(call.funcname ?? []);
  const name = path.at(-1) ?? '';
  const args = call.args ?? [];
  const written = path.join('.');
  if (CLOCK_AND_CHANCE.has(name)) {
    walk.refuse(
      'function_not_allowed',
      `${name}() gives another answer each time; use run.due_at, which a backfill repeats`,
      at,
    );
  } else if (
    AGGREGATES.has(name) ||
    call.agg_star ||
    call.agg_filter ||
    call.agg_order ||
    call.agg_distinct ||
    call.over
  ) {
    walk.refuse('aggregate_not_allowed', `${name}() works on many rows; use an aggregate node`, at);
  } else if (!(path.length === 1 || (path.length === 2 && path[0] === 'pg_catalog')) || !ALLOWED_FUNCTIONS.has(name)) {
    walk.refuse('function_not_allowed', `the function ${written}() is not allowed in an expression`, at);
  } else if (call.agg_within_group || call.func_variadic) {
    walk.refuse('not_allowed', `VARIADIC and WITHIN GROUP are not allowed (${name})`, at);
  } else if (name === 'age' && args.length !== 2) {
    walk.refuse('function_not_allowed', 'age() with one argument reads the clock; use age(run.due_at, …)', at);
  } else if (PADDING.has(name) && !isBoundedLength(args[1])) {
    walk.refuse('function_not_allowed', `${name}() needs a constant length of at most ${MAX_PAD_LENGTH}`, at);
  }
}

function isBoundedLength(length: Node | undefined): boolean {
  if (!length || !('A_Const' in length) || length.A_Const.ival === undefined) return false;
  return (length.A_Const.ival.ival ?? 0) <= MAX_PAD_LENGTH;
}

import type { Node, TypeName } from '@pgsql/types';
import { ALLOWED_TYPES, CLOCK_WORDS, DATE_TYPES, MAX_CHAR_LENGTH } from './casts.ts';
import { namesOf, type Walk } from './scope.ts';

/** Checks the type of a cast against the list; its argument is walked by the caller. */
export function checkTypeCast(walk: Walk, type: TypeName, arg: Node | undefined, at: number): void {
  const path = namesOf(type.names ?? []);
  const name = path.at(-1) ?? '';
  const isPlain = path.length === 1 || (path.length === 2 && path[0] === 'pg_catalog');
  if (!isPlain || !ALLOWED_TYPES.has(name) || type.setof || type.pct_type) {
    walk.refuse('type_not_allowed', `a cast to ${path.join('.')} is not allowed`, at);
  } else if ((type.arrayBounds?.length ?? 0) > 1) {
    walk.refuse('type_not_allowed', `a cast to an array of more than one dimension is not allowed (${name})`, at);
  } else if (name === 'bpchar' && (constantInteger(type.typmods?.[0]) ?? 0) > MAX_CHAR_LENGTH) {
    walk.refuse('type_not_allowed', `char(n) is allowed up to n = ${MAX_CHAR_LENGTH}`, at);
  } else if (DATE_TYPES.has(name) && CLOCK_WORDS.test(constantText(arg) ?? '')) {
    walk.refuse('not_allowed', `'${constantText(arg)}' reads the clock; use run.due_at, which a backfill repeats`, at);
  }
}

function constantInteger(node: Node | undefined): number | undefined {
  return node && 'A_Const' in node ? node.A_Const.ival?.ival : undefined;
}

function constantText(node: Node | undefined): string | undefined {
  return node && 'A_Const' in node ? node.A_Const.sval?.sval : undefined;
}

/** The operators an expression may use, all of them pg_catalog's own. LIKE and its kin arrive as `~~` forms. */
export const ALLOWED_OPERATORS: ReadonlySet<string> = new Set([
  ...['+', '-', '*', '/', '%', '^', '|/', '||/', '@', '&', '|', '#', '~', '<<', '>>'],
  ...['=', '<>', '!=', '<', '>', '<=', '>='],
  ...['||', '~*', '!~', '!~*', '~~', '~~*', '!~~', '!~~*', '^@'],
  ...['->', '->>', '#>', '#>>', '@>', '<@', '?', '?|', '?&', '#-', '@?', '@@', '&&'],
]);

/** A double-quoted SQL identifier. Throws on a zero byte or half a surrogate pair, which no identifier can hold. */
export function quoteIdent(name: string): string {
  assertStorable(name);
  return `"${name.replaceAll('"', '""')}"`;
}

/** `"schema"."name"`. */
export function quoteQualified(schema: string, name: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/**
 * A SQL string literal. A backslash is written in the E'' form, as PostgreSQL's own quote_literal does, so that the
 * literal means the same whatever standard_conforming_strings says. Throws on text that PostgreSQL cannot store.
 */
export function quoteLiteral(text: string): string {
  assertStorable(text);
  const quoted = text.replaceAll("'", "''");
  return quoted.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

function assertStorable(text: string): void {
  if (text.includes('\u0000') || !text.isWellFormed()) {
    throw new TypeError(
      `text with a zero byte or half a surrogate pair cannot go into SQL: ${JSON.stringify(text.slice(0, 60))}`,
    );
  }
}

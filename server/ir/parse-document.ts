import type { z } from 'zod';
import type { Problem } from './problem.ts';
import { PipelineDocument } from './schema.ts';

export type ParsedDocument = { ok: true; doc: PipelineDocument } | { ok: false; problems: Problem[] };

/** How deep a JSON document may be nested; the schema itself needs 8 levels. */
const MAX_JSON_DEPTH = 50;

/** Checks unknown JSON against the document schema and returns it with its defaults, or every problem found. */
export function parseDocument(json: unknown): ParsedDocument {
  const problems = unstorableText(json, [], 0);
  if (problems.length > 0) return { ok: false, problems };
  const parsed = PipelineDocument.safeParse(json);
  if (parsed.success) return { ok: true, doc: parsed.data };
  return { ok: false, problems: parsed.error.issues.flatMap((issue) => problemsOfIssue(issue, json, [])) };
}

/** An RFC 6901 pointer to a path of keys and indexes. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function problemsOfIssue(issue: z.core.$ZodIssue, json: unknown, base: readonly PropertyKey[]): Problem[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      problem(
        [...path, key],
        'unknown_property',
        `"${shorten(key)}" is not a property here; remove it or check its spelling`,
      ),
    );
  }
  if (issue.code === 'invalid_key') {
    const reasons = issue.issues.map((inner) => inner.message).join('; ');
    return [problem(path, 'invalid_key', `the name "${shorten(String(path.at(-1)))}" is not valid: ${reasons}`)];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const reasons = [...new Set(issue.errors.flat().map((inner) => inner.message))].join(' or ');
    return [problem(path, 'invalid_value', `${reasons}${got(json, path)}`)];
  }
  return [problem(path, issue.code, `${issue.message}${got(json, path)}`)];
}

function problem(path: readonly PropertyKey[], code: string, message: string): Problem {
  return { pointer: pointerOf(path), code, message, severity: 'error' };
}

function got(json: unknown, path: readonly PropertyKey[]): string {
  let value: unknown = json;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return ' (it is missing)';
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return ` (got ${shorten(JSON.stringify(value) ?? String(value))})`;
}

function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/**
 * PostgreSQL stores neither a zero byte nor half a surrogate pair, in text or in jsonb. Refused here, once for all
 * strings, so that nothing later can trip over one.
 */
function unstorableText(value: unknown, path: readonly PropertyKey[], depth: number): Problem[] {
  if (depth > MAX_JSON_DEPTH)
    return [problem(path, 'too_deep', `the document is nested more than ${MAX_JSON_DEPTH} deep`)];
  if (typeof value === 'string') return isStorable(value) ? [] : [badText(path)];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, Array.isArray(value) ? Number(key) : key];
    return [...(isStorable(key) ? [] : [badText(here)]), ...unstorableText(inner, here, depth + 1)];
  });
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

function badText(path: readonly PropertyKey[]): Problem {
  return problem(
    path,
    'bad_text',
    'the text contains a zero byte or half a surrogate pair, which PostgreSQL cannot store; remove it',
  );
}

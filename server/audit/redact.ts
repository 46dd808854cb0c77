// What of a change may be kept in the audit log: no secret, and no more than a reader needs.

/** Names whose values are never kept, whatever they hold. */
const SECRET_NAME =
  /pass(word|phrase)|secret|token|api_?key|key_?hash|authorization|cookie|credential|private_?key|connection_?string|dsn/i;
/** Secrets that hide in text: our own keys, and what stands before the host of an address. */
const API_KEY = /\bms_[\w-]{16,}/g;
const USER_INFO = /(\w+:\/\/)[^/\s@]+@/g;

export const REDACTED = '[redacted]';
const MAX_DEPTH = 24;
/** Characters of one text, and bytes of the whole as JSON: a page shows them, the digest covers all of it. */
const MAX_TEXT = 4_000;
const MAX_BYTES = 64_000;

/** The value as JSON without its secrets. A digest over it tells that something changed, never of what secret. */
export function withoutSecrets(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(API_KEY, REDACTED).replace(USER_INFO, `$1${REDACTED}@`);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= MAX_DEPTH) return REDACTED;
  if ('toJSON' in value && typeof value.toJSON === 'function') return withoutSecrets(value.toJSON(), depth);
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [name, hides(name, item) ? REDACTED : withoutSecrets(item, depth + 1)]),
  );
}

/** A name such as `hasSecret` with a yes or no, or `tokens` with a number, gives nothing away. */
const hides = (name: string, value: unknown) =>
  SECRET_NAME.test(name) && value !== null && typeof value !== 'boolean' && typeof value !== 'number';

/** The same with long texts cut; null when it is too large to keep even so. */
export function toKeep(value: unknown): unknown {
  const kept = cutTexts(value);
  return Buffer.byteLength(JSON.stringify(kept) ?? '', 'utf8') <= MAX_BYTES ? kept : null;
}

function cutTexts(value: unknown): unknown {
  if (typeof value === 'string')
    // jsonb takes no NUL, and half of a surrogate pair is no text.
    return value.length <= MAX_TEXT
      ? value.replaceAll('\0', '\\0').toWellFormed()
      : `${value.slice(0, MAX_TEXT).replaceAll('\0', '\\0').toWellFormed()}… (${value.length} characters)`;
  if (Array.isArray(value)) return value.map(cutTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [cutTexts(name), cutTexts(item)]));
}

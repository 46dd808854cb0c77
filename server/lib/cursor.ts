import { ServiceError } from './errors.ts';
import { isUuid } from './id.ts';
import { findUnstorableText } from './storable-text.ts';

/** Opaque position of a list page. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts), 'utf8').toString('base64url');
}

/** @throws ServiceError INPUT_INVALID when the cursor is not one of ours with `length` parts. */
export function decodeCursor(cursor: string, length: number): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    if (Array.isArray(parts) && parts.length === length && parts.every(isPart)) return parts;
  } catch {
    // Falls through to the one message.
  }
  throw refusal(cursor);
}

/** What a list gave out was stored; another text with a zero byte in it would reach the database as that. */
const isPart = (part: unknown) => typeof part === 'string' && findUnstorableText(part) === null;

/** The id that a page of a list by ids ends with. @throws ServiceError INPUT_INVALID when the cursor is no such id. */
export function decodeIdCursor(cursor: string): string {
  const [id = ''] = decodeCursor(cursor, 1);
  if (!isUuid(id)) throw refusal(cursor);
  return id;
}

const refusal = (cursor: string) =>
  new ServiceError('INPUT_INVALID', 'cursor is not one this list gave out; leave it away to start from the top', {
    cursor: cursor.slice(0, 100),
  });

/** Cuts a list read with limit + 1 into a page. */
export function toPage<T>(rows: T[], limit: number, cursorOf: (row: T) => readonly string[]) {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(cursorOf(last)) : null };
}

import { ServiceError } from './errors.ts';

/**
 * For every door by which text comes in that a table may be given: PostgreSQL's own refusal would be a failure of ours.
 * @throws ServiceError INPUT_INVALID naming the first field of `input` that has such text
 */
export function requireStorable(input: unknown): void {
  const pointer = findUnstorableText(input);
  if (pointer === null) return;
  const message = `${pointer}: text holds U+0000 or half of a surrogate pair, which cannot be stored; take it out`;
  throw new ServiceError('INPUT_INVALID', message, { issues: [{ pointer, message }] });
}

/**
 * Where a value from outside has text that PostgreSQL stores nowhere: U+0000, or half of a surrogate pair. A JSON
 * pointer to the first such text or name; null where there is none. What is nested deeper than 200 is not looked at.
 */
export function findUnstorableText(value: unknown, pointer = '', depth = 0): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : pointer || '/';
  if (typeof value !== 'object' || value === null || depth > 200) return null;
  for (const [name, item] of Object.entries(value)) {
    const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (!isStorable(name)) return pointer || '/';
    const found = findUnstorableText(item, place, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

/** What somebody else wrote, as a column takes it: `maxChars` of it, with U+FFFD for zero bytes and halves of surrogate pairs. */
export const storableText = (text: string, maxChars: number): string =>
  text.slice(0, maxChars).toWellFormed().replaceAll('\0', '\ufffd');

const isStorable = (text: string) => !text.includes('\0') && text.isWellFormed();

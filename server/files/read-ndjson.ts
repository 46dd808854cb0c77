import type { Line } from './read-lines.ts';
import type { FileRecord } from './record.ts';

export type NdjsonSource = { columns: { field: string; type: string }[] };

/** JSON numbers are copied digit by digit: TypeScript's library does not know these two parts of ES2026 yet. */
type ExactJson = {
  parse(text: string, revive: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(source: string): unknown;
  isRawJSON(value: unknown): value is { rawJSON: string };
};
const exactJson = JSON as unknown as ExactJson;

/** Only a line with a long number or an exponent can lose digits; the others take the faster way. */
const MAY_LOSE_DIGITS = /[\d.]{16}|\d[eE]/;

/** Rows of a file with one JSON object a line. A field that is missing is null. */
export async function* readNdjson(batches: AsyncIterable<Line[]>, source: NdjsonSource): AsyncGenerator<FileRecord[]> {
  for await (const batch of batches) {
    const records: FileRecord[] = [];
    for (const line of batch) {
      if (line.problem === null && line.text.trim() === '') continue;
      records.push(toRecord(line, source));
    }
    if (records.length > 0) yield records;
  }
}

function toRecord(line: Line, source: NdjsonSource): FileRecord {
  if (line.problem !== null) return { ok: false, line: line.number, text: line.text, message: line.problem };
  let value: unknown;
  try {
    value = parseExactly(line.text);
  } catch (error) {
    const message = `the line is not JSON: ${error instanceof Error ? error.message : String(error)}`;
    return { ok: false, line: line.number, text: line.text, message: message.slice(0, 300) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { ok: false, line: line.number, text: line.text, message: 'the line is not a JSON object' };
  const fields = value as Record<string, unknown>;
  const values = source.columns.map(({ field, type }) =>
    Object.hasOwn(fields, field) ? toText(fields[field], type) : null,
  );
  if (values.some((text) => text !== null && !isStorable(text)))
    return {
      ok: false,
      line: line.number,
      text: line.text,
      message: 'a value has a zero byte or half a surrogate pair',
    };
  return { ok: true, line: line.number, values };
}

function parseExactly(text: string): unknown {
  if (!MAY_LOSE_DIGITS.test(text)) return JSON.parse(text);
  return exactJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? exactJson.rawJSON(source) : value,
  );
}

function toText(value: unknown, type: string): string | null {
  if (value === null) return null;
  if (type === 'jsonb') return JSON.stringify(value);
  if (typeof value === 'string') return value;
  if (exactJson.isRawJSON(value)) return value.rawJSON;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

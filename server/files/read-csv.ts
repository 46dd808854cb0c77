import { type CsvOptions, createCsvRecordParser } from './csv-record.ts';
import type { Line } from './read-lines.ts';
import { type FileRecord, UnreadableFileError } from './record.ts';

/** A quoted field that is still open after this many lines was not meant: its first line is the malformed one. */
const MAX_RECORD_LINES = 100;
const MAX_RECORD_CHARS = 4_194_304;

export type CsvSource = { csv: CsvOptions & { header: boolean }; columns: { field: string }[] };

/**
 * Rows of a CSV file. A malformed record costs only its first line: reading goes on at the very next one, so a
 * stray quote does not swallow what follows.
 * @throws UnreadableFileError when the header does not name every declared column.
 */
export async function* readCsv(batches: AsyncIterable<Line[]>, source: CsvSource): AsyncGenerator<FileRecord[]> {
  const parser = createCsvRecordParser(source.csv);
  let places: number[] | null = source.csv.header ? null : source.columns.map((_, i) => i);
  let width = source.columns.length;
  let held: Line[] = [];
  let heldChars = 0;

  /** One line more; `todo` gets back what has to be read again. */
  function step(line: Line, todo: Line[]): FileRecord | null {
    if (held.length === 0 && line.problem === null && line.text.trim() === '') return null;
    const result = line.problem === null ? parser.feed(line.text) : { kind: 'bad' as const, message: line.problem };
    if (result.kind === 'open') {
      held.push(line);
      heldChars += line.text.length;
      const isRecord = held.length < MAX_RECORD_LINES && heldChars < MAX_RECORD_CHARS;
      return isRecord ? null : giveUp('its quote is never closed', todo);
    }
    if (result.kind === 'bad') {
      if (held.length === 0) return bad(line, result.message);
      todo.push(line);
      return giveUp('its quote is never closed', todo);
    }
    const first = held[0] ?? line;
    held = [];
    heldChars = 0;
    return toRecord(first, result.fields);
  }

  function giveUp(message: string, todo: Line[]): FileRecord | null {
    const [first, ...others] = held;
    todo.push(...others.reverse());
    held = [];
    heldChars = 0;
    parser.reset();
    return first ? bad(first, message) : null;
  }

  function toRecord(first: Line, fields: (string | null)[]): FileRecord | null {
    if (places === null) {
      places = readHeader(fields, source);
      width = fields.length;
      return null;
    }
    if (fields.length !== width) return bad(first, `the line has ${fields.length} fields instead of ${width}`);
    return { ok: true, line: first.number, values: places.map((place) => fields[place] ?? null) };
  }

  const drain = (todo: Line[]): FileRecord[] => {
    const records: FileRecord[] = [];
    for (let line = todo.pop(); line !== undefined; line = todo.pop()) {
      const record = step(line, todo);
      if (record) records.push(record);
    }
    return records;
  };

  for await (const batch of batches) yield drain(batch.reverse());
  while (held.length > 0) {
    const todo: Line[] = [];
    const record = giveUp('its quote is never closed', todo);
    yield [...(record ? [record] : []), ...drain(todo)];
  }
  if (places === null) throw new UnreadableFileError('the file has no header line');
}

function readHeader(fields: (string | null)[], source: CsvSource): number[] {
  const names = fields.map((field) => (field ?? '').trim());
  const missing = source.columns.filter((column) => !names.includes(column.field)).map((column) => `"${column.field}"`);
  if (missing.length > 0)
    throw new UnreadableFileError(
      `the header has no ${missing.slice(0, 10).join(', ')}; it has: ${names.slice(0, 30).join(', ').slice(0, 500)}`,
    );
  return source.columns.map((column) => names.indexOf(column.field));
}

function bad(line: Line, message: string): FileRecord {
  return { ok: false, line: line.number, text: line.text, message };
}

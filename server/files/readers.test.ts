import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyLine } from './copy-rows.ts';
import { fillPathTemplate } from './path-template.ts';
import { readCsv } from './read-csv.ts';
import { MAX_LINE_BYTES, readLines } from './read-lines.ts';
import { readNdjson } from './read-ndjson.ts';
import type { FileRecord } from './record.ts';

/** The bytes in chunks of the given size, so that every boundary is cut through. */
async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function all(records: AsyncIterable<FileRecord[]>): Promise<FileRecord[]> {
  const found: FileRecord[] = [];
  for await (const batch of records) found.push(...batch);
  return found;
}

const csv = { delimiter: ',', quote: '"', nullText: '', header: true };
const fields = (...names: string[]) => names.map((field) => ({ field }));
const readText = (text: string | Buffer, columns: string[], options: Partial<typeof csv> = {}, chunkBytes = 7) =>
  all(
    readCsv(readLines(inChunks(Buffer.from(text), chunkBytes)), {
      csv: { ...csv, ...options },
      columns: fields(...columns),
    }),
  );
const good = (records: FileRecord[]) => records.flatMap((record) => (record.ok ? [record.values] : []));
const bad = (records: FileRecord[]) => records.flatMap((record) => (record.ok ? [] : [[record.line, record.message]]));

describe('readCsv', () => {
  it('takes columns by their header names, in the declared order', async () => {
    expect(good(await readText('\ufeffb,a,c\r\n1,2,3\r\n', ['a', 'b']))).toEqual([['2', '1']]);
  });

  it('tells an empty field, which is null, from a quoted empty one', async () => {
    expect(good(await readText('a,b\n,""\n', ['a', 'b']))).toEqual([[null, '']]);
    expect(good(await readText('a,b\nNA,"NA"\n', ['a', 'b'], { nullText: 'NA' }))).toEqual([[null, 'NA']]);
  });

  it('reads a last line without a line feed and skips empty lines', async () => {
    expect(good(await readText('a\n1\n\n  \n2', ['a']))).toEqual([['1'], ['2']]);
  });

  it('loses only the line with a stray quote, not what follows', async () => {
    const text = `a,b\n1,x\n2,"oops\n${Array.from({ length: 300 }, (_, i) => `${i + 3},y`).join('\n')}\n`;
    const records = await readText(text, ['a', 'b'], {}, 4_096);
    expect(good(records)).toHaveLength(301);
    expect(bad(records)).toEqual([[3, 'its quote is never closed']]);
  });

  it('goes on after text behind a closing quote, a wrong number of fields and bytes that are not UTF-8', async () => {
    const text = Buffer.concat([Buffer.from('a,b\n"1"x,2\n3\n4,5,6\n7,'), Buffer.from([0xff]), Buffer.from('\n8,9\n')]);
    const records = await readText(text, ['a', 'b']);
    expect(good(records)).toEqual([['8', '9']]);
    expect(bad(records)).toEqual([
      [2, 'field 1 goes on after its closing quote'],
      [3, 'the line has 1 fields instead of 2'],
      [4, 'the line has 3 fields instead of 2'],
      [5, 'the line is not UTF-8 text'],
    ]);
  });

  it('refuses a file whose header lacks a declared column, and an empty one', async () => {
    await expect(readText('a,c\n1,2\n', ['a', 'b'])).rejects.toThrow('the header has no "b"; it has: a, c');
    await expect(readText('', ['a'])).rejects.toThrow('no header');
  });

  it('gives back every table that was written by the rules of RFC 4180, whatever the chunks', async () => {
    const cell = fc.oneof(
      fc.constant(null),
      fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' ', 'é', ';') }),
    );
    const quoted = (value: string | null) => (value === null ? '' : `"${value.replaceAll('"', '""')}"`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(cell, cell), { maxLength: 20 }),
        fc.integer({ min: 1, max: 40 }),
        async (rows, chunkBytes) => {
          // A line of two nulls is still a line: the comma makes it one.
          const text = `a,b\n${rows.map((row) => `${row.map(quoted).join(',')}\n`).join('')}`;
          expect(good(await readText(text, ['a', 'b'], {}, chunkBytes))).toEqual(rows);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('readLines', () => {
  it('sets a line aside that is too long without holding it, and goes on', async () => {
    const text = Buffer.concat([Buffer.from('a\n'), Buffer.alloc(MAX_LINE_BYTES * 3, 'x'), Buffer.from('\nb\n')]);
    const records = await readText(text, ['a'], {}, 65_536);
    expect(good(records)).toEqual([['b']]);
    expect(bad(records)).toEqual([[2, `the line has ${MAX_LINE_BYTES * 3} bytes, more than ${MAX_LINE_BYTES}`]]);
  });
});

describe('readNdjson', () => {
  const readJson = (text: string, columns: Record<string, string>) =>
    all(
      readNdjson(readLines(inChunks(Buffer.from(text), 11)), {
        columns: Object.entries(columns).map(([field, type]) => ({ field, type })),
      }),
    );

  it('copies numbers digit by digit and keeps JSON for jsonb', async () => {
    const text = '{"n":9007199254740993,"d":0.10000000000000000555,"e":1e400,"j":"text","o":{"x":[1,null]},"b":true}';
    const columns = { n: 'bigint', d: 'numeric', e: 'numeric', j: 'jsonb', o: 'text', b: 'boolean', missing: 'text' };
    expect(good(await readJson(text, columns))).toEqual([
      ['9007199254740993', '0.10000000000000000555', '1e400', '"text"', '{"x":[1,null]}', 'true', null],
    ]);
  });

  it('does not take inherited names for fields', async () => {
    expect(good(await readJson('{"a":1}', { a: 'integer', constructor: 'text', toString: 'text' }))).toEqual([
      ['1', null, null],
    ]);
  });

  it('sets aside what is no object, no JSON, or cannot be stored', async () => {
    const records = await readJson('[1]\nnull\n{"a":\n{"a":"\\u0000"}\n{"a":"\\ud800"}\n{"a":"ok"}\n', { a: 'text' });
    expect(good(records)).toEqual([['ok']]);
    expect(bad(records).map(([line]) => line)).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('copyLine', () => {
  it('escapes what COPY reads as its own', () => {
    expect(copyLine(['a\tb', 'c\\.', null, '\\N', 'x\r\ny', ''])).toBe('a\\tb\tc\\\\.\t\\N\t\\\\N\tx\\r\\ny\t\n');
  });
});

describe('fillPathTemplate', () => {
  const values = {
    dueAt: '2026-03-09T05:06:07.000Z',
    intervalStart: null,
    intervalEnd: null,
    params: { region: 'eu', bad: '../x' },
  };
  it('fills instants in UTC and parameters, and leaves other braces to the pattern', () => {
    expect(fillPathTemplate('in/{run.due_at:YYYY/MM/DD-HHmmss}/{params.region}-*.{csv,txt}', values)).toBe(
      'in/2026/03/09-050607/eu-*.{csv,txt}',
    );
    expect(fillPathTemplate('{run.due_at}.csv', values)).toBe('2026-03-09.csv');
  });
  it('refuses a missing value, an unknown name, and a parameter that would leave the folder', () => {
    for (const path of [
      '{run.interval_start:YYYY}',
      '{run.nope}',
      '{params.missing}',
      '{params.bad}',
      '{run.due_at:../YYYY}',
    ])
      expect(() => fillPathTemplate(path, values), path).toThrow(
        /has no value|has due_at|not a plain part|a format is made/,
      );
  });
});

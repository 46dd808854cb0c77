// Small tables in plain JavaScript: what the compiled SQL is compared with. A value is held in the form in which it is
// easiest to compute with, and `asText` gives PostgreSQL's text form of it.
import fc from 'fast-check';
import type postgres from 'postgres';
import type { Cell, Row } from './execute.ts';

export type InputRow = {
  id: number;
  k: number | null;
  t: string | null;
  b: boolean | null;
  /** Hundredths: numeric with two decimals. */
  n: bigint | null;
  d: string | null;
  ts: string | null;
  /** UTC, without the offset. */
  tz: string | null;
};

export const INPUT_DDL = `(id integer PRIMARY KEY, k integer, t text, b boolean, n numeric, d date, ts timestamp, tz timestamptz)`;

const days = ['2026-01-01', '2026-01-05', '2026-02-28', '2028-02-29'];
const instants = ['2026-01-01 00:00:00', '2026-01-05 23:59:59', '2026-03-01 12:00:00', '2026-03-02 00:00:01'];
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 4 });

/** Few distinct values, so that duplicates, ties and nulls are common; the empty table comes up too. */
export const inputRows: fc.Arbitrary<InputRow[]> = fc
  .array(
    fc.record({
      k: maybe(fc.integer({ min: -2, max: 4 })),
      t: maybe(fc.constantFrom('', 'a', 'b', 'ab', 'c', "it's", 'a|b')),
      b: maybe(fc.boolean()),
      n: maybe(fc.bigInt({ min: -300n, max: 300n })),
      d: maybe(fc.constantFrom(...days)),
      ts: maybe(fc.constantFrom(...instants)),
      tz: maybe(fc.constantFrom(...instants)),
    }),
    { maxLength: 12 },
  )
  .map((rows) => rows.map((row, i) => ({ id: i + 1, ...row })));

export type OtherRow = { id: number; k: number | null; label: string | null };
export const OTHER_DDL = '(id integer PRIMARY KEY, k integer, label text)';
export const otherRows: fc.Arbitrary<OtherRow[]> = fc
  .array(fc.record({ k: maybe(fc.integer({ min: -2, max: 4 })), label: maybe(fc.constantFrom('x', 'y')) }), {
    maxLength: 8,
  })
  .map((rows) => rows.map((row, i) => ({ id: i + 1, ...row })));

/** `12.34` for 1234n. */
export function decimal(scaled: bigint, scale = 2): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(scale + 1, '0');
  return `${scaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

export function textOf(value: number | string | boolean | null): Cell {
  return value === null ? null : String(value);
}

/** The row as PostgreSQL writes it. */
export function asText(row: InputRow): Row & { id: string } {
  return {
    id: String(row.id),
    k: textOf(row.k),
    t: row.t,
    b: textOf(row.b),
    n: row.n === null ? null : decimal(row.n),
    d: row.d,
    ts: row.ts,
    tz: row.tz === null ? null : `${row.tz}+00`,
  };
}

/** Fills a table from text forms. */
export async function fill(sql: postgres.TransactionSql, table: string, rows: readonly Row[]): Promise<void> {
  // Fresh: in the room that an undone filling left, once a vacuum has come by, rows would lie in another order than they came.
  await sql.unsafe(`TRUNCATE ${table}`);
  const json = JSON.stringify(rows);
  await sql.unsafe(`INSERT INTO ${table} SELECT * FROM jsonb_populate_recordset(NULL::${table}, $1::text::jsonb)`, [
    json,
  ]);
}

/** Rows in an order of their own, to compare results whose order means nothing. */
export function sorted<T>(rows: readonly T[]): T[] {
  return [...rows].sort((x, y) => (JSON.stringify(x) < JSON.stringify(y) ? -1 : 1));
}

// SQL's three-valued logic.
export type Truth = boolean | null;
export const and = (x: Truth, y: Truth): Truth =>
  x === false || y === false ? false : x === null || y === null ? null : true;
export const or = (x: Truth, y: Truth): Truth =>
  x === true || y === true ? true : x === null || y === null ? null : false;
export const not = (x: Truth): Truth => (x === null ? null : !x);
/** A strict function: null in, null out. */
export function strict<A, R>(value: A | null, fn: (value: A) => R): R | null {
  return value === null ? null : fn(value);
}

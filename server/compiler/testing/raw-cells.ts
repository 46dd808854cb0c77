import fc from 'fast-check';
import type { ColumnType } from '#server/ir/index.ts';
import type { Cell } from './execute.ts';

/** A field as it may stand in a file: its text, and PostgreSQL's text form of the value, or `bad`. */
export type RawCell = { raw: Cell; value: Cell } | { raw: string; value: 'bad' };

const good = (raw: string, value = raw): RawCell => ({ raw, value });
const bad = (raw: string): RawCell => ({ raw, value: 'bad' });

/** By hand rather than by rule: what each type must read and must refuse. */
export const RAW_CELLS: Record<ColumnType, RawCell[]> = {
  text: [good(''), good('abc'), good("it's; drop table x --"), good('é😀'), good('\\N'), good('null')],
  smallint: [good('12'), good('-32768'), bad('32768'), bad('')],
  integer: [good('12'), good(' 7 ', '7'), good('-2147483648'), bad('2147483648'), bad('1.5'), bad('abc'), bad('')],
  bigint: [good('9007199254740993'), bad('9223372036854775808'), bad('1e3')],
  numeric: [good('1.50'), good('1e2', '100'), good('NaN'), bad('1,5'), bad('x'), bad('')],
  real: [good('0.5'), bad('1e400'), bad('x')],
  'double precision': [good('0.1'), good('-Infinity'), bad('1e400'), bad('0,1')],
  boolean: [good('yes', 'true'), good('f', 'false'), good('1', 'true'), bad('maybe'), bad('')],
  date: [good('2026-02-28'), good('20260301', '2026-03-01'), bad('2026-02-30'), bad('30.02.2026'), bad('')],
  time: [good('10:00', '10:00:00'), bad('25:00')],
  timestamp: [good('2026-01-01 10:00', '2026-01-01 10:00:00'), bad('2026-13-01'), bad('soon')],
  timestamptz: [good('2026-01-01T00:00:00+02:00', '2025-12-31 22:00:00+00'), bad('nope'), bad('')],
  uuid: [good('0198C0DE-0000-7000-8000-000000000001', '0198c0de-0000-7000-8000-000000000001'), bad('0198c0de')],
  jsonb: [good('{"a":1}', '{"a": 1}'), good('null'), bad('{'), bad("{'a': 1}")],
};

export const rawTypes = Object.keys(RAW_CELLS) as ColumnType[];

/** One cell of each type per row; most cells are good, so that whole rows get through too. */
export const rawRows: fc.Arbitrary<RawCell[][]> = fc.array(
  fc.tuple(
    ...rawTypes.map((type) => {
      const cells = RAW_CELLS[type];
      const goodOnes = cells.filter((cell) => cell.value !== 'bad');
      return fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom(...goodOnes) },
        { weight: 1, arbitrary: fc.constantFrom(...cells) },
        { weight: 2, arbitrary: fc.constant<RawCell>({ raw: null, value: null }) },
      );
    }),
  ),
  { maxLength: 8 },
);

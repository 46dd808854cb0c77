// Which rows are held out together. Rows that are copies of each other but for their key must not be on both sides:
// the version would be judged by what it has learned by heart, and each copy would count as news.
import type { ModelSplit } from '#db/schema/index.ts';
import type { TrainingTable } from './columns.ts';
import { SPLIT_PERCENT, SPLIT_SEED } from './limits.ts';
import type { Reader } from './read-rows.ts';

/** What is counted of a table's rows with a label. */
export type Repeats = {
  rows: number;
  /** Different combinations of the features' values. */
  combinations: number;
  /** Of those, the ones of two rows or more, and of these the ones with rows of both classes. */
  repeated: number;
  mixed: number;
  /** Different values of all features, a number counting as two: a model has about as many parameters. */
  values: number;
};

/** Up to as large a share of rows that repeat another's features, they are rows of their own. */
const FEW_REPEATS = 0.05;
/** Held out as wholes, combinations must leave the others enough of each value to learn from … */
const MIN_COMBINATIONS = 200;
const MIN_A_VALUE = 10;
/** … but where nearly every repeated one has one class only, they are taken for copies from here on. */
const MIN_COPIED = 30;
const MOST_MIXED = 0.05;

/**
 * By the key, so that a row keeps its side when it changes, unless rows repeat: then all rows of one combination of
 * the features are on one side. Of few combinations each must be learned, and by-key rows count one by one; whether
 * such rows are copies cannot be told from them.
 */
export function splitBy({ rows, combinations, repeated, mixed, values }: Repeats, hasKey: boolean): ModelSplit['by'] {
  const areCopies = combinations >= MIN_COPIED && mixed <= MOST_MIXED * repeated;
  const areMany = combinations >= MIN_COMBINATIONS && combinations >= MIN_A_VALUE * values;
  const hasRepeats = rows - combinations > FEW_REPEATS * rows;
  if (hasRepeats && (areCopies || areMany)) return 'features';
  return hasKey ? 'key' : 'row';
}

export const areSplitAlike = (a: ModelSplit, b: ModelSplit): boolean => sidesOf(a) === sidesOf(b);
const sidesOf = ({ by, columns, percent, seed }: ModelSplit) => JSON.stringify([by, columns, percent, seed]);

/**
 * What would be chosen now, or what the live version's rows were split by, where that is as good: the two versions are
 * then measured on rows that neither has learned from. A table that grows comes to be split otherwise by itself.
 *
 * By the same features no copies are on both sides, though few of them are left; by the columns of a key that is none
 * any more rows still keep their side. By a key where there are copies now, a version is judged by what it has learned by
 * heart: that is not kept.
 */
export function splitLike(
  before: ModelSplit,
  chosen: ModelSplit,
  { features, columns }: { features: readonly string[]; columns: readonly string[] },
): ModelSplit {
  const isOfThese = JSON.stringify(before.columns) === JSON.stringify(features.toSorted());
  const isEnough = (chosen.combinations ?? 0) >= MIN_COPIED;
  const isKept = {
    features: () => isOfThese && isEnough,
    key: () => chosen.by === 'row' && before.columns.every((name) => columns.includes(name)),
    row: () => false,
  }[before.by]();
  return isKept ? { ...before, combinations: chosen.combinations } : chosen;
}

/** Reads the table once for it, or twice where it has text. */
export async function chooseSplit(reader: Reader, table: TrainingTable, key: string[]): Promise<ModelSplit> {
  const categories = table.features.flatMap(({ kind }, i) => (kind === 'category' ? [i] : []));
  const [found] = await reader.ask<Omit<Repeats, 'values'>>(
    `SELECT coalesce(sum(n), 0)::float8 AS rows, count(*)::float8 AS combinations,
        (count(*) FILTER (WHERE n > 1))::float8 AS repeated,
        (count(*) FILTER (WHERE n > 1 AND p > 0 AND p < n))::float8 AS mixed
      FROM (SELECT g, count(*) AS n, count(*) FILTER (WHERE y) AS p FROM (${table.rows}) AS r GROUP BY g) AS c`,
  );
  const counts = categories.map((i) => `count(DISTINCT f${i} COLLATE "C")`);
  const [text] =
    counts.length === 0
      ? [{ n: 0 }]
      : await reader.ask<{ n: number }>(`SELECT (${counts.join(' + ')})::float8 AS n FROM (${table.rows}) AS r`);
  const values = 2 * (table.features.length - categories.length) + (text?.n ?? 0);
  const by = splitBy({ ...found!, values }, key.length > 0);
  const columns = by === 'key' ? key : by === 'features' ? table.features.map(({ name }) => name).toSorted() : [];
  return { by, columns, percent: SPLIT_PERCENT, seed: SPLIT_SEED, combinations: found!.combinations };
}

// What naive Bayes needs to know of the training rows, and logistic regression to begin: a few aggregates.
import { heldOut, invalid, type TrainingTable } from './columns.ts';
import { MAX_CATEGORIES, MIN_CATEGORY_ROWS } from './limits.ts';
import type { Reader } from './read-rows.ts';
import type { ByClass, CategorySummary, FeatureSummary, Summary } from './summary.ts';

export type Summarized = { summary: Summary; holdoutRows: number };

type ClassRow = { y: boolean | null; held: boolean; n: number } & Record<string, number | null>;

/** @throws ServiceError MODEL_INVALID when the rows cannot be learned from */
export async function summarize(reader: Reader, table: TrainingTable): Promise<Summarized> {
  const held = heldOut(table.split);
  const columns = table.features.flatMap(({ kind }, i) => [
    `count(f${i})::float8 AS n${i}`,
    ...(kind === 'number'
      ? [`avg(f${i}) AS m${i}, var_pop(f${i}) AS v${i}, min(f${i}) AS a${i}, max(f${i}) AS z${i}`]
      : []),
    ...(kind === 'boolean' ? [`count(*) FILTER (WHERE f${i})::float8 AS t${i}`] : []),
  ]);
  const found = await reader.ask<ClassRow>(
    `SELECT y, ${held} AS held, ${['count(*)::float8 AS n', ...columns].join(', ')} FROM (${table.rows}) AS r GROUP BY 1, 2`,
  );
  const unknown = found.filter(({ y }) => y === null).reduce((sum, { n }) => sum + n, 0);
  if (unknown > 0) throw invalid(`label: ${unknown} rows are of neither of the model's two classes; name them anew`);
  const classOf = (y: boolean) => found.find((row) => row.y === y && !row.held);
  const both = [classOf(false), classOf(true)] as const;
  const rows = both.map((row) => row?.n ?? 0) as unknown as ByClass;
  const total = found.reduce((sum, { n }) => sum + n, 0);
  if (total === 0) throw invalid('the table has no rows with a label');
  if (rows[0] === 0 || rows[1] === 0)
    throw invalid(`the training rows are all of one class: ${rows[1]} positive and ${rows[0]} negative`);
  const features: FeatureSummary[] = [];
  for (const [i, { name: feature, kind }] of table.features.entries()) {
    const pick = (letter: string) => both.map((row) => row?.[`${letter}${i}`] ?? 0) as unknown as ByClass;
    const present = pick('n');
    if (kind === 'number') {
      const [lowest, highest] = [rangeOf(both, `a${i}`), rangeOf(both, `z${i}`)];
      const isConstant = Math.min(...lowest) >= Math.max(...highest);
      features.push({ kind, feature, present, mean: pick('m'), variance: pick('v'), isConstant });
    } else if (kind === 'boolean') {
      const yes = pick('t');
      const no: ByClass = [present[0] - yes[0], present[1] - yes[1]];
      features.push({ kind, feature, present, values: valuesOf({ true: yes, false: no }) });
    } else {
      features.push({ kind, feature, present, values: await readCategories(reader, table, i) });
    }
  }
  return { summary: { rows, features }, holdoutRows: found.reduce((sum, row) => sum + (row.held ? row.n : 0), 0) };
}

const rangeOf = (rows: readonly (ClassRow | undefined)[], name: string): number[] =>
  rows.flatMap((row) => (typeof row?.[name] === 'number' ? [row[name]] : []));

const valuesOf = (rows: Record<string, ByClass>): CategorySummary['values'] =>
  Object.entries(rows).map(([value, byClass]) => ({ value, rows: byClass }));

/** The most frequent ones, by their characters where as many rows have them. */
async function readCategories(reader: Reader, table: TrainingTable, i: number): Promise<CategorySummary['values']> {
  const found = await reader.ask<{ value: string; positive: number; negative: number }>(
    `SELECT f${i} AS value, count(*) FILTER (WHERE y)::float8 AS positive, count(*) FILTER (WHERE NOT y)::float8 AS negative
      FROM (${table.rows}) AS r WHERE NOT (${heldOut(table.split)}) AND f${i} IS NOT NULL
      GROUP BY 1 HAVING count(*) >= ${MIN_CATEGORY_ROWS}
      ORDER BY count(*) DESC, f${i} COLLATE "C" LIMIT ${MAX_CATEGORIES}`,
  );
  return found.map(({ value, positive, negative }) => ({ value, rows: [negative, positive] }));
}

// One training of what one snapshot shows: what is counted, fitted and measured are the same rows. Memory is bounded
// whatever the table's size: aggregates, a cursor, and arrays of a fixed length.
import type {
  ModelCurves,
  ModelDefinition,
  ModelMetrics,
  ModelParameters,
  ModelSplit,
  TrainingPhase,
} from '#db/schema/index.ts';
import { type Catalogue, SESSION_SETTINGS } from '#server/compiler/index.ts';
import type { Tx } from '#server/lib/index.ts';
import { asTenantRole, type TenantData } from '#server/tenancy/index.ts';
import { readCatalogue } from '#server/tenant-schema/index.ts';
import { areSplitAlike, chooseSplit, splitLike } from './choose-split.ts';
import {
  featureKindOf,
  findTable,
  HELD_WITH,
  heldOut,
  invalid,
  oneOf,
  type TrainingTable,
  trainingTable,
} from './columns.ts';
import { makeDesign } from './design.ts';
import { type Learner, learned, learnedLater } from './learner.ts';
import { MAX_MEASURED_ROWS } from './limits.ts';
import { fitLogistic } from './logistic.ts';
import { measure } from './measure.ts';
import { fitNaiveBayes } from './naive-bayes.ts';
import { openReader, READ_TIMEOUT_MS, type Reader } from './read-rows.ts';
import { canKeep, rowsOnceRead } from './row-cache.ts';
import { type FeatureValue, makeScorer } from './score.ts';
import { summarize } from './summarize.ts';
import type { Summary } from './summary.ts';

export type LiveVersion = {
  version: number;
  definition: ModelDefinition;
  parameters: ModelParameters;
  split: ModelSplit;
};
export type Trained = {
  parameters: ModelParameters;
  metrics: ModelMetrics;
  curves: ModelCurves;
  trainingRows: number;
  holdoutRows: number;
  split: ModelSplit;
  /** Why it is not measured against the live version, in words; null where it is, or there is none. */
  notCompared: string | null;
  /** It is, though by rows that the live version has learned from, most of them: they were held out otherwise then. */
  isLiveFavoured: boolean;
};
/** `tell`: what it has come to; reading is where it begins. It may say again what it has passed. */
type TrainOptions = { live: LiveVersion | null; signal: AbortSignal; tell: (phase: TrainingPhase) => void };

/**
 * Reads all that a training needs, as the tenant's role; `tx` is to be repeatable read. What it returns computes the
 * version without the database, so that the snapshot can end first: of rows that do not fit into memory the fit has
 * been made by then. The live version is measured on the same rows where it can be: where it says the same of the same
 * table, and its columns are there.
 * @throws ServiceError MODEL_INVALID saying why these rows cannot be learned from; the signal's reason. So does what it returns
 */
export async function readTraining(
  tx: Tx,
  data: TenantData,
  definition: ModelDefinition,
  { live, signal, tell }: TrainOptions,
): Promise<() => Promise<Trained>> {
  const catalogue = await readCatalogue(tx, data);
  const unsplit = trainingTable(catalogue, definition);
  return asTenantRole(tx, data, { statementTimeoutMs: READ_TIMEOUT_MS }, async (connection) => {
    for (const [name, value] of Object.entries(SESSION_SETTINGS))
      await connection.unsafe(`SET LOCAL ${name} = '${value.replaceAll("'", "''")}'`);
    const reader = openReader(connection, signal);
    const notCompared = live && whyNotCompared(catalogue, definition, live);
    const compared = notCompared === null ? live : null;
    const split = await splitOf(reader, catalogue, { unsplit, definition, live: compared });
    const table = trainingTable(catalogue, definition, split);
    const { summary, holdoutRows } = await summarize(reader, table);
    if (holdoutRows === 0) throw noHoldout();
    const [negative, positive] = summary.rows;
    const learner = await learn(reader, table, { kind: definition.kind, summary, holdoutRows, signal, tell });
    const toHold = { definition, split, holdoutRows, keep: learner.keep, live: compared };
    const held = await readHoldout(reader, catalogue, toHold);
    return async () => {
      tell('fitting');
      const parameters = await learner.parameters();
      tell('scoring');
      const measured = { labels: held.labels, groups: held.groups, probabilities: learner.said(held.rows) };
      const judged = measure(measured, positive / (negative + positive), held.live);
      const counts = { trainingRows: negative + positive, holdoutRows: held.rows };
      const isLiveFavoured = compared !== null && !areSplitAlike(compared.split, split);
      return { parameters, ...judged, ...counts, split, notCompared, isLiveFavoured };
    };
  });
}

type ToSplit = { unsplit: TrainingTable; definition: ModelDefinition; live: LiveVersion | null };

async function splitOf(reader: Reader, catalogue: Catalogue, { unsplit, definition, live }: ToSplit) {
  const chosen = await chooseSplit(reader, unsplit, unsplit.split.columns);
  if (live === null) return chosen;
  const columns = findTable(catalogue, definition.sourceTable).columns.map(({ name }) => name);
  return splitLike(live.split, chosen, { features: definition.features, columns });
}

type ToLearn = { kind: ModelDefinition['kind']; summary: Summary; holdoutRows: number } & Omit<TrainOptions, 'live'>;

/** Learns now, from aggregates or with a pass over the table a step; or keeps all rows, to learn when it is asked. */
async function learn(
  reader: Reader,
  table: TrainingTable,
  { kind, summary, holdoutRows, signal, tell }: ToLearn,
): Promise<Learner> {
  const measured = mostMeasured(holdoutRows);
  if (kind === 'naive_bayes') return learned(fitNaiveBayes(summary), measured);
  const design = makeDesign(summary);
  const names = table.features.map((_, i) => `f${i}`).join(', ');
  const sql = `SELECT y, ${names} FROM (${table.rows}) AS r WHERE NOT (${heldOut(table.split)})`;
  const pass = rowsOnceRead(design, (visit) => reader.each(sql, visit), { signal });
  const [negative, positive] = summary.rows;
  const solve = async () => {
    const fitted = await fitLogistic(design, Math.log(positive / negative), pass);
    if (!fitted.ok) throw invalid(fitted.reason);
    return fitted.parameters;
  };
  if (!canKeep(negative + positive + measured, design.features)) {
    tell('fitting');
    const parameters = await solve();
    tell('scoring');
    return learned(parameters, measured);
  }
  await pass(() => {});
  return learnedLater(design, measured, solve);
}

type Holdout = {
  definition: ModelDefinition;
  split: ModelSplit;
  holdoutRows: number;
  keep: Learner['keep'];
  /** Null: there is none that it is compared with. */
  live: LiveVersion | null;
};

const mostMeasured = (holdoutRows: number) => Math.min(holdoutRows, 2 * MAX_MEASURED_ROWS);
const noHoldout = () => invalid('no row is held out to judge the version by: the table has too few');

/** The rows that are held out, and what the live version says of them. */
async function readHoldout(reader: Reader, catalogue: Catalogue, { definition, live, split, ...of }: Holdout) {
  const features = [...new Set([...definition.features, ...(live?.definition.features ?? [])])];
  const table = trainingTable(catalogue, { ...definition, features }, split);
  const most = mostMeasured(of.holdoutRows);
  const labels = new Uint8Array(most);
  const [groups, saidLive] = [new Float64Array(most), new Float64Array(live ? most : 0)];
  const scoreLive = live && makeScorer(live.parameters);
  const places = live?.definition.features.map((name) => features.indexOf(name)) ?? [];
  const parts = Math.ceil(of.holdoutRows / MAX_MEASURED_ROWS);
  let rows = 0;
  await reader.each(
    `SELECT ${HELD_WITH}, y, ${features.map((_, i) => `f${i}`).join(', ')} FROM (${table.rows}) AS r
      WHERE ${heldOut(table.split)} AND ${oneOf(parts)}`,
    ([group, y, ...values]) => {
      // The hash spreads rows evenly, not exactly.
      if (rows === most) return;
      labels[rows] = y === true ? 1 : 0;
      groups[rows] = Number(group);
      of.keep(values as FeatureValue[], rows);
      if (scoreLive) saidLive[rows] = scoreLive(places.map((place) => values[place] as FeatureValue));
      rows += 1;
    },
  );
  if (rows === 0) throw noHoldout();
  return {
    ...{ rows, labels: labels.subarray(0, rows), groups: groups.subarray(0, rows) },
    live: live && { version: live.version, probabilities: saidLive.subarray(0, rows) },
  };
}

/** Why what the live version says cannot be set beside what this one says; null when it can. */
function whyNotCompared(catalogue: Catalogue, now: ModelDefinition, live: LiveVersion): string | null {
  const because = (why: string) => `the live version ${live.version} is not compared with: ${why}`;
  const { definition: then } = live;
  const isSame = (['sourceTable', 'label', 'positive', 'negative'] as const).every((name) => then[name] === now[name]);
  if (!isSame) return because('its table, label or classes are others');
  const columns = catalogue.tables.get(now.sourceTable)?.columns ?? [];
  const kinds = new Map(columns.map(({ name, type }) => [name, featureKindOf(type)]));
  const gone = live.parameters.terms.find(({ feature, kind }) => kinds.get(feature) !== kind);
  return gone ? because(`its column "${gone.feature}" is gone or of another type`) : null;
}

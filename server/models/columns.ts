// Which columns can be learned from, and how they are read. Names become SQL only by the compiler's quoting.
import type { ModelDefinition, ModelSplit } from '#db/schema/index.ts';
import {
  type Catalogue,
  type CatalogueTable,
  quoteIdent,
  quoteLiteral,
  quoteQualified,
} from '#server/compiler/index.ts';
import { ServiceError } from '#server/lib/index.ts';
import { MAX_CATEGORY_CHARS, MAX_NUMBER, SPLIT_PERCENT, SPLIT_SEED } from './limits.ts';

export type FeatureKind = 'number' | 'boolean' | 'category';
export type FeatureColumn = { name: string; kind: FeatureKind; expression: string };
/** What a model reads: ready to be put into statements. */
export type TrainingTable = {
  /** A SELECT of y (the label, null for neither class), h and g (hashes: the split's, the features'), f0, f1, … */
  rows: string;
  features: FeatureColumn[];
  split: ModelSplit;
};

const WHOLE = /^(smallint|integer|bigint)$/;
const FLOATING = /^(real|double precision)$/;
const NUMERIC = /^numeric(\(.*\))?$/;
const TEXT = /^(text|character varying(\(\d+\))?|character(\(\d+\))?)$/;
const USABLE = 'a number, boolean or text';

/** What a column can be to a model; null when it is of no use to one. */
export function featureKindOf(type: string): FeatureKind | null {
  if (WHOLE.test(type) || FLOATING.test(type) || NUMERIC.test(type)) return 'number';
  if (type === 'boolean') return 'boolean';
  return TEXT.test(type) ? 'category' : null;
}

/** A column whose values can be two classes: without fractions. */
export const isLabelType = (type: string): boolean => type === 'boolean' || WHOLE.test(type) || TEXT.test(type);

/** @throws ServiceError MODEL_INVALID */
export function findTable(catalogue: Catalogue, name: string): CatalogueTable {
  const table = catalogue.tables.get(name);
  if (table) return table;
  const known = [...catalogue.tables.keys()].slice(0, 20).map((one) => `"${one}"`);
  throw invalid(
    `sourceTable: there is no table "${name}" in this tenant's schema; ${known.length === 0 ? 'it has none yet' : `there is ${known.join(', ')}`}`,
  );
}

/**
 * Checks that the table has the features and the label, and that their types can be used.
 * @throws ServiceError MODEL_INVALID naming the column
 */
export function checkColumns(
  catalogue: Catalogue,
  { sourceTable, features, label }: Pick<ModelDefinition, 'sourceTable' | 'features' | 'label'>,
): FeatureColumn[] {
  const table = findTable(catalogue, sourceTable);
  const typeOf = (what: string, name: string) => {
    const column = table.columns.find((one) => one.name === name);
    if (!column) throw invalid(`${what}: the table "${sourceTable}" has no column "${name}"`);
    return column.type;
  };
  const labelType = typeOf('label', label);
  if (!isLabelType(labelType))
    throw invalid(`label: the column "${label}" is ${labelType}; a label is a boolean, a whole number or text`);
  if (features.includes(label)) throw invalid(`features: "${label}" is the label and cannot also be a feature`);
  const twice = features.find((name, i) => features.indexOf(name) !== i);
  if (twice !== undefined) throw invalid(`features: "${twice}" is named twice`);
  return features.map((name) => {
    const type = typeOf('features', name);
    const kind = featureKindOf(type);
    if (kind === null) throw invalid(`features: the column "${name}" is ${type}; a feature is ${USABLE}`);
    return { name, kind, expression: expressionOf(name, type, kind) };
  });
}

/** @throws ServiceError MODEL_INVALID when the table is not any more what the model was saved for */
export function trainingTable(
  catalogue: Catalogue,
  definition: ModelDefinition,
  chosen: ModelSplit | null = null,
): TrainingTable {
  const features = checkColumns(catalogue, definition);
  const table = findTable(catalogue, definition.sourceTable);
  const split: ModelSplit = chosen ?? {
    by: table.primaryKey.length > 0 ? 'key' : 'row',
    columns: table.primaryKey,
    ...{ percent: SPLIT_PERCENT, seed: SPLIT_SEED, combinations: null },
  };
  const label = `t.${quoteIdent(definition.label)}`;
  // Without its sign, so that it can be divided.
  const hashOf = (parts: string) =>
    `pg_catalog.hashtextextended(ROW(${parts})::text, ${split.seed}) & 9223372036854775807`;
  const seen = (names: readonly string[]) =>
    checkColumns(catalogue, { ...definition, features: [...names] }).map(({ expression }) => expression);
  const alike = hashOf(seen(definition.features.toSorted()).join(', '));
  const hashed = {
    key: () => hashOf(split.columns.map((name) => `t.${quoteIdent(name)}`).join(', ')),
    row: () => hashOf('t.*'),
    // As the model sees them: cut texts and missing numbers are alike.
    features: () => hashOf(seen(split.columns).join(', ')),
  }[split.by]();
  const columns = [
    `CASE ${label}::text WHEN ${quoteLiteral(definition.positive)} THEN true WHEN ${quoteLiteral(definition.negative)} THEN false END AS y`,
    `${hashed} AS h`,
    `${alike} AS g`,
    ...features.map(({ expression }, i) => `${expression} AS f${i}`),
  ];
  const from = quoteQualified(catalogue.schema, definition.sourceTable);
  return { rows: `SELECT ${columns.join(', ')} FROM ${from} AS t WHERE ${label} IS NOT NULL`, features, split };
}

/** NaN and what is beyond MAX_NUMBER compare as beyond it, and become null: a missing value. */
function expressionOf(name: string, type: string, kind: FeatureKind): string {
  const column = `t.${quoteIdent(name)}`;
  if (kind === 'boolean') return column;
  if (kind === 'category') return `pg_catalog.left(${column}::text, ${MAX_CATEGORY_CHARS})`;
  if (WHOLE.test(type)) return `${column}::float8`;
  const within = (limit: number, then: string, otherwise: string) =>
    `CASE WHEN ${column} BETWEEN -${limit} AND ${limit} THEN ${then} ELSE ${otherwise} END`;
  const value = `${column}::float8`;
  // A numeric can be too near to zero for the cast.
  return within(MAX_NUMBER, NUMERIC.test(type) ? within(1e-300, '0::float8', value) : value, 'NULL::float8');
}

/** The rows that are held out, and among them those of one part in `parts`. */
export const heldOut = ({ percent }: ModelSplit): string => `h % 100 < ${percent}`;
/** Which rows are held out together, as a number that JavaScript has exactly. */
export const HELD_WITH = '(h & 9007199254740991)::float8';
export const oneOf = (parts: number): string => `(h / 100) % ${parts} = 0`;

export const invalid = (message: string) => new ServiceError('MODEL_INVALID', message);

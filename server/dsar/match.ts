// The inventory's words as SQL. `r` is the table.
import { type SQL, sql } from '#db/drizzle.ts';
import type { Store, Subject } from './inventory.ts';

const name = (column: string): SQL => sql.raw(`r."${column}"`);

/** How the id stands inside JSON as text. */
export const inJson = (customerId: string): string => JSON.stringify(customerId).slice(1, -1);

/** A column without the subject. */
function redacted(kind: 'text' | 'json' | 'id', column: string, { customerId }: Subject): SQL {
  if (kind === 'id') return sql`case when ${name(column)} = ${customerId} then '[erased]' else ${name(column)} end`;
  // Longer than a limit by which a column takes no more, it would be refused: the word is put in at the price of the end.
  if (kind === 'text')
    return sql`left(dsar_redact(${name(column)}, ${customerId}), greatest(length(${name(column)}), 2000))`;
  return sql`dsar_redact_json(${name(column)}, ${customerId}, ${column}::text)`;
}

/** Looking for the letters first: all but a few rows are told by that alone. */
function isNamedIn(kind: 'text' | 'json' | 'id', column: string, subject: Subject): SQL {
  const { customerId } = subject;
  if (kind === 'id') return sql`${name(column)} = ${customerId}`;
  const letters =
    kind === 'text'
      ? sql`strpos(${name(column)}, ${customerId}) > 0`
      : sql`strpos(${name(column)}::text, ${inJson(customerId)}) > 0`;
  return sql`(${letters} and ${redacted(kind, column, subject)} is distinct from ${name(column)})`;
}

const columnsOf = ({ texts = [], jsons = [], ids = [] }: Store) => [
  ...ids.map((column) => ({ kind: 'id', column }) as const),
  ...texts.map((column) => ({ kind: 'text', column }) as const),
  ...jsons.map((column) => ({ kind: 'json', column }) as const),
];

/** Rows that are the subject's own; false where a store has none. */
export const isOwn = (store: Store, subject: Subject): SQL =>
  store.own ? sql`coalesce(${store.own(subject)}, false)` : sql`false`;

/** Rows that name the subject in any of the store's columns. */
export function isNaming(store: Store, subject: Subject): SQL {
  const parts = columnsOf(store).map(({ kind, column }) => isNamedIn(kind, column, subject));
  return parts.length === 0 ? sql`false` : sql`coalesce(${sql.join(parts, sql` or `)}, false)`;
}

/** Rows in which the letters of the id stand apart, in any column that can hold them: a mention, or something else. */
export function mayName(store: Store, { customerId }: Subject): SQL {
  const parts = [...columnsOf(store).map(({ column }) => column), ...(store.looks ?? [])].map(
    (column) => sql`dsar_may_name(${name(column)}::text, ${inJson(customerId)})`,
  );
  return parts.length === 0 ? sql`false` : sql`coalesce(${sql.join(parts, sql` or `)}, false)`;
}

/** Sets all of a store's columns to what they are without the subject. */
export const redactions = (store: Store, subject: Subject): SQL =>
  sql.join(
    columnsOf(store).map(({ kind, column }) => sql`${sql.raw(`"${column}"`)} = ${redacted(kind, column, subject)}`),
    sql`, `,
  );

/** A place in a store: its keys as texts in a JSON array; null: before all. */
export type Place = string | null;

const keysOf = ({ keys }: Store): SQL =>
  sql.join(
    keys.map(({ column }) => name(column)),
    sql`, `,
  );

const placeOf = ({ keys }: Store, place: string): SQL => {
  const parts = JSON.parse(place) as string[];
  return sql.join(
    keys.map(({ type }, i) => sql`${parts[i] ?? ''}::${sql.raw(type)}`),
    sql`, `,
  );
};

/** Rows behind `after`, up to and including `upTo`; null leaves that side open. */
export function isBetween(store: Store, after: Place, upTo: Place): SQL {
  const parts = [sql`true`];
  if (after !== null) parts.push(sql`(${keysOf(store)}) > (${placeOf(store, after)})`);
  if (upTo !== null) parts.push(sql`(${keysOf(store)}) <= (${placeOf(store, upTo)})`);
  return sql.join(parts, sql` and `);
}

export const keyOrder = keysOf;
/** A row's own place. */
export const placeOfRow = (store: Store): SQL =>
  sql`jsonb_build_array(${sql.join(
    store.keys.map(({ column }) => sql`${name(column)}::text`),
    sql`, `,
  )})::text`;

export const tableOf = ({ table }: Store): SQL => sql.raw(`"${table}"`);

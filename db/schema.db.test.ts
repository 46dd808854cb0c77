import { describe, expect, it } from 'vitest';
import { TABLE_ACCESS } from './access.ts';
import { getTableColumns, getTableName, is } from './drizzle.ts';
import { getTableConfig, PgTable } from './drizzle-columns.ts';
import * as schema from './schema/index.ts';
import { testDatabase } from './testing/index.ts';

const db = await testDatabase();
const tables = Object.values(schema as Record<string, unknown>).filter((value): value is PgTable => is(value, PgTable));

type Column = { name: string; type: string; isNotNull: boolean; hasDefault: boolean };
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

const liveColumns = (table: string) => db.owner<Column[]>`
  select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as "isNotNull",
    (a.atthasdef or a.attidentity <> '') as "hasDefault"
  from pg_attribute a where a.attrelid = ${`public.${table}`}::regclass and a.attnum > 0 and not a.attisdropped`;

function mirrorColumns(table: PgTable): Column[] {
  const inKey = new Set(getTableConfig(table).primaryKeys.flatMap((key) => key.columns.map((column) => column.name)));
  return Object.values(getTableColumns(table)).map((column) => ({
    name: column.name,
    type: spelled(column.getSQLType()),
    isNotNull: column.notNull || column.primary || inKey.has(column.name),
    hasDefault: column.hasDefault || column.generated !== undefined,
  }));
}

/** drizzle's spelling in PostgreSQL's. */
const spelled = (type: string) => type.replace('timestamp (3) with time zone', 'timestamp(3) with time zone');

describe('the typed mirror of the schema', () => {
  it('has every table that there is', () => {
    expect(tables.map(getTableName).sort()).toEqual(Object.keys(TABLE_ACCESS).sort());
  });

  it.each(tables.map((table) => [getTableName(table), table] as const))(
    '%s has the columns, types, nullability and defaults of the live table',
    async (name, table) => {
      const live = [...(await liveColumns(name))].sort(byName);
      expect(mirrorColumns(table).sort(byName)).toEqual(live);
    },
  );

  it.each(tables.map((table) => [getTableName(table), table] as const))(
    '%s has the primary key of the live table',
    async (name, table) => {
      const live = await db.owner<{ name: string }[]>`
        select a.attname as name from pg_index i
        cross join lateral unnest(i.indkey::int2[]) with ordinality k(attnum, place)
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where i.indisprimary and i.indrelid = ${`public.${name}`}::regclass order by k.place`;
      const own = Object.values(getTableColumns(table)).filter((column) => column.primary);
      const key = getTableConfig(table).primaryKeys[0]?.columns ?? own;
      expect(key.map((column) => column.name)).toEqual(live.map((column) => column.name));
    },
  );

  it.each([
    ['runs', 'status', schema.RUN_STATUSES],
    ['runs', 'trigger', schema.RUN_TRIGGERS],
    ['run_attempts', 'status', schema.ATTEMPT_STATUSES],
    ['run_nodes', 'status', schema.NODE_STATUSES],
    ['run_files', 'state', schema.FILE_STATES],
    ['occurrences', 'verdict', schema.VERDICTS],
    ['connections', 'kind', schema.CONNECTION_KINDS],
    ['tenant_stops', 'running', schema.STOP_RUNNING],
    ['instance_stops', 'running', schema.STOP_RUNNING],
    ['log_levels', 'level', schema.LOG_LEVELS],
    ['cron_runs', 'outcome', schema.CRON_OUTCOMES],
    ['cron_runs', 'trigger', schema.CRON_TRIGGERS],
    ['cron_jobs', 'fired_by', schema.CRON_FIRED_BY],
  ])('%s.%s allows the words that the program knows, and no other', async (table, column, words) => {
    const [row] = await db.owner<{ definition: string }[]>`
      select pg_get_constraintdef(oid) as definition from pg_constraint
      where conrelid = ${`public.${table}`}::regclass and contype = 'c' and conname = ${`${table}_${column}_check`}`;
    const live = [...(row?.definition ?? '').matchAll(/'([a-z0-9_]+)'::text/g)].map((match) => match[1]);
    expect(live).toEqual([...words]);
  });

  it('outbox_status has the words that the program knows, and no other', async () => {
    const live = await db.owner<{ word: string }[]>`
      select enumlabel as word from pg_enum where enumtypid = 'outbox_status'::regtype order by enumsortorder`;
    expect(live.map(({ word }) => word)).toEqual([...schema.EVENT_STATUSES]);
  });
});

// What a receipt names that no erasure here reaches.
import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { signOn } from '#server/outbox/index.ts';
import { type Office, openOffice } from './testing/index.ts';

const db = await testDatabase();

async function receiptOf(office: Office, customerId: string) {
  const { id } = await office.ask(customerId, 'erase', { acceptEmpty: true });
  await office.makeDue(id);
  expect(await office.carryOut()).toMatchObject({ counts: { dsarCompleted: 1 }, errors: [] });
  return (await office.get(id)).receipt as {
    outside: string[];
    pipelineTables: { table: string; rows: number | null }[];
  };
}

it('a backend is named whose publishers were stopped, or have not been seen for long', async () => {
  const office = await openOffice(db, 'backends');
  for (const backend of ['kafka', 'webhook', 'file'])
    await signOn(db.worker, { id: backend, host: 'h', pid: 1, backend }, 10_000);
  // One is signed off as it stops; another is not seen any more.
  await db.worker`delete from outbox_publishers where id = 'kafka'`;
  await db.owner`update outbox_publishers set last_seen_at = now() - interval '8 days' where id = 'webhook'`;
  await signOn(db.worker, { id: 'file', host: 'h', pid: 1, backend: 'file' }, 10_000);
  expect(await db.owner`select from outbox_publishers`).toHaveLength(1);
  const { outside } = await receiptOf(office, 'cust-backend');
  expect(outside.filter((line) => line.startsWith('published events'))).toEqual([
    ...['published events: file', 'published events: kafka', 'published events: webhook'],
  ]);
});

it('a table of a pipeline is searched in columns of every type that can hold an id, and in no other', async () => {
  const office = await openOffice(db, 'types');
  const [{ schema, role }] = (await db.owner`select schema_name as schema, role_name as role from tenants
    where id = ${office.tenant.id}`) as unknown as [{ schema: string; role: string }];
  const columns = [
    ...['text', 'varchar(9)', 'char(5)', 'int2', 'int8', 'numeric(12,2)', 'float8', 'text[]', 'int8[]', 'jsonb[]'],
    ...['a_word', 'a_number', 'a_list', 'a_doc', 'json', 'jsonb', 'a_record', 'a_mood'],
  ];
  const values: Record<string, string> = {
    ...{ 'text[]': '{x,12345}', 'int8[]': '{1,12345}', a_list: '{12345}', a_record: '(12345,x)' },
    ...{
      'jsonb[]': '{"{\\"a\\": 12345}"}',
      json: '{"a": ["12345"]}',
      jsonb: '{"a": {"b": 12345}}',
      a_doc: '["12345"]',
    },
    ...{ 'numeric(12,2)': '12345.00' },
  };
  await db.owner.unsafe(`set search_path to "${schema}"; create domain a_word as text; create domain a_number as numeric;
    create domain a_list as text[]; create domain a_doc as jsonb; create type a_record as (who int, x text);
    create type a_mood as enum ('12345', 'x');
    ${columns
      .map(
        (type, n) => `create table t${n} (v ${type}, at timestamptz default now());
      insert into t${n} values ('${values[type] ?? '12345'}'), (null); alter table t${n} owner to "${role}"`,
      )
      .join(';')};
    create table other (a int8, b text[], c jsonb, d date, e boolean, f bytea, g numeric); alter table other owner to "${role}";
    insert into other values (123456, '{x12345}', '{"12345": 1, "a": 123450}', '2001-01-01', true, '12345', 12345.5);
    create materialized view copied as select v as who from t0; alter materialized view copied owner to "${role}";
    grant usage on schema "${schema}" to "${role}"; reset search_path`);
  const { pipelineTables } = await receiptOf(office, '12345');
  const expected = [...columns.map((_, n) => `t${n}`), 'copied'].sort().map((table) => ({ table, rows: 1 }));
  expect(pipelineTables).toEqual(expected);
});

it('a blob store that was used before is named with what to do, and the one that is used now is not', async () => {
  const before = await openOffice(db, 'moved-store');
  await receiptOf(before, 'cust-before');
  const after = await openOffice(db, 'new-store');
  const { outside } = await receiptOf(after, 'cust-after');
  const named = outside.filter((line) => line.includes('earlier blob store'));
  expect(named.filter((line) => line.includes(`the folder ${before.folder};`))).toEqual([
    expect.stringContaining('delete there what is of the subject'),
  ]);
  expect(named.filter((line) => line.includes(after.folder))).toEqual([]);
});

import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { INVENTORY } from './inventory.ts';
import { NOT_SEARCHED } from './not-searched.ts';

const db = await testDatabase();

describe('the inventory', () => {
  it('has every table there is, or a reason why nobody is looked for in it', async () => {
    const tables = await db.owner<{ name: string }[]>`
      select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace
        and c.relkind in ('r', 'p') and not c.relispartition order by 1`;
    const declared = [...INVENTORY.map(({ table }) => table), ...Object.keys(NOT_SEARCHED)].sort();
    // One that is missing goes into inventory.ts, or into not-searched.ts with its reason.
    expect(declared).toEqual(tables.map(({ name }) => name));
  });

  it('goes over each table by its key, and looks into columns that are there', async () => {
    const columns = await db.owner<{ table: string; column: string; type: string; place: number | null }[]>`
      select c.relname as table, a.attname as column, t.typname as type,
        array_position(i.indkey::int2[], a.attnum) as place
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type own on own.oid = a.atttypid
      join pg_type t on t.oid = coalesce(nullif(own.typbasetype, 0), own.oid) join pg_index i on i.indrelid = c.oid and i.indisprimary
      where c.relnamespace = 'public'::regnamespace and not c.relispartition`;
    for (const { table, keys, texts = [], jsons = [], ids = [], looks = [], excused } of INVENTORY) {
      const has = columns.filter((one) => one.table === table);
      const key = has.filter(({ place }) => place !== null).sort((a, b) => a.place! - b.place!);
      expect([table, key.map(({ column }) => column)]).toEqual([
        table,
        ['tenant_id', ...keys.map((one) => one.column)],
      ]);
      // One that is missing can hold the subject unseen: it is searched, looked at, or excused with the others.
      const words = has.filter(({ type }) =>
        ['text', 'varchar', 'bpchar', 'citext', 'jsonb', 'json', '_text'].includes(type),
      );
      expect([table, [...texts, ...jsons, ...ids, ...looks, ...excused].sort()]).toEqual([
        table,
        words.map(({ column }) => column).sort(),
      ]);
      const typed = (names: readonly string[], type: string) => names.map((name) => `${table}.${name} ${type}`);
      const live = has.map(({ column, type }) => `${table}.${column} ${type}`);
      expect(live).toEqual(
        expect.arrayContaining([...typed(texts, 'text'), ...typed(ids, 'text'), ...typed(jsons, 'jsonb')]),
      );
    }
  });
});

const redact = async (body: string, id: string) =>
  (await db.worker<{ said: string }[]>`select dsar_redact(${body}, ${id}) as said`)[0]!.said;
const redactJson = async (doc: unknown, id: string) =>
  (
    await db.worker<{ said: string }[]>`
      select dsar_redact_json(${JSON.stringify(doc)}::text::jsonb, ${id}, '')::text as said`
  )[0]!.said;

describe('a mention of a subject', () => {
  it.each([
    ['customer c-17 said', 'c-17', 'customer [erased] said'],
    ['c-17', 'c-17', '[erased]'],
    ['key=(c-17), c-17.', 'c-17', 'key=([erased]), [erased].'],
    ['c-170 or xc-17 or c-17-b or a-c-17', 'c-17', 'c-170 or xc-17 or c-17-b or a-c-17'],
    ['joanna@example.org, anna@example.org!', 'anna@example.org', 'joanna@example.org, [erased]!'],
    ['x.anna@example.org and anna@example.org.uk', 'anna@example.org', 'x.anna@example.org and anna@example.org.uk'],
    ['a+b(c)[d] is a+b(c)[d].', 'a+b(c)[d]', '[erased] is [erased].'],
    ['Ünal-7 Ö and Ünal-7', 'Ünal-7', '[erased] Ö and [erased]'],
    ['Ünal Ö and Ünal', 'Ünal', 'Ünal Ö and Ünal'],
    ['unknown', 'unknown', 'unknown'],
    ['back\\slash$1', 'back\\slash$1', '[erased]'],
    ['in 2024 there were 12', '2024', 'in 2024 there were 12'],
    ['see 7 of ab', 'ab', 'see 7 of ab'],
    ['7', '7', '7'],
    ['web', 'web', 'web'],
    ['100000', '100000', '100000'],
    ['call 491701234567', '491701234567', 'call [erased]'],
  ])('in %j of %j leaves %j', async (body, id, left) => {
    expect(await redact(body, id)).toBe(left);
  });

  it('in JSON is told by value, in whatever depth and behind whatever is escaped before it, and changes no name', async () => {
    const doc = { a: ['line\nc-17 "c-17"', { 'c-17': 1, deep: { x: 'c-171' } }], n: 12345678901234567890n.toString() };
    expect(JSON.parse(await redactJson(doc, 'c-17'))).toEqual({
      a: ['line\n[erased] "[erased]"', { 'c-17': 1, deep: { x: 'c-171' } }],
      n: '12345678901234567890',
    });
  });

  it('as a number counts only where a field is named for a customer', async () => {
    const doc = { amount: 491701234567, list: [491701234567, '491701234567'], customerId: 491701234567 };
    expect(JSON.parse(await redactJson(doc, '491701234567'))).toEqual({
      ...{ amount: 491701234567, list: [491701234567, '[erased]'], customerId: '[erased]' },
    });
  });

  it('is never an offer, a channel, a type or an outcome: those are said of everybody', async () => {
    const doc = {
      offerId: 'mail-1',
      channel: 'mail-1',
      interaction_type: 'mail-1',
      outcome: 'mail-1',
      said: 'by mail-1',
    };
    expect(JSON.parse(await redactJson(doc, 'mail-1'))).toEqual({ ...doc, said: 'by [erased]' });
  });

  it.each(['7', 'web', '100000', '12345678', 'unknown', 'null', 'Ünal'])(
    'of %j, which is a common word, counts only where a field is named for a customer',
    async (id) => {
      const doc = {
        qty: Number(id) || 1,
        [id]: id,
        text: `of ${id}`,
        deep: [{ customerId: id, customer_id: Number(id) }],
      };
      const left = JSON.parse(await redactJson({ ...doc, subject: 'another' }, id));
      expect(left).toEqual({
        ...{ ...doc, subject: 'another' },
        deep: [{ customerId: '[erased]', customer_id: Number.isNaN(Number(id)) ? null : '[erased]' }],
      });
    },
  );
});

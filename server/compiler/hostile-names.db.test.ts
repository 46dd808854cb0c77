import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { connectionOf, transaction } from '#server/lib/index.ts';
import { quoteIdent, quoteLiteral } from './quote.ts';
import { describeOn, loadCatalogue } from './testing/catalogue.ts';
import { compileOrThrow, documentOf } from './testing/documents.ts';
import { execute } from './testing/execute.ts';

// Names and values that would break out of careless SQL, carried through every kind of node.
const NAMES = [
  `"; DROP TABLE tenant.victim; --`,
  `'; DROP TABLE tenant.victim; --`,
  `"`,
  `""`,
  `'`,
  `''`,
  `\\`,
  `\\'; DROP TABLE tenant.victim; --`,
  `$$`,
  `$1`,
  `--`,
  `/*`,
  `*/`,
  `;`,
  `)`,
  `a b`,
  `A`,
  `select`,
  `user`,
  `null`,
  `run`,
  `params`,
  `due_at`,
  `interval_start`,
  `id `,
  `h`,
  `e`,
  `l`,
  `r`,
  `t`,
  `v`,
  `c`,
  `p`,
  `u`,
  `keep`,
  `s0`,
  `a0`,
  `r0`,
  `n`,
  `f`,
  `ms_rejects`,
  `ms_n_src`,
  `pg_class`,
  `run.due_at`,
  `params.p`,
  `é😀`,
  `\n`,
  `\t`,
  `%s`,
  `{run.id}`,
  `_lineage`,
  `ä`.repeat(31),
  `x`.repeat(63),
];

const db = await testDatabase();
await db.owner.unsafe(`CREATE SCHEMA tenant; CREATE TABLE tenant.victim (id integer PRIMARY KEY)`);
for (const name of NAMES) {
  const table = quoteIdent(name);
  await db.owner.unsafe(`CREATE TABLE tenant.${table} (id integer, ${table} text, PRIMARY KEY (id, ${table}))`);
}
const environment = { catalogue: await loadCatalogue(db.owner, 'tenant'), describe: describeOn(db.owner) };

function everyKind(name: string) {
  const column = quoteIdent(name);
  const expression = `coalesce(${column}, ${quoteLiteral(name)}) -- ${name.replaceAll('\n', ' ')}`;
  return documentOf(
    [
      { id: 'src', kind: 'source', config: { type: 'table', table: name } },
      { id: 'other', kind: 'source', config: { type: 'table', table: name, columns: [name], key: [name] } },
      {
        id: 'kept',
        kind: 'filter',
        inputs: ['src'],
        config: { where: `${column} = ${quoteLiteral(name)} and run.due_at is not null` },
      },
      {
        id: 'more',
        kind: 'derive',
        inputs: ['kept'],
        config: {
          columns: [
            { name, expression },
            { name: 'q', expression: 'params.p' },
          ],
        },
      },
      {
        id: 'picked',
        kind: 'select',
        inputs: ['more'],
        config: { columns: [{ name }, { name: 'id' }, { name: 'q', cast: 'integer' }] },
      },
      { id: 'joined', kind: 'join', inputs: ['picked', 'other'], config: { on: [{ left: name, right: name }] } },
      {
        id: 'judged',
        kind: 'validate',
        inputs: ['joined'],
        config: {
          rules: [
            { rule: 'not_null', columns: [name] },
            { rule: 'unique', columns: [name] },
            { rule: 'in_set', column: name, values: [name, 'other'] },
            { rule: 'range', column: name, min: name, max: name },
            { rule: 'regex', column: name, pattern: '.' },
            { rule: 'references', columns: [name, 'id'], table: name, tableColumns: [name, 'id'] },
            { rule: 'expression', expression: `${column} is not null` },
          ],
        },
      },
      { id: 'first', kind: 'dedupe', inputs: ['judged'], config: { key: [name], orderBy: [{ expression: column }] } },
      {
        id: 'summed',
        kind: 'aggregate',
        inputs: ['first'],
        config: {
          groupBy: [name, 'id'],
          aggregates: [{ name: 'agg', fn: 'string_agg', expression: column, separator: name.slice(0, 10) }],
        },
      },
      { id: 'sorted', kind: 'sort', inputs: ['summed'], config: { by: [{ expression: column }], limit: 10 } },
      {
        id: 'made',
        kind: 'target',
        inputs: ['summed'],
        config: {
          type: 'table',
          table: `new ${name}`.slice(0, 30),
          mode: 'upsert',
          key: [name],
          lineage: name !== '_lineage',
        },
      },
      { id: 'back', kind: 'select', inputs: ['sorted'], config: { columns: [{ name: 'id' }, { name }] } },
      {
        id: 'loaded',
        kind: 'target',
        inputs: ['back'],
        config: { type: 'table', table: name, mode: 'upsert', key: ['id', name] },
      },
    ],
    { parameters: { p: { type: 'text', default: '5' } } },
  );
}

describe('a name or value', () => {
  it.each(NAMES.map((name) => ({ name })))('$name is only ever a name or a value', async ({ name }) => {
    const plan = await compileOrThrow(everyKind(name), environment);
    const outcome = await execute(db.owner, plan, (sql) =>
      sql.unsafe(`INSERT INTO tenant.${quoteIdent(name)} VALUES (1, $1), (2, 'other')`, [name]),
    );
    expect(outcome.failure).toBeNull();
    expect(outcome.rejects).toEqual([]);
    expect(outcome.targets.made).toEqual([{ [name]: name, id: '1', agg: name }]);
    expect(outcome.targets.loaded).toEqual([
      { id: '1', [name]: name },
      { id: '2', [name]: 'other' },
    ]);
    expect(outcome.hidden.joined).toEqual([
      { key: { picked: { id: 1, [name]: name }, other: { id: 1, [name]: name } }, source: 'joined', replayable: true },
    ]);
    const [victim] = await db.owner<{ found: boolean }[]>`select to_regclass('tenant.victim') is not null as found`;
    expect(victim?.found).toBe(true);
  });

  it.each(NAMES.map((name) => ({ name })))('$name is quoted as PostgreSQL quotes it', async ({ name }) => {
    const [row] = await db.owner.unsafe<{ literal: string; same: string }[]>(
      `SELECT quote_literal($1::text) AS literal, ${quoteLiteral(name)}::text AS same`,
      [name],
    );
    expect(row?.same).toBe(name);
    expect(quoteLiteral(name)).toBe(row?.literal.trimStart());
    for (const setting of ['on', 'off']) {
      await transaction(db.owner, {}, async (tx) => {
        const sql = connectionOf(tx);
        await sql.unsafe(`SET LOCAL standard_conforming_strings = ${setting}; SET LOCAL escape_string_warning = off`);
        const [again] = await sql.unsafe<{ same: string }[]>(`SELECT ${quoteLiteral(name)}::text AS same`);
        expect(again?.same).toBe(name);
      });
    }
  });
});

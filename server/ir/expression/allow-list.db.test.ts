import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { ALLOWED_TYPES } from './casts.ts';
import { ALLOWED_FUNCTIONS, CLOCK_AND_CHANCE } from './functions.ts';
import { ALLOWED_OPERATORS } from './operators.ts';

// The allow-list names functions; PostgreSQL has several of one name. What all of them do is asked of its catalogue.
const db = await testDatabase();
/** With which PostgreSQL they came; the others are older than 16. Before it an expression with one is refused by PostgreSQL. */
const SINCE: Record<string, number> = { to_bin: 17, to_oct: 17, casefold: 18, array_reverse: 18 };

describe('the allow-list', () => {
  it('names only functions that exist, are not volatile, and give one value for one row', async () => {
    const names = [...ALLOWED_FUNCTIONS];
    const found = await db.owner<{ name: string }[]>`
      select distinct proname::text as name from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname = any (${names})`;
    const [server] = await db.owner<{ major: number }[]>`
      select current_setting('server_version_num')::int / 10000 as major`;
    const later = names.filter((name) => (SINCE[name] ?? 0) > server!.major);
    expect(names.filter((name) => !found.some((row) => row.name === name))).toEqual(later);
    const bad = await db.owner<{ signature: string }[]>`
      select oid::regprocedure::text as signature from pg_proc
      where pronamespace = 'pg_catalog'::regnamespace and proname = any (${names})
        and (provolatile = 'v' or proretset or prokind <> 'f')`;
    expect(bad.map(({ signature }) => signature)).toEqual([]);
  });

  it('allows no function that reads the clock or chance', () => {
    expect([...CLOCK_AND_CHANCE].filter((name) => ALLOWED_FUNCTIONS.has(name))).toEqual([]);
  });

  it('names only operators that exist and whose functions are not volatile', async () => {
    const names = [...ALLOWED_OPERATORS].map((name) => (name === '!=' ? '<>' : name));
    const found = await db.owner<{ name: string }[]>`
      select distinct oprname::text as name from pg_operator where oprnamespace = 'pg_catalog'::regnamespace and oprname = any (${names})`;
    expect(names.filter((name) => !found.some((row) => row.name === name))).toEqual([]);
    const bad = await db.owner<{ name: string }[]>`
      select o.oid::regoperator::text as name from pg_operator o join pg_proc p on p.oid = o.oprcode
      where o.oprnamespace = 'pg_catalog'::regnamespace and o.oprname = any (${names}) and p.provolatile = 'v'`;
    expect(bad.map(({ name }) => name)).toEqual([]);
  });

  it('names only types that exist, none of them a pseudo-type or one that looks into the catalogue', async () => {
    for (const name of ALLOWED_TYPES) {
      const [row] = await db.owner<{ kind: string; looksUp: boolean }[]>`
        select typtype::text as kind, typname like 'reg%' as "looksUp" from pg_type where oid = to_regtype(${name})`;
      expect(row, name).toEqual({ kind: 'b', looksUp: false });
    }
  });
});

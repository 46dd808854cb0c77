import { describe, expect, it } from 'vitest';
import { testDatabase } from './index.ts';

const db = await testDatabase();
const other = await testDatabase();

describe('testDatabase', () => {
  it('is a migrated database of its own, with the three roles able to log in', async () => {
    const [row] = await db.owner<{ name: string; tables: number }[]>`
      select current_database() as name, (select count(*)::int from pg_tables where schemaname = 'public') as tables`;
    expect(row?.name).toBe(db.name);
    expect(row?.tables).toBeGreaterThan(10);
    const [app] = await db.app<{ role: string }[]>`select current_user as role`;
    expect(app?.role).toBe(`${db.rolePrefix}_app`);
    const [worker] = await db.worker<{ role: string }[]>`select current_user as role`;
    expect(worker?.role).toBe(`${db.rolePrefix}_worker`);
  });

  it('shares no tables with a second one', async () => {
    await db.owner`create table only_here (n int)`;
    const [row] = await other.owner<{ found: string | null }[]>`select to_regclass('only_here')::text as found`;
    expect(row?.found).toBeNull();
  });
});

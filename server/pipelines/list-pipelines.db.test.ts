import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import type { Ctx } from '#server/tenancy/index.ts';
import { createPipeline } from './index.ts';
import { type ListPipelines, listPipelines } from './list-pipelines.ts';
import { documentOf, openTenant } from './testing/index.ts';

const db = await testDatabase();
let ctx: Ctx;

const PIPELINES: [string, string, Record<string, string>][] = [
  ['alpha', 'Counts 100% of the orders', { team: 'red', tier: '1' }],
  ['alpha-beta', 'one_two', { team: 'red' }],
  ['beta', 'Nothing to say', { team: 'blue', tier: '1' }],
  ['gamma', 'back\\slash', {}],
];

beforeAll(async () => {
  ctx = await openTenant(db, 'acme');
  for (const [name, description, labels] of PIPELINES)
    await createPipeline(ctx, { document: documentOf(name, { description, labels }) });
});

const names = async (input: Partial<ListPipelines>) =>
  (await listPipelines(ctx, { limit: 50, ...input })).items.map((one) => one.name);
const ALL = PIPELINES.map(([name]) => name);

describe('the list of pipelines', () => {
  it('has all of the tenant by name, but not those that are archived', async () => {
    expect(await names({})).toEqual(ALL);
    await db.owner`update pipelines set archived_at = now() where name = 'beta'`;
    expect(await names({})).toEqual(['alpha', 'alpha-beta', 'gamma']);
    await db.owner`update pipelines set archived_at = null`;
  });

  it('narrows by label, all of them together', async () => {
    expect(await names({ label: ['team:red'] })).toEqual(['alpha', 'alpha-beta']);
    expect(await names({ label: ['team:red', 'tier:1'] })).toEqual(['alpha']);
    expect(await names({ label: ['tier'] })).toEqual(['alpha', 'beta']);
    expect(await names({ label: ['team'], search: 'BETA' })).toEqual(['alpha-beta', 'beta']);
    expect(await names({ label: ['team:'] })).toEqual([]);
  });

  it('takes a search letter by letter: its wildcards are letters too', async () => {
    expect(await names({ search: '100%' })).toEqual(['alpha']);
    expect(await names({ search: '%' })).toEqual(['alpha']);
    expect(await names({ search: '_' })).toEqual(['alpha-beta']);
    expect(await names({ search: 'back\\slash' })).toEqual(['gamma']);
    expect(await names({ search: "'; drop table pipelines --" })).toEqual([]);
    expect(await names({ search: 'ALPHA' })).toEqual(['alpha', 'alpha-beta']);
  });

  it.each([1, 2, 3, 4, 5])(
    'comes in pages of %i that give each one once, also while others are added',
    async (limit) => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof listPipelines>> = await listPipelines(ctx, {
          limit,
          ...(cursor ? { cursor } : {}),
        });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        seen.push(...page.items.map((one) => one.name));
        cursor = page.nextCursor;
        if (seen.length === limit && limit < 4) await createPipeline(ctx, { document: documentOf(`aaa-${limit}`) });
      } while (cursor);
      expect(seen.filter((name) => ALL.includes(name))).toEqual(ALL);
      expect(new Set(seen).size).toBe(seen.length);
    },
  );

  it('refuses a cursor that it did not give out', async () => {
    for (const cursor of ['x', 'W10', 'WzFd', 'WyJhIiwiYiJd'])
      await expect(names({ cursor })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

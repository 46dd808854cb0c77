// A tenant of 10,000 pipelines and as many runs: what one page of a list asks of the database and sends does not
// grow with the tenant.
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { makeKey, openWeb } from './testing/index.ts';

const MANY = 10_000;
const db = await testDatabase();
const statements: string[] = [];
const pool = postgres(db.appUrl, { max: 2, onnotice: () => {}, debug: (_connection, text) => statements.push(text) });
const web = await openWeb(db, { pool });
afterAll(() => pool.end({ timeout: 2 }));

let tenant: Tenant;
let key: string;

beforeAll(async () => {
  tenant = await createTenant(db.owner, { slug: 'large', name: 'Large' });
  key = await makeKey(db, tenant);
  const document = {
    kind: 'pipeline',
    version: '1.0',
    metadata: { name: 'a-first', labels: { team: 'red' } },
    schedule: { kind: 'cron', expression: '*/5 * * * *', timezone: 'Europe/Berlin' },
    nodes: [
      {
        id: 'src',
        kind: 'source',
        config: { type: 'file', format: 'ndjson', path: '*.ndjson', columns: [{ name: 'n', type: 'integer' }] },
      },
      { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: 'numbers', mode: 'append' } },
    ],
  };
  const made = await web.fetch('/api/v1/pipelines', {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ document, publish: true }),
  });
  expect(made.status, await made.clone().text()).toBe(201);
  await db.owner.unsafe(`
    insert into pipelines (tenant_id, name, latest_version, live_version)
      select '${tenant.id}', 'pipeline-' || lpad(n::text, 5, '0'), 1, 1 from generate_series(1, ${MANY - 1}) n;
    insert into pipeline_labels (tenant_id, pipeline_id, key, value)
      select tenant_id, id, 'team', 'red' from pipelines where name like 'pipeline-%';
    insert into schedules (tenant_id, pipeline_id, version, schedule, policies, next_fire_at)
      select p.tenant_id, p.id, 1, s.schedule, s.policies, now() + interval '1 hour'
      from pipelines p cross join (select schedule, policies from schedules limit 1) s where p.name like 'pipeline-%';
    insert into runs (tenant_id, pipeline_id, version, status, trigger)
      select tenant_id, id, 1, 'succeeded', 'manual' from pipelines;
    analyze pipelines; analyze pipeline_labels; analyze schedules; analyze runs;`);
});

interface Answer {
  items: { name?: string; pipelineName?: string }[];
  nextCursor: string | null;
}

/** The answer with what it cost: statements, transaction control apart, and bytes. */
async function ask(path: string) {
  const before = statements.length;
  const response = await web.fetch(`/api/v1/${path}`, { headers: { authorization: `Bearer ${key}` } });
  const text = await response.text();
  expect(response.status, text.slice(0, 300)).toBe(200);
  const cost = statements.slice(before).filter((statement) => !/^(begin|commit|rollback)/i.test(statement)).length;
  return { ...(JSON.parse(text) as Answer), cost, bytes: text.length };
}

describe('a tenant of 10,000 pipelines', () => {
  it.each(['pipelines', 'scheduler-status', 'runs'])(
    'has its %s a page at a time, at the cost of a page',
    async (path) => {
      // The first request of a connection also asks for its types.
      await ask(`${path}?limit=1`);
      const small = await ask(`${path}?limit=1`);
      const page = await ask(`${path}?limit=200`);
      expect(page.items).toHaveLength(200);
      expect(page.nextCursor).not.toBeNull();
      expect(page.cost).toBe(small.cost);
      expect(page.cost).toBeLessThanOrEqual(8);
      expect(page.bytes).toBeLessThan(600_000);
    },
  );

  it('is walked to its last pipeline, each once', async () => {
    const seen = new Set<string>();
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page: Answer = await ask(`pipelines?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`);
      for (const { name } of page.items) seen.add(name ?? '');
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== null && pages <= MANY / 200 + 1);
    expect(seen.size).toBe(MANY);
    expect(pages).toBe(MANY / 200);
  });

  it('is searched and filtered by the database, at the cost of a page', async () => {
    await ask('pipelines?limit=1');
    const small = await ask('pipelines?limit=1');
    const found = await ask('pipelines?search=09998&label=team:red');
    expect(found.items.map(({ name }) => name)).toEqual(['pipeline-09998']);
    expect(found.cost).toBe(small.cost);
    expect((await ask('pipelines?label=team:blue')).items).toEqual([]);
  });
});

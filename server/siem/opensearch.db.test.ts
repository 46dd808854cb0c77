// The elastic form against a real node, which says itself what it took and what it refused.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { jobContext } from '#server/jobs/testing/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { shipAudit } from './ship.ts';
import { hasOpenSearch, type OpenSearchNode, startOpenSearch } from './testing/index.ts';

describe.skipIf(!hasOpenSearch())('a real OpenSearch node', async () => {
  const db = await testDatabase();
  const client = createOutboundClient({ allowCidrs: [] });
  let node: OpenSearchNode;
  let tenantId: string;

  beforeAll(async () => {
    tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
    node = await startOpenSearch();
    const properties = { event: { properties: { details: { properties: { amount: { type: 'integer' } } } } } };
    const made = await fetch(`${node.url}/audit`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ settings: { number_of_replicas: 0 }, mappings: { properties } }),
    });
    expect([made.status, await made.text()]).toEqual([200, expect.any(String)]);
  }, 200_000);
  afterAll(async () => {
    client.close();
    await node?.stop();
  });

  const ctx = jobContext(db.worker);
  const ship = async () => {
    await passHorizon(db.owner);
    return shipAudit(ctx, {
      backend: 'elastic',
      client,
      endpoint: node.url,
      apiKey: 'a2V5',
      index: 'audit',
      sourcetype: '',
    });
  };
  const write = (count: number, details: unknown) =>
    db.owner`insert into audit_log (tenant_id, actor_kind, actor_id, action, details)
      select ${tenantId}, 'system', 'test', 'load.test', ${JSON.stringify(details)}::text::jsonb from generate_series(1, ${count})`;
  const stored = async () => {
    await fetch(`${node.url}/audit/_refresh`, { method: 'POST' });
    return ((await (await fetch(`${node.url}/audit/_count`)).json()) as { count: number }).count;
  };

  it('takes every row once, also when all are shipped again, and sets aside what it cannot map', async () => {
    await write(1_200, { amount: 1 });
    expect(await ship()).toEqual({ shipped: 1_200, refused: 0, rowsScanned: 1_200, error: null });
    expect(await stored()).toBe(1_200);
    // 409 for each: it is there already.
    await db.owner`update siem_destinations set tx = '0'`;
    expect(await ship()).toMatchObject({ shipped: 1_200, refused: 0, error: null });
    expect(await stored()).toBe(1_200);
    // 400 for these: the index wants a number.
    await write(3, { amount: 'many' });
    await write(5, { amount: 2 });
    expect(await ship()).toMatchObject({ shipped: 5, refused: 3, error: null });
    expect(await stored()).toBe(1_205);
    const aside = await db.owner<{ status: number; reason: string }[]>`select status, reason from siem_quarantine`;
    expect(aside.map((row) => row.status)).toEqual([400, 400, 400]);
    expect(aside[0]?.reason).toContain('mapper_parsing_exception');
    const [row] = await db.owner<{ id: string }[]>`select id from audit_log order by id limit 1`;
    const found = (await (await fetch(`${node.url}/audit/_doc/${row!.id}`)).json()) as { _source: unknown };
    expect(found._source).toMatchObject({ event: { id: row!.id, tenant: 'acme', action: 'load.test' } });
  }, 120_000);
});

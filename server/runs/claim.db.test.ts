// Which run a runner gets, and which ones wait for others.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { claimRuns } from './index.ts';
import { openFaults } from './testing/faults.ts';
import { copyTable, openWorkshop } from './testing/index.ts';

const db = await testDatabase();
const { shop, copyPipeline } = await openFaults(db);

describe('claimRuns', () => {
  it('gives each run to one of many racing runners', async () => {
    const ids = [];
    for (let i = 0; i < 8; i += 1) ids.push((await copyPipeline()).id);
    const started = await Promise.all(ids.map((id) => shop.start(id)));
    const claims = await Promise.all(
      Array.from({ length: 12 }, (_, i) => claimRuns(db.worker, { runner: `r${i}`, leaseMs: 30_000, limit: 2 })),
    );
    expect(
      claims
        .flat()
        .map((claim) => claim.runId)
        .sort(),
    ).toEqual([...started].sort());
  });

  it('keeps a pipeline’s and a tenant’s limits under racing claims', async () => {
    const { id } = await copyPipeline();
    for (let i = 0; i < 5; i += 1) await shop.start(id);
    const racing = () =>
      Promise.all(
        Array.from({ length: 6 }, (_, i) => claimRuns(db.worker, { runner: `r${i}`, leaseMs: 30_000, limit: 5 })),
      );
    expect((await racing()).flat()).toHaveLength(1);
    await db.owner`delete from run_queue`;
    await db.owner`update tenants set max_concurrent_runs = 3 where id = ${shop.tenant.id}`;
    for (let i = 0; i < 6; i += 1) await shop.start((await copyPipeline()).id);
    expect((await racing()).flat()).toHaveLength(3);
    await db.owner`update tenants set max_concurrent_runs = 8 where id = ${shop.tenant.id}`;
  });

  it('lets another tenant’s single run go before the rest of a backlog', async () => {
    await db.owner`insert into run_queue (run_id, tenant_id, pipeline_id, priority)
      select ms_uuid(), ${shop.tenant.id}, ms_uuid(), 5 from generate_series(1, 1000)`;
    const small = await openWorkshop(db, 'small');
    await small.sql('create table one (n int primary key)');
    const lone = await small.start(await small.pipeline('lone', { nodes: copyTable('one', 'one_copy') }));
    const claims = await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 2 });
    expect(claims.map((claim) => claim.tenantId)).toContain(small.tenant.id);
    expect(claims.map((claim) => claim.runId)).toContain(lone);
  });

  it('does not let waiting runs of a full pipeline hide another pipeline', async () => {
    const { id: full } = await copyPipeline();
    await db.owner`insert into run_queue (run_id, tenant_id, pipeline_id)
      select ms_uuid(), ${shop.tenant.id}, ${full} from generate_series(1, 1000)`;
    const { id: free } = await copyPipeline();
    const wanted = await shop.start(free);
    const first = await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 });
    const second = await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 });
    expect(first).toHaveLength(1);
    expect(second.map((claim) => claim.runId)).toEqual([wanted]);
  });

  it('leaves a suspended tenant’s runs where they are', async () => {
    const { id } = await copyPipeline();
    await shop.start(id);
    await db.owner`update tenants set status = 'suspended' where id = ${shop.tenant.id}`;
    expect(await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 })).toEqual([]);
    await db.owner`update tenants set status = 'active' where id = ${shop.tenant.id}`;
    expect(await claimRuns(db.worker, { runner: 'r', leaseMs: 30_000, limit: 5 })).toHaveLength(1);
  });
});

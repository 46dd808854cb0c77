// What becomes of rows that a destination refused for good: seen and decided by their tenant, sent again alone.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { jobContext } from '#server/jobs/testing/index.ts';
import { registry } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';
import { observeUnshipped } from './metrics.ts';
import { DELIVERY, shipAudit } from './ship.ts';
import { openReceiver, type Receiver } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const client = createOutboundClient({ allowCidrs: [] });
let receiver: Receiver;
let acme: Tenant;
let headers: Record<string, string>;
let others: Record<string, string>;

beforeAll(async () => {
  receiver = await openReceiver('elastic');
  acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
  const blue = await createTenant(db.owner, { slug: 'blue', name: 'Blue' });
  const keyOf = async (tenant: Tenant) => ({
    authorization: `Bearer ${await makeKey(db, tenant)}`,
    'content-type': 'application/json',
  });
  [headers, others] = [await keyOf(acme), await keyOf(blue)];
});
afterAll(async () => {
  client.close();
  await receiver.close();
});
beforeEach(async () => {
  await db.owner`truncate audit_log, siem_destinations, siem_quarantine`;
  Object.assign(receiver, { kept: [], requests: 0, faults: [], refuse: () => false });
});

const target = () => ({
  ...{ backend: 'elastic' as const, client, endpoint: receiver.url, apiKey: 'the-key', index: 'audit' },
  sourcetype: '',
});
const ctx = jobContext(db.worker);
async function ship(options: { replayFrom?: Date } = {}) {
  await passHorizon(db.owner);
  return shipAudit(ctx, target(), { delivery: { ...DELIVERY, firstPauseMs: 5, maxTries: 2 }, ...options });
}

/** Three rows, of which the destination refuses the second. */
async function refuseOne(): Promise<string> {
  const rows = await db.owner<{ id: string }[]>`insert into audit_log (tenant_id, actor_kind, actor_id, action, details)
    select ${acme.id}, 'user', 'ada@example.org', 'report.' || n, '{"note": 1}' from generate_series(1, 3) n returning id`;
  const id = rows.map((row) => row.id).sort()[1]!;
  receiver.refuse = (one) => one === id;
  expect(await ship()).toMatchObject({ shipped: 2, refused: 1 });
  return id;
}
type Item = { id: string; state: string; decidedBy: string | null; reason: string; status: number; payload: object };
const list = async (query = '', as = headers) => {
  const answer = await web.fetch(`/api/v1/siem/quarantine${query}`, { headers: as });
  return ((await answer.json()) as { items: Item[] }).items;
};
const decide = async (deed: 'requeue' | 'discard', ids: string[], as = headers) => {
  const init = { method: 'POST', headers: as, body: JSON.stringify({ ids }) };
  const answer = await web.fetch(`/api/v1/siem/quarantine/${deed}`, init);
  return [answer.status, await answer.json()];
};

describe('a row that the destination refused', () => {
  it('is listed to its tenant alone, with the reason and what was to be shipped', async () => {
    const id = await refuseOne();
    expect(await list()).toEqual([
      {
        ...{ id, destination: `elastic ${receiver.url} audit`, status: 400, reason: expect.stringContaining('mapper') },
        ...{ refusedAt: expect.any(String), state: 'open', decidedBy: null, decidedAt: null },
        payload: expect.objectContaining({ action: 'report.2', actorId: 'ada@example.org', details: { note: 1 } }),
      },
    ]);
    expect(await list('', others)).toEqual([]);
    for (const deed of ['requeue', 'discard'] as const)
      expect(await decide(deed, [id], others)).toEqual([404, expect.objectContaining({ code: 'SIEM_ROW_NOT_FOUND' })]);
    expect(await list()).toMatchObject([{ state: 'open' }]);
  });

  it('is told to wait where there is no SIEM, or nothing that ships to it', async () => {
    const shipping = async () => {
      const answer = await web.fetch('/api/v1/siem/quarantine', { headers });
      return ((await answer.json()) as { shipping: string }).shipping;
    };
    await db.owner`truncate cron_jobs, cron_runs`;
    expect(await shipping()).toBe('no_schedule');
    const run = (config: typeof UNCONFIGURED_JOBS) =>
      runJob({ pool: db.worker, log: ctx.log, processId: 'test', config }, 'siemShip', { trigger: 'http' });
    expect((await run(UNCONFIGURED_JOBS)).body).toEqual({ ok: true, skipped: 'SIEM_BACKEND is not set' });
    expect(await shipping()).toBe('no_siem');
    await passHorizon(db.owner);
    await run({ ...UNCONFIGURED_JOBS, siem: target() });
    expect(await shipping()).toBe('on');
    await db.owner`update cron_runs set started_at = started_at - interval '2 days'`;
    expect(await shipping()).toBe('no_schedule');
    await db.owner`update cron_jobs set schedule = '*/5 * * * *' where job = 'siemShip'`;
    expect(await shipping()).toBe('on');
  });

  it('that is sent again arrives alone with the next run, and is forgotten', async () => {
    const id = await refuseOne();
    expect(await decide('requeue', [id])).toEqual([200, { changed: 1 }]);
    expect(await decide('requeue', [id])).toEqual([200, { changed: 0 }]);
    expect(await list('?state=requeued')).toMatchObject([{ id, decidedBy: expect.any(String) }]);
    const requests = receiver.requests;
    receiver.refuse = () => false;
    // The deed itself is audited: that row is new, and is shipped as such.
    expect(await ship()).toMatchObject({ shipped: 2, refused: 0, rowsScanned: 2 });
    expect(receiver.requests).toBe(requests + 2);
    expect(receiver.kept.filter((one) => one === id)).toHaveLength(1);
    expect(await list()).toEqual([]);
    const [deed] = await db.owner`select action, details from audit_log where action like 'siem.%'`;
    const destination = `elastic ${receiver.url} audit`;
    expect(deed).toEqual({ action: 'siem.requeue', details: { count: 1, destinations: [destination], ids: [id] } });
  });

  it('that is sent again is counted, and ends what the destination last complained of', async () => {
    const id = await refuseOne();
    await decide('requeue', [id]);
    receiver.refuse = () => false;
    receiver.faults = [1, 2].map(() => ({ kind: 'status' as const, status: 503 }));
    await ship();
    const state = async () => (await db.owner`select shipped::int as shipped, last_error from siem_destinations`)[0];
    expect(await state()).toEqual({ shipped: 2, last_error: expect.stringContaining('503') });
    // Nothing new is there beside it: it alone brings the destination's answer.
    await db.owner`delete from audit_log where action = 'siem.requeue'`;
    expect(await ship()).toMatchObject({ shipped: 1, rowsScanned: 1, error: null });
    expect(await state()).toEqual({ shipped: 3, last_error: null });
  });

  it('and whose destination is a former one by now is sent to the present one', async () => {
    const id = await refuseOne();
    await db.owner`update siem_quarantine set destination = 'splunk https://former.example main'`;
    expect(await decide('requeue', [id])).toEqual([200, { changed: 1 }]);
    receiver.refuse = () => false;
    receiver.kept = [];
    expect(await ship()).toMatchObject({ shipped: 2, refused: 0, rowsScanned: 2 });
    expect(receiver.kept.filter((one) => one === id)).toHaveLength(1);
    expect(await list()).toEqual([]);
  });

  it('and whose destination is a former one is not sent twice by one that begins anew', async () => {
    const id = await refuseOne();
    await db.owner`update siem_quarantine set destination = 'splunk https://former.example main'`;
    await db.owner`delete from siem_destinations`;
    await decide('requeue', [id]);
    receiver.kept = [];
    // Three rows and the deed itself.
    expect(await ship()).toMatchObject({ refused: 1, rowsScanned: 4 });
    expect(await list()).toMatchObject([{ id, state: 'open', destination: `elastic ${receiver.url} audit` }]);
  });

  it('with 499 others at a long address leaves an audit row that names all of them', async () => {
    const destination = `elastic https://${'long.'.repeat(40)}example audit`;
    const rows = await db.owner<{ id: string }[]>`with written as (
        insert into audit_log (tenant_id, actor_kind, actor_id, action)
        select ${acme.id}, 'user', 'ada@example.org', 'report' from generate_series(1, 500) n returning id)
      insert into siem_quarantine (tenant_id, destination, audit_id, status, reason)
      select ${acme.id}, ${destination}, id, 400, 'no' from written returning audit_id as id`;
    const ids = rows.map(({ id }) => id).sort();
    expect(await decide('discard', ids)).toEqual([200, { changed: 500 }]);
    const deeds = await db.owner`select target_id, details from audit_log where action = 'siem.discard'`;
    expect(deeds).toEqual([{ target_id: '', details: { count: 500, destinations: [destination], ids } }]);
  });

  it('that is refused again is open again, and is not tried by every run', async () => {
    const id = await refuseOne();
    await decide('requeue', [id]);
    expect(await ship()).toMatchObject({ refused: 1, error: null });
    expect(await list('?state=open')).toMatchObject([{ id, decidedBy: null, decidedAt: null }]);
    expect(await ship()).toMatchObject({ refused: 0, rowsScanned: 0 });
  });

  it('that is sent again to a destination that is away stays to be sent', async () => {
    const id = await refuseOne();
    await decide('requeue', [id]);
    receiver.faults = [1, 2].map(() => ({ kind: 'status' as const, status: 503 }));
    expect(await ship()).toMatchObject({ shipped: 0, error: expect.stringContaining('503') });
    expect(await list('?state=requeued')).toMatchObject([{ id }]);
    receiver.refuse = () => false;
    await ship();
    expect(await list()).toEqual([]);
  });

  it('that is discarded is not shipped, and stays discarded when a replay brings it up', async () => {
    const id = await refuseOne();
    expect(await decide('discard', [id])).toEqual([200, { changed: 1 }]);
    await ship();
    expect(await ship({ replayFrom: new Date(0) })).toMatchObject({ refused: 1 });
    expect(await list()).toMatchObject([{ id, state: 'discarded' }]);
    // A replay that it is taken by settles it.
    receiver.refuse = () => false;
    await ship({ replayFrom: new Date(0) });
    expect(await list()).toEqual([]);
  });
});

describe('the gauge of the oldest row that is not shipped', () => {
  it('says at every scrape what the database says then, whether a job runs or not', async () => {
    observeUnshipped(db.worker, target());
    const scrape = async () => {
      const line = (await registry.metrics()).match(/^\w*siem_unshipped_age_seconds (\S+)$/m);
      return line ? Number(line[1]) : null;
    };
    expect(await scrape()).toBe(0);
    await db.owner`insert into audit_log (tenant_id, actor_kind, actor_id, action, created_at)
      values (${acme.id}, 'system', 's', 'old', now() - interval '1 hour')`;
    // Nothing has ever been shipped to this destination.
    expect(await scrape()).toBeGreaterThanOrEqual(3_600);
    await ship();
    expect(await scrape()).toBe(0);
    await db.owner`insert into audit_log (tenant_id, actor_kind, actor_id, action, created_at)
      values (${acme.id}, 'system', 's', 'old', now() - interval '2 hours')`;
    expect(await scrape()).toBeGreaterThanOrEqual(7_200);
  });
});

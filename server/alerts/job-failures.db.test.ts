// What rules on `job_failures` count: how runs of jobs ended, whenever they began.
import { beforeEach, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { METRICS } from './metrics.ts';

const db = await testDatabase();
const acme = await createTenant(db.owner, { slug: 'acme', name: 'Acme' });
const blue = await createTenant(db.owner, { slug: 'blue', name: 'Blue' });
const read = (tenantId = acme.id, windowMinutes = 5) =>
  transaction(db.worker, { tenantId }, (tx) => METRICS.job_failures.read(tx, tenantId, windowMinutes));

type Given = { outcome: string; began: number; ended?: number; leaseEnded?: number; failedFor?: string };
/** Minutes are ago. */
const makeRun = ({ outcome, began, ended, leaseEnded, failedFor }: Given) =>
  db.owner`insert into cron_runs (job, process_id, outcome, started_at, finished_at, lease_until, per_tenant)
    values ('cleanup', 'w', ${outcome}, now() - make_interval(mins => ${began}), now() - make_interval(mins => ${ended ?? null}::int),
      now() - make_interval(mins => ${leaseEnded ?? null}::int),
      ${JSON.stringify(failedFor ? [{ tenantId: failedFor, ok: false }] : [])}::text::jsonb)`;

beforeEach(async () => {
  await db.owner`truncate cron_runs`;
});

it('a job that failed at its time limit is counted, though it began before the window', async () => {
  await makeRun({ outcome: 'failed', began: 9, ended: 0 });
  expect([await read(acme.id), await read(blue.id)]).toEqual([1, 1]);
});

it('a run that was abandoned is counted, and so is one whose process fell silent, once its lease has run out', async () => {
  await makeRun({ outcome: 'abandoned', began: 9, ended: 1 });
  expect(await read()).toBe(1);
  await makeRun({ outcome: 'running', began: 9, leaseEnded: 2 });
  expect(await read()).toBe(2);
});

it('what failed for one tenant is that tenant’s, by when it ended', async () => {
  await makeRun({ outcome: 'partial', began: 8, ended: 1, failedFor: blue.id });
  expect([await read(acme.id), await read(blue.id)]).toEqual([0, 1]);
});

it('neither a success, nor a run that goes on, nor a failure from before the window is counted', async () => {
  await makeRun({ outcome: 'succeeded', began: 9, ended: 0 });
  await makeRun({ outcome: 'running', began: 9, leaseEnded: -1 });
  await makeRun({ outcome: 'failed', began: 9, ended: 6 });
  await makeRun({ outcome: 'abandoned', began: 20, ended: 6 });
  await makeRun({ outcome: 'running', began: 20, leaseEnded: 6 });
  expect(await read()).toBe(0);
  expect(await read(acme.id, 30)).toBe(3);
});

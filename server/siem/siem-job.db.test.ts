// The job that ships the log, as cron and its route answer.
import { describe, expect, it, test } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { CRON_SECRET, openWeb } from '#server/http/testing/index.ts';
import { siemShipJob } from './siem-ship-job.ts';
import { openShipping } from './testing/shipping.ts';

const db = await testDatabase();
const { receivers, targetOf, ctx, writeRows } = await openShipping(db);

describe('the job', () => {
  const run = (params: Record<string, string> = {}, more: Partial<ReturnType<typeof targetOf>> = {}) =>
    siemShipJob.run({ ...ctx, params }, { siem: { ...targetOf('elastic'), ...more } });

  it('answers in its shape', async () => {
    await writeRows(2);
    expect((await run()).answer).toEqual({
      backend: 'elastic',
      shipped: 2,
      errors: 0,
      windowSeconds: 300,
      rowsScanned: 2,
    });
  });

  it('says why it ships nothing where no backend is set', async () => {
    const result = await siemShipJob.run(ctx, { siem: { skipped: 'SIEM_BACKEND is not set' } });
    expect(result.answer).toEqual({ skipped: 'SIEM_BACKEND is not set' });
    const test = siemShipJob.run({ ...ctx, params: { test: '1' } }, { siem: { skipped: 'SIEM_BACKEND is not set' } });
    await expect(test).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  it('has failed when nothing could be shipped', async () => {
    await writeRows(2);
    const result = await run({}, { apiKey: 'wrong' });
    expect([result.isFailed, result.answer]).toEqual([true, expect.objectContaining({ shipped: 0, errors: 1 })]);
    expect(result.errors).toEqual([expect.stringContaining('answered 401')]);
  });

  it('sends one event as a test, and moves nothing', async () => {
    await writeRows(2);
    expect(await run({ test: '1' })).toMatchObject({ answer: { shipped: 1, errors: 0 }, isFailed: false });
    expect(await run({ test: '1' }, { apiKey: 'wrong' })).toMatchObject({ isFailed: true });
    expect(await db.owner`select from siem_destinations`).toHaveLength(0);
    expect((await run()).answer).toMatchObject({ shipped: 2 });
  });

  it('refuses an instant that is none', async () => {
    await expect(run({ from: 'yesterday' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});

test('the route answers in its shape, by GET and POST, and 500 when nothing could be shipped', async () => {
  const siem = targetOf('elastic');
  const web = await openWeb(db, { cron: { config: { ...UNCONFIGURED_JOBS, siem } } });
  const call = async (query = '', method = 'POST') => {
    const init = { method, headers: { 'x-cron-secret': CRON_SECRET } };
    const answer = await web.fetch(`/api/v1/cron/siem-ship${query}`, init);
    return { status: answer.status, body: await answer.json() };
  };
  await writeRows(3);
  const body = { ok: true, backend: 'elastic', shipped: 3, errors: 0, windowSeconds: 300, rowsScanned: 3 };
  expect(await call()).toEqual({ status: 200, body });
  expect(await call('', 'GET')).toEqual({ status: 200, body: { ...body, shipped: 0, rowsScanned: 0 } });
  const [bad] = await writeRows(2);
  receivers.get('elastic')!.refuse = (id) => id === bad;
  expect(await call()).toEqual({
    status: 200,
    body: { ...body, shipped: 1, errors: 1, rowsScanned: 2 },
  });
  await writeRows(1);
  receivers.get('elastic')!.faults = [{ kind: 'status', status: 401 }];
  expect(await call()).toMatchObject({ status: 500, body: { ok: false, shipped: 0, errors: 1, rowsScanned: 1 } });
  expect((await web.fetch('/api/v1/cron/siem-ship', { method: 'POST' })).status).toBe(401);
});

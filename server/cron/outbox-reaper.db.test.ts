import { expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { CRON_SECRET, openWeb } from '#server/http/testing/index.ts';
import { UNCONFIGURED_JOBS } from './index.ts';

const db = await testDatabase();
const web = await openWeb(db, { cron: { config: { ...UNCONFIGURED_JOBS, outboxStaleness: 'soon' } } });
const call = (method: string, headers: Record<string, string> = {}) =>
  web.fetch('/api/v1/cron/outbox-reaper', { method, headers });

it.each(['GET', 'POST'])('answers %s with exactly its counts, by either form of the secret', async (method) => {
  const forms: Record<string, string>[] = [
    { authorization: `Bearer ${CRON_SECRET}` },
    { 'x-cron-secret': CRON_SECRET },
  ];
  for (const headers of forms) {
    const answer = await call(method, headers);
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({
      ...{ status: 'ok', stalenessSeconds: 300, resetCount: 0 },
      ...{ durationMs: expect.any(Number), timestamp: expect.stringMatching(/^\d{4}-.*Z$/) },
    });
  }
});

it('lets nobody in without the secret', async () => {
  expect((await call('POST')).status).toBe(401);
  expect((await call('POST', { 'x-cron-secret': `${CRON_SECRET}x` })).status).toBe(401);
});

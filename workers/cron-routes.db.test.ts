// The routes of all jobs from the outside, on a worker's process and on the web's server: what they answer to the
// letter, whom they refuse, and that fifty callers at once have the work done once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passHorizon, testDatabase } from '#db/testing/index.ts';
import { serveTestConnections, TEST_ENCRYPTION_KEY } from '#server/connections/testing/index.ts';
import { CRON_JOBS, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { parseEnvironment } from '#server/env.ts';
import { openBlobStore } from '#server/files/index.ts';
import { type GitServer, openGitServer, requireGit } from '#server/gitops/testing/index.ts';
import { makeKey, openWeb, CRON_SECRET as WEB_SECRET } from '#server/http/testing/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { openTenant } from '#server/pipelines/testing/index.ts';
import { readSiemConfig } from '#server/siem/index.ts';
import { openReceiver, type Receiver } from '#server/siem/testing/index.ts';
import type { Tenant } from '#server/tenancy/index.ts';
import { type CronAnswer, type CronWork, cronWork } from './testing/cron-work.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const CALLERS = 50;
const CRON_SECRET = 'a-cron-secret-for-this-test';
const CRON_TOKEN = 'a-cron-token-for-this-test';
const isGitThere = requireGit();
const db = await testDatabase();
const home = await mkdtemp(join(tmpdir(), 'mainspring-cron-routes-'));
const receiver: Receiver = await openReceiver('splunk');
const siemEnv = {
  ...{ SIEM_BACKEND: 'splunk', SIEM_ENDPOINT: receiver.url, SIEM_API_KEY: 'the-key' },
  ...{ SIEM_INDEX: 'audit', SIEM_SOURCETYPE: 'mainspring' },
};
const outbound = createOutboundClient({ allowCidrs: [] });
const config = {
  ...UNCONFIGURED_JOBS,
  blobs: openBlobStore(parseEnvironment({ MAINSPRING_HOME: home })),
  siem: readSiemConfig(siemEnv, outbound),
  cleanup: { ...UNCONFIGURED_JOBS.cleanup, ownerUrl: db.ownerUrl },
};
const web = await openWeb(db, { cron: { config } });
const closedWeb = await openWeb(db, { cronSecret: undefined });
// After both: each serves connections to public addresses only.
serveTestConnections({ allowCidrs: ['127.0.0.1/32'] });
let worker: WorkerProcess;
let git: GitServer | null = null;
let works: Record<string, CronWork>;
const tenants: Tenant[] = [];

beforeAll(async () => {
  for (const slug of ['acme', 'blue']) tenants.push((await openTenant(db, slug)).tenant);
  git = isGitThere ? await openGitServer() : null;
  const repository = git?.makeRepository('acme') ?? null;
  if (repository) await keepDocumentsAt(repository.url);
  works = cronWork(db, tenants as [Tenant, Tenant], { receiver, repository });
  worker = await startWorker(db, {
    ...{ name: 'routes', cronSecret: CRON_SECRET, filesDir: home },
    env: {
      ...{ CRON_MODE: 'http', MAINSPRING_HOME: home, OUTBOX_IN_WORKER: 'false', CRON_TOKEN, ...siemEnv },
      ...{ ENCRYPTION_KEY: TEST_ENCRYPTION_KEY, OUTBOUND_ALLOW_CIDRS: '127.0.0.1/32' },
    },
  });
}, 180_000);
afterAll(async () => {
  await worker?.kill();
  await git?.close();
  await receiver.close();
  outbound.close();
  await rm(home, { recursive: true, force: true });
});

/** As an admin sets it: the first tenant's documents lie in this repository. */
async function keepDocumentsAt(url: string): Promise<void> {
  const key = await makeKey(db, tenants[0]!);
  const ask = async (method: string, path: string, body: object) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const answer = await web.fetch(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
    expect(answer.ok, `${method} ${path}: ${await answer.text()}`).toBe(true);
  };
  await ask('POST', '/connections', { name: 'repo', kind: 'git', config: { url, path: 'pipelines' }, secrets: {} });
  await ask('PUT', '/gitops/source', { connection: 'repo' });
}

type Door = { base: string; secret: string };
const doors = (): Door[] => [
  { base: web.baseUrl, secret: WEB_SECRET },
  { base: worker.url, secret: CRON_SECRET },
];
const call = (base: string, path: string, init: RequestInit = {}) => fetch(`${base}/api/v1/cron/${path}`, init);
const withSecret = (secret: string) => ({ method: 'POST', headers: { 'x-cron-secret': secret } });
const formsOf = (secret: string): Record<string, string>[] => [
  { authorization: `Bearer ${secret}` },
  { 'x-cron-secret': secret },
];
const jobs = CRON_JOBS.map(({ name, path }) => [name, path] as const);
const canRun = (name: string) => name !== 'gitopsDriftCheck' || isGitThere;

it('has work of a known size for every job of the list, so that none goes unseen', () => {
  const unseen = CRON_JOBS.filter(({ name }) => works[name] === undefined).map(({ name }) => name);
  expect(unseen, 'jobs without work in workers/testing/cron-work.ts').toEqual([]);
});

describe('the routes of the jobs', () => {
  it.each(jobs)(
    'of %s answer to the letter, by GET and POST, on web and worker, in each form of the secret',
    async (name, path) => {
      if (!canRun(name)) return;
      const work = works[name]!;
      await work.prepare(2);
      for (const { base, secret } of doors())
        for (const method of ['GET', 'POST'])
          for (const headers of formsOf(secret)) {
            const answer = await call(base, path, { method, headers });
            expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
            expect([method, headers, answer.status, await answer.json()]).toEqual([method, headers, 200, work.answer]);
          }
      await work.verify(2);
    },
  );

  it.each(jobs)('of %s let nobody in without the right secret', async (_name, path) => {
    const wrong: RequestInit[] = [
      { method: 'GET' },
      withSecret(`${CRON_SECRET}x`),
      { method: 'POST', headers: { authorization: 'Bearer wrong' } },
      { method: 'POST', headers: { authorization: `Basic ${CRON_SECRET}` } },
      { method: 'GET', headers: { authorization: CRON_SECRET } },
      { method: 'GET', headers: { cookie: `x-cron-secret=${CRON_SECRET}` } },
      // The token of the old tick opens nothing here, and its header is not looked at.
      { method: 'POST', headers: { authorization: `Bearer ${CRON_TOKEN}` } },
      { method: 'POST', headers: { 'x-cron-token': CRON_TOKEN } },
      { method: 'POST', headers: { 'x-cron-token': CRON_SECRET } },
      { method: 'POST', headers: { 'x-cron-token': WEB_SECRET } },
    ];
    for (const init of wrong)
      for (const { base } of doors()) {
        const answer = await call(base, path, init);
        expect([init, answer.status]).toEqual([init, 401]);
        expect(await answer.json()).toEqual({
          ...{ code: 'UNAUTHENTICATED', errorId: expect.any(String) },
          message: 'send the cron secret as Authorization: Bearer or x-cron-secret',
        });
      }
    const inTheAddress = await call(worker.url, `${path}?secret=${CRON_SECRET}&x-cron-secret=${CRON_SECRET}`);
    expect(inTheAddress.status).toBe(401);
  });

  it.each(jobs)('of %s are closed to everybody where no secret is set', async (_name, path) => {
    for (const secret of ['', WEB_SECRET, 'undefined']) {
      const answer = await call(closedWeb.baseUrl, path, withSecret(secret));
      expect([answer.status, (await answer.json()).message]).toEqual([
        401,
        'CRON_SECRET is not set on this server: cron routes are closed',
      ]);
    }
  });

  it('take a slot from the caller, once, and refuse one that is none', async () => {
    const fire = (slot: string) =>
      call(worker.url, 'cleanup', { method: 'POST', headers: { 'x-cron-secret': CRON_SECRET, 'x-cron-slot': slot } });
    const first = await fire('2026-03-01T04:30:00Z');
    expect(await first.json()).toEqual(works.cleanup!.answer);
    expect(await (await fire('2026-03-01T04:30:00Z')).json()).toEqual({ ok: true, skipped: 'done' });
    for (const slot of ['yesterday', '2026-03-01', '2999-01-01T00:00:00Z', '1772339400'])
      expect([slot, (await fire(slot)).status]).toEqual([slot, 400]);
  });
});

describe('fifty callers at once', () => {
  it.each(jobs)('have the work of %s done once', { timeout: 180_000 }, async (name, path) => {
    if (!canRun(name)) return;
    const work = works[name]!;
    const { count = CALLERS } = work;
    // What is left of other tests is none of this one's.
    await passHorizon(db.owner);
    if (work.done) while (work.done(await answerOf(doors()[1]!, path)) > 0);
    await work.prepare(count);
    const runsBefore = await countRuns(name);
    const answers = await Promise.all(Array.from({ length: CALLERS }, (_, n) => answerOf(doors()[n % 2]!, path)));

    const isSkipped = ({ skipped }: CronAnswer) => skipped === 'running';
    const worked = answers.filter((answer) => !isSkipped(answer));
    for (const answer of worked) expect(answer).toEqual(work.answer);
    for (const answer of answers.filter(isSkipped)) expect(answer).toEqual({ ok: true, skipped: 'running' });
    if (work.done) expect(worked.reduce((sum, answer) => sum + work.done!(answer), 0)).toBe(count);
    await work.verify(count);

    const job = CRON_JOBS.find((one) => one.name === name)!;
    if (job.isLeased === false) return;
    // Whoever comes after the end runs it again and finds nothing to do; at the same time there is one.
    const runs = (await countRuns(name)) - runsBefore;
    if (job.hasExactAnswer) expect(runs).toSatisfy((n: number) => n >= 1 && n <= CALLERS);
    else expect(runs).toBe(worked.length);
    const [overlap] = await db.owner`select a.id from cron_runs a join cron_runs b on a.job = b.job and a.id < b.id
      and tstzrange(a.started_at, a.finished_at) && tstzrange(b.started_at, b.finished_at) where a.job = ${name} limit 1`;
    expect(overlap).toBeUndefined();
  });
});

async function answerOf({ base, secret }: Door, path: string): Promise<CronAnswer> {
  const answer = await call(base, path, withSecret(secret));
  const body = (await answer.json()) as CronAnswer;
  if (!answer.ok) process.stderr.write(worker.output());
  expect([path, answer.status, answer.ok ? '' : body]).toEqual([path, 200, '']);
  return body;
}
const countRuns = async (job: string) =>
  (await db.owner<{ n: number }[]>`select count(*)::int as n from cron_runs where job = ${job}`)[0]!.n;

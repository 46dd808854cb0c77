// A canary in every secret that a worker process is given or opens, work of every kind done with them, and then a look
// wherever they must not be: all that the process prints, its answers, its metrics, and every table.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { CRON_JOBS } from '#server/cron/index.ts';
import { makeKey, openWeb } from '#server/http/testing/index.ts';
import { copyTable, openWorkshop } from '#server/runs/testing/index.ts';
import { formsInBase64 } from './testing/in-base64.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const DEADLINE_MS = 60_000;
const canary = (place: string) => `cnry${place}${'0123456789abcdef'.repeat(2)}`;
const SECRETS = {
  cron: canary('cron'),
  cronToken: canary('crontoken'),
  metrics: canary('metrics'),
  encryption: canary('encryption'),
  encryptionOld: canary('encryptionold'),
  webhook: Buffer.from(canary('webhook')).toString('base64'),
  siem: canary('siem'),
  smtp: canary('smtp'),
  git: canary('git'),
  alertPath: canary('alertpath'),
  alertQuery: canary('alertquery'),
  wrong: canary('wrong'),
};

const db = await testDatabase();
const shop = await openWorkshop(db, 'canary');
const web = await openWeb(db);
const home = await mkdtemp(join(tmpdir(), 'mainspring-canary-'));
const answers: string[] = [];
/** What reached the systems outside, with the secrets that are theirs to know. */
const outside = { events: 0, audit: 0, git: 0, hooks: 0, mail: 0 };
const PLACES = { siem: 'audit', repo: 'git', hooks: 'hooks' } as const;
const REFUSALS = { events: 200, audit: 403, git: 401, hooks: 410 };
let hookUrl: string;
const receiver = createServer((request, response) => {
  const room = Object.entries(PLACES).find(([path]) => request.url?.startsWith(`/${path}`));
  const place = room?.[1] ?? 'events';
  outside[place] += 1;
  request.resume();
  // All but the events' refuse, so that each says why it does not go on.
  const { authorization = '' } = request.headers;
  response.writeHead(REFUSALS[place]).end(`no: ${authorization} ${place === 'hooks' ? request.url : ''}`);
});
/** A mail server that takes a password and refuses it, with all that it was told in its answer. */
const mail = createTcpServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.write('220 mail.example ESMTP\r\n');
  socket.on('data', (chunk: Buffer) => {
    const line = chunk.toString('utf8').trim();
    if (/^EHLO/i.test(line)) return void socket.write('250-mail.example\r\n250 AUTH PLAIN\r\n');
    if (/^AUTH PLAIN /i.test(line)) {
      outside.mail += 1;
      return void socket.write(
        `535 5.7.8 refused: ${Buffer.from(line.slice(11), 'base64').toString('utf8').replaceAll('\0', ' ')}\r\n`,
      );
    }
    socket.write(/^QUIT/i.test(line) ? '221 bye\r\n' : '250 ok\r\n');
  });
});
const listening = async (server: ReturnType<typeof createTcpServer>) => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
};
let worker: WorkerProcess;
let key: string;

beforeAll(async () => {
  const port = await listening(receiver);
  hookUrl = `http://127.0.0.1:${port}/hooks/${SECRETS.alertPath}?k=${SECRETS.alertQuery}`;
  worker = await startWorker(db, {
    ...{ name: 'canary', cronSecret: SECRETS.cron, filesDir: join(home, 'files') },
    env: {
      ...{ LOG_LEVEL: 'trace', MAINSPRING_HOME: home, CRON_MODE: 'http', CRON_TOKEN: SECRETS.cronToken },
      ...{ METRICS_TOKEN: SECRETS.metrics, OUTBOUND_ALLOW_CIDRS: '127.0.0.1', OUTBOX_POLL_INTERVAL_MS: '100' },
      ...{ ENCRYPTION_KEY: SECRETS.encryption, ENCRYPTION_KEY_OLD: SECRETS.encryptionOld },
      ...{ EVENT_PUBLISHER: 'webhook', OUTBOX_WEBHOOK_URL: `http://127.0.0.1:${port}/events` },
      OUTBOX_WEBHOOK_SECRET: `whsec_${SECRETS.webhook}`,
      ...{ SIEM_BACKEND: 'splunk', SIEM_ENDPOINT: `http://127.0.0.1:${port}/siem`, SIEM_API_KEY: SECRETS.siem },
      ...{ SIEM_INDEX: 'main', SIEM_SOURCETYPE: 'mainspring' },
      SMTP_URL: `smtp://mailer:${SECRETS.smtp}@127.0.0.1:${await listening(mail)}`,
    },
  });
  // The web seals with the key that the worker opens with.
  serveTestConnections({ keys: [SECRETS.encryption], allowCidrs: ['127.0.0.1'] });
  key = await makeKey(db, shop.tenant);
  await post('connections', {
    ...{
      name: 'repo',
      kind: 'git',
      config: { url: `http://127.0.0.1:${port}/repo.git` },
      secrets: { token: SECRETS.git },
    },
  });
  await post('gitops/source', { connection: 'repo' }, 'PUT');
}, 120_000);
afterAll(async () => {
  await worker?.kill();
  for (const server of [receiver, mail]) await new Promise((done) => server.close(done));
  await rm(home, { recursive: true, force: true });
});

/** Asks the API in this process as the tenant's key. */
async function post(path: string, body: object, method = 'POST'): Promise<Record<string, unknown>> {
  const response = await web.fetch(`/api/v1/${path}`, {
    ...{ method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  expect([path, response.ok, text]).toEqual([path, true, expect.anything()]);
  answers.push(text);
  return JSON.parse(text) as Record<string, unknown>;
}
/** Asks the worker, and keeps all that comes back. */
async function askWorker(path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  const response = await fetch(new URL(path, worker.url), { method, headers });
  answers.push(`${JSON.stringify([...response.headers])} ${await response.text()}`);
  return response.status;
}
const statusOf = async (runId: string) =>
  (await db.owner<{ status: string }[]>`select status from runs where id = ${runId}`)[0]?.status;

describe('a worker with secrets', () => {
  it('runs pipelines, well and badly, and publishes their events', async () => {
    await shop.sql('create table a (n int); insert into a values (1); create table b (n int)');
    const id = await shop.pipeline('copy', { nodes: copyTable('a', 'b') });
    const good = await shop.start(id);
    await expect.poll(() => statusOf(good), { timeout: DEADLINE_MS }).toBe('succeeded');
    await shop.sql('drop table b; create table b (n int check (n > 1))');
    const bad = await shop.start(id);
    await expect.poll(() => statusOf(bad), { timeout: DEADLINE_MS }).toBe('failed');
    const said = { offerId: 'o', channel: 'web', interactionType: 'impression' };
    await post('respond', { customerId: 'c', ...said });
    await expect.poll(() => outside.events, { timeout: DEADLINE_MS }).toBeGreaterThanOrEqual(1);
    for (const run of [good, bad]) {
      const answer = await web.fetch(`/api/v1/runs/${run}`, { headers: { authorization: `Bearer ${key}` } });
      answers.push(await answer.text());
    }
  }, 180_000);

  it('does every cron job, those that open a connection and are refused by it among them', async () => {
    for (const { path } of CRON_JOBS) {
      await askWorker(`/api/v1/cron/${path}`, { 'x-cron-secret': SECRETS.cron }, 'POST');
      expect(await askWorker(`/api/v1/cron/${path}`, { authorization: `Bearer ${SECRETS.wrong}` })).toBe(401);
    }
    expect(outside.audit).toBeGreaterThanOrEqual(1);
    // The connection of the tenant was opened here: its token went to the repository, and nowhere else.
    expect(outside.git).toBeGreaterThanOrEqual(1);
  }, 180_000);

  it('mails and posts an alert and a report, which mail server and webhook refuse with what they know in their answers', async () => {
    const rule = { name: 'runs fail', metric: 'failed_runs', operator: '>', threshold: 0, windowMinutes: 60 };
    const hook = { kind: 'webhook', url: hookUrl };
    const channels = [{ kind: 'email', to: ['ops@example.org'] }, { kind: 'log' }, hook];
    const { id } = await post('alerts/rules', { ...rule, channels });
    const listed = await web.fetch('/api/v1/alerts/rules', { headers: { authorization: `Bearer ${key}` } });
    const text = await listed.text();
    answers.push(text);
    const { items } = JSON.parse(text) as { items: { channels: object[] }[] };
    // As a form sends it back.
    await post(`alerts/rules/${id}`, { ...rule, channels: items[0]!.channels }, 'PUT');
    const schedule = { name: 'told', template: 'sla', cron: '0 4 1 1 *', timezone: 'UTC', channels: [hook] };
    await post(`reports/schedules/${(await post('reports/schedules', schedule)).id}/run`, {});
    await expect
      .poll(
        async () => {
          await askWorker('/api/cron/tick', { 'x-cron-token': SECRETS.cronToken }, 'POST');
          return Math.min(outside.mail, outside.hooks - 1);
        },
        { timeout: DEADLINE_MS, interval: 500 },
      )
      .toBeGreaterThanOrEqual(1);
    const failures = () => db.owner`select last_error from alert_deliveries where last_error is not null`;
    await expect.poll(async () => (await failures()).length, { timeout: DEADLINE_MS }).toBeGreaterThanOrEqual(3);
  }, 180_000);

  it('shows its metrics and log levels to who has the token, and is asked wrongly', async () => {
    for (const path of ['/metrics', '/log-level']) {
      expect(await askWorker(path, { authorization: `Bearer ${SECRETS.metrics}` })).toBe(200);
      expect(await askWorker(path, { authorization: `Bearer ${SECRETS.wrong}` })).toBe(401);
    }
    expect(await askWorker(`/nowhere?token=${SECRETS.wrong}`, {})).toBe(404);
  });

  it('loses its connections to the database and says so', async () => {
    const before = worker.output().length;
    await db.owner`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'mainspring%' and pid <> pg_backend_pid()`;
    await expect.poll(() => worker.output().length, { timeout: DEADLINE_MS }).toBeGreaterThan(before);
    await expect.poll(() => askWorker('/readyz', {}), { timeout: DEADLINE_MS }).toBe(200);
  }, 180_000);
});

describe('afterwards', () => {
  const expectClean = (where: string, text: string) => {
    // As it is, and as a header or a login would carry it.
    for (const [place, secret] of Object.entries(SECRETS))
      for (const form of [secret, ...formsInBase64(secret)])
        expect([where, place, form, text.includes(form)]).toEqual([where, place, form, false]);
  };

  it('nothing that the worker printed holds one', async () => {
    expect(await worker.stop()).toBe(0);
    const printed = worker.output();
    expect(printed.split('\n').length).toBeGreaterThan(20);
    // It did write what it was refused: a silent worker would prove nothing.
    expect(printed).toContain('could not be delivered');
    expectClean('log', printed);
    expectClean('passwords', printed.replaceAll(db.passwords.worker, SECRETS.cron));
  });

  it('no answer of the worker or the API held one', () => {
    expect(answers.length).toBeGreaterThan(20);
    expectClean('answers', answers.join('\n'));
  });

  it('no table holds one in the clear: not a run, not a delivery, not the audit log', async () => {
    const tables = await db.owner<{ name: string }[]>`
      select c.relname as name from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        and not c.relispartition`;
    expect(tables.length).toBeGreaterThan(20);
    for (const { name } of tables) {
      const [row] = await db.owner.unsafe(`select coalesce(string_agg(t::text, ' '), '') as text from "${name}" t`);
      expectClean(name, String(row!.text));
    }
  });

  it('no file in its home holds one', async () => {
    const entries = await readdir(home, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((one) => one.isFile()))
      expectClean(entry.name, await readFile(join(entry.parentPath, entry.name), 'utf8'));
  });
});

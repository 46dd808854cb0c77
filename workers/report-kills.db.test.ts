// Reports made and mailed by real worker processes that are killed at every step between making and the mark, and by
// workers that are at it at once. The oracles are what is kept, and the mail server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { openInboxes } from '#server/alerts/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const CRON_SECRET = 'a-cron-secret-for-this-test';
const db = await testDatabase();
const home = await mkdtemp(join(tmpdir(), 'mainspring-report-kills-'));
const inboxes = await openInboxes();
const running: WorkerProcess[] = [];
let tenantId: string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
});
beforeEach(() => db.owner`truncate reports, report_schedules, retention_purges cascade`);
afterAll(async () => {
  await Promise.all(running.map((worker) => worker.kill()));
  await rm(home, { recursive: true, force: true });
});

async function start(name: string, env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await startWorker(db, {
    ...{ name, cronSecret: CRON_SECRET, filesDir: home },
    env: {
      ...{ CRON_MODE: 'http', MAINSPRING_HOME: home, OUTBOX_IN_WORKER: 'false', SMTP_URL: inboxes.smtpUrl },
      ...env,
    },
  });
  running.push(worker);
  return worker;
}
const tick = (worker: WorkerProcess) =>
  fetch(`${worker.url}/api/cron/tick`, { method: 'POST', headers: { 'x-cron-token': CRON_SECRET } });
const eventually = (look: () => void | Promise<void>) => vi.waitFor(look, { timeout: 120_000, interval: 100 });
/** The workers' loop of reports looks now, or leaves it to calls from outside. */
const turnReports = (when: 'now' | 'tomorrow') =>
  db.owner`update alert_loop set reports_next_at = now() + ${when === 'now' ? '0' : '1 day'}::interval`;

/** Once a year, so that each has one slot that is due and no other meanwhile. */
const addSchedules = (count: number) =>
  db.owner`insert into report_schedules (tenant_id, name, template, cron, timezone, channels, next_at, covered_to, created_by)
    select ${tenantId}, 'yearly ' || n, 'retention_receipt', '0 0 1 1 *', 'UTC',
      '[{"kind": "email", "to": ["ops@example.org"]}]', date_trunc('year', now()),
      date_trunc('year', now()) - interval '1 year', 'test' from generate_series(1, ${count}::int) n`;
/** One more that belongs into the report, should it be made again. */
const addPurge = (hash: string) => db.owner`insert into retention_purges (tenant_id, mode, retention_days, plan,
    interaction_history, finished_at, hash)
  values (${tenantId}, 'strictest', 30, '{}', 1, date_trunc('year', now()) - interval '1 day', ${hash})`;

type Kept = { id: string; scheduleId: string; dueAt: Date; from: Date; csv: string };
const kept = () => db.owner<Kept[]>`select id, schedule_id as "scheduleId", due_at as "dueAt", period_from as from, csv
  from reports order by id`;
const slots = () => db.owner<{ dueAt: Date; from: Date }[]>`
  select date_trunc('year', now()) as "dueAt", date_trunc('year', now()) - interval '1 year' as from`;
const pending = () => db.owner`select from alert_deliveries where status <> 'sent'`;

/** Of each mail: which delivery it is of, which report it names, and the spreadsheet that it brings. */
const mails = () =>
  inboxes.mails().map(({ text }) => ({
    delivery: /^Message-ID: <(.*)@/im.exec(text)?.[1],
    reportId: /^Report: (\S+)\s*$/m.exec(text)?.[1],
    csv: Buffer.from(
      /filename=retention_receipt-[\s\S]*?\r\n\r\n([\w+/=\r\n]+?)\r\n--/.exec(text)?.[1] ?? '',
      'base64',
    ).toString('utf8'),
  }));

const CASES: [point: string, by: 'its loop' | 'a call', keptByThen: number, toldByThen: number, toldInAll: number][] = [
  ['reports.made', 'its loop', 0, 0, 1],
  ['reports.made', 'a call', 0, 0, 1],
  ['reports.kept', 'its loop', 1, 0, 1],
  ['reports.kept', 'a call', 1, 0, 1],
  ['alerts.claimed', 'a call', 1, 0, 1],
  // The mail server has taken it, and nobody has noted it: the one place where at least once is more than once.
  ['alerts.sent', 'a call', 1, 1, 2],
  ['alerts.marked', 'a call', 1, 1, 1],
];

it.each(CASES)(
  'a report whose worker is killed at %s of %s is kept once and mailed: never lost, and doubled only between the answer and its mark',
  { timeout: 600_000 },
  async (point, by, keptByThen, toldByThen, toldInAll) => {
    await addSchedules(1);
    await addPurge('before-the-kill');
    await turnReports(by === 'a call' ? 'tomorrow' : 'now');
    const victim = await start(`killed ${point} ${by}`, { FAIL_POINT: point });
    // Its connection breaks off: the process has killed itself.
    if (by === 'a call') await expect(tick(victim)).rejects.toThrow();
    else await eventually(() => expect(fetch(`${victim.url}/livez`)).rejects.toThrow());
    await victim.kill();
    const byThen = await kept();
    expect(byThen).toHaveLength(keptByThen);
    expect(mails()).toHaveLength(toldByThen);

    // What a report that is made again would tell of.
    await addPurge('after-the-kill');
    // The time of the dead one's claim passes.
    await db.owner`update alert_deliveries set next_attempt_at = now() where status = 'pending'`;
    await turnReports('tomorrow');
    const next = await start(`next ${point} ${by}`);
    // The server may take a moment to see that the dead one's transaction is over.
    await eventually(async () => {
      expect((await tick(next)).status).toBe(200);
      expect(await kept()).toHaveLength(1);
      expect(await pending()).toHaveLength(0);
    });
    const [report] = await kept();
    if (byThen.length > 0) expect(report).toEqual(byThen[0]);
    expect(report).toMatchObject((await slots())[0]!);
    expect(report?.csv.includes('after-the-kill')).toBe(keptByThen === 0);
    expect(mails()).toHaveLength(toldInAll);
    for (const mail of mails()) expect(mail).toMatchObject({ reportId: report?.id, csv: report?.csv });
    // A copy is known by its id.
    expect(new Set(mails().map(({ delivery }) => delivery)).size).toBe(1);

    expect(await (await tick(next)).json()).toMatchObject({ ok: true, reports: 0, delivered: 0, errors: 0 });
    expect(await kept()).toHaveLength(1);
    await next.kill();
  },
);

it('loops of two workers and calls to both, all at once, keep and mail each slot’s report once', {
  timeout: 600_000,
}, async () => {
  const COUNT = 8;
  await addSchedules(COUNT);
  await addPurge('a-purge');
  // Reports wait for the table that they tell of, until all are at it.
  const [locked, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const locking = db.owner.begin(async (tx) => {
    await tx`lock table retention_purges in access exclusive mode`;
    locked.resolve();
    await release.promise;
  });
  await locked.promise;
  const waiting = async () =>
    (
      await db.owner`select from pg_locks l join pg_stat_activity a using (pid) where not l.granted
        and l.relation = 'retention_purges'::regclass and a.query like '%finished_at >=%'`
    ).length;
  const workers = await Promise.all(['one', 'two'].map((name) => start(name)));
  await turnReports('now');
  await eventually(async () => expect(await waiting()).toBe(1));
  // A pass that outlasts its minute is joined by the other worker's, and by calls.
  await turnReports('now');
  const calls = [...workers, ...workers].map(tick);
  await eventually(async () => expect(await waiting()).toBeGreaterThan(4));
  release.resolve();
  await locking;
  for (const answer of await Promise.all(calls)) expect(answer.status).toBe(200);
  await eventually(async () => {
    expect(await kept()).toHaveLength(COUNT);
    expect(await db.owner`select from alert_deliveries where status = 'sent'`).toHaveLength(COUNT);
  });
  // Whoever comes after them finds nothing to do.
  for (const worker of workers) expect(await (await tick(worker)).json()).toMatchObject({ reports: 0, delivered: 0 });
  const all = await kept();
  expect(all).toHaveLength(COUNT);
  expect(new Set(all.map(({ scheduleId }) => scheduleId)).size).toBe(COUNT);
  expect(
    mails()
      .map(({ reportId }) => reportId)
      .sort(),
  ).toEqual(all.map(({ id }) => id).sort());
  expect(await db.owner`select from alert_deliveries where attempts <> 1`).toEqual([]);
  expect(await db.owner`select from report_schedules where last_error is not null`).toEqual([]);
});

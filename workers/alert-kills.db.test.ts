// Alerts told by real worker processes that are killed at every step between the evaluation and the mark. The oracle is
// with the receivers: a webhook and a mail server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { openInboxes } from '#server/alerts/testing/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { startWorker, type WorkerProcess } from './testing/worker-process.ts';

const CRON_SECRET = 'a-cron-secret-for-this-test';
const db = await testDatabase();
const home = await mkdtemp(join(tmpdir(), 'mainspring-alert-kills-'));
const inboxes = await openInboxes();
const running: WorkerProcess[] = [];
let tenantId: string;

beforeAll(async () => {
  tenantId = (await createTenant(db.owner, { slug: 'acme', name: 'Acme' })).id;
  // The workers' own loop evaluates nothing: the test says when.
  await db.owner`update alert_loop set next_at = now() + interval '1 day'`;
});
afterAll(async () => {
  await Promise.all(running.map((worker) => worker.kill()));
  await rm(home, { recursive: true, force: true });
});

async function start(name: string, env: Record<string, string> = {}): Promise<WorkerProcess> {
  const worker = await startWorker(db, {
    ...{ name, cronSecret: CRON_SECRET, filesDir: home },
    env: {
      ...{ CRON_MODE: 'http', MAINSPRING_HOME: home, OUTBOX_IN_WORKER: 'false', SMTP_URL: inboxes.smtpUrl },
      ...{ OUTBOUND_ALLOW_CIDRS: '127.0.0.0/8', ...env },
    },
  });
  running.push(worker);
  return worker;
}
const tick = (worker: WorkerProcess) =>
  fetch(`${worker.url}/api/cron/tick`, { method: 'POST', headers: { 'x-cron-token': CRON_SECRET } });
const failRun = () =>
  db.owner`insert into runs (tenant_id, pipeline_id, version, status, trigger, finished_at)
    values (${tenantId}, ms_uuid(), 1, 'failed', 'manual', now())`;

type Kind = 'webhook' | 'email';
/** What a receiver was told, by the delivery's id. */
function told(kind: Kind, what: 'firing' | 'resolved'): string[] {
  if (kind === 'webhook')
    return inboxes
      .posted()
      .filter(({ body }) => body.type === `alert.${what}`)
      .map(({ id }) => String(id));
  return inboxes
    .mails()
    .filter(({ text }) => /^Subject: .*resolved: /m.test(text) === (what === 'resolved'))
    .map(({ text }) => /^Message-ID: <(.*)@/im.exec(text)?.[1] ?? 'none');
}
const counts = (kind: Kind) => [told(kind, 'firing').length, told(kind, 'resolved').length];
const eventually = (look: () => void | Promise<void>) => vi.waitFor(look, { timeout: 120_000, interval: 50 });

const CASES: [point: string, kind: Kind, byThen: number, inAll: number][] = [
  ['recorded', 'webhook', 0, 1],
  ['evaluated', 'email', 0, 1],
  ['claimed', 'webhook', 0, 1],
  // The receiver has answered, and nobody has noted it: the one place where at least once is more than once.
  ['sent', 'webhook', 1, 2],
  ['sent', 'email', 1, 2],
  ['marked', 'email', 1, 1],
];

it.each(CASES)(
  'an alert whose worker is killed when it is %s is told by %s: never lost, and doubled only between the answer and its mark',
  {
    timeout: 600_000,
  },
  async (point, kind, byThen, inAll) => {
    await db.owner`truncate alert_rules, alert_events cascade`;
    await db.owner`delete from runs`;
    const channel = kind === 'webhook' ? { kind, url: inboxes.hookUrl } : { kind, to: ['ops@example.org'] };
    await db.owner`insert into alert_rules (tenant_id, name, metric, operator, threshold, window_minutes, cooldown_minutes,
      channels, created_by)
    values (${tenantId}, 'runs fail', 'failed_runs', '>', 0, 60, 60, ${JSON.stringify([channel])}::text::jsonb, 'test')`;
    const victim = await start(`killed-${point}-${kind}`, { FAIL_POINT: `alerts.${point}` });
    await failRun();
    // Its connection breaks off: the process has killed itself.
    await expect(tick(victim)).rejects.toThrow();
    await victim.kill();
    expect(counts(kind)).toEqual([byThen, 0]);

    // The time of the dead one's claim passes.
    await db.owner`update alert_deliveries set next_attempt_at = now() where status = 'pending'`;
    const next = await start(`next-${point}-${kind}`);
    expect((await tick(next)).status).toBe(200);
    await eventually(() => expect(counts(kind)).toEqual([inAll, 0]));
    // A copy is known by its id.
    expect(new Set(told(kind, 'firing')).size).toBe(1);
    await eventually(async () =>
      expect(await db.owner`select from alert_deliveries where status = 'pending'`).toHaveLength(0),
    );

    await db.owner`delete from runs`;
    await tick(next);
    await eventually(() => expect(counts(kind)).toEqual([inAll, 1]));
    // Within its cool-down a second firing, and its end, are kept and told to nobody.
    await failRun();
    await tick(next);
    await db.owner`delete from runs`;
    await tick(next);
    expect(await db.owner`select kind, silenced_by from alert_events order by id`).toEqual([
      { kind: 'firing', silenced_by: null },
      { kind: 'resolved', silenced_by: null },
      { kind: 'firing', silenced_by: 'cooldown' },
      { kind: 'resolved', silenced_by: 'cooldown' },
    ]);
    expect(counts(kind)).toEqual([inAll, 1]);
    await next.kill();
  },
);

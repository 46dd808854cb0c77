import { parse } from 'csv-parse/sync';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createChannels, deliverAlerts } from '#server/alerts/index.ts';
import { openInboxes } from '#server/alerts/testing/index.ts';
import { serveTestConnections } from '#server/connections/testing/index.ts';
import { CRON_SECRET, makeKey, openWeb } from '#server/http/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { makeDueReports } from './index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const outbound = createOutboundClient({ allowCidrs: ['127.0.0.0/8'] });
let web: Awaited<ReturnType<typeof openWeb>>;
let tenant: Awaited<ReturnType<typeof createTenant>>;
let key: string;
const { hookUrl, smtpUrl, posted, mails } = await openInboxes();

beforeAll(async () => {
  tenant = await createTenant(db.owner, { slug: 'acme', name: 'Acme & Sons' });
  key = await makeKey(db, tenant);
  web = await openWeb(db, { alertChannels: openChannels() });
  serveTestConnections({ allowCidrs: ['127.0.0.1'] });
});
beforeEach(async () => {
  await db.owner`delete from report_schedules`;
  await db.owner`delete from reports`;
  await db.owner`delete from runs`;
  await db.owner`delete from occurrences`;
  await db.owner`update tenants set status = 'active'`;
});

const openChannels = () => createChannels({ log, outbound, smtpUrl, mailFrom: 'mainspring@example.org' });
const makeDue = () => makeDueReports({ pool: db.worker, log });
async function deliver() {
  const channels = openChannels();
  const delivered = await deliverAlerts({ pool: db.worker, log, channels });
  channels.close();
  return delivered;
}
/** What the answers of these routes have between them. */
interface Body {
  id: string;
  items: Body[];
  reportId: string;
  periodFrom: string;
  periodTo: string;
  lastError: string | null;
  figures: { label: string; value: number | null; unit: string }[];
  csv: string;
  html: string;
  code: string;
  message: string;
}
async function call(method: string, path: string, body?: unknown) {
  const answer = await web.fetch(`/api/v1/reports${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
}
const hourly = (more: object = {}) => ({
  ...{ name: 'every hour', template: 'fleet_summary', cron: '0 * * * *', timezone: 'UTC', channels: [{ kind: 'log' }] },
  ...more,
});
async function makeSchedule(more: object = {}): Promise<string> {
  const { status, body } = await call('POST', '/schedules', hourly(more));
  expect(status, JSON.stringify(body)).toBe(201);
  return body.id;
}
/** As if it had been made so many hours before the present one and nobody had looked since. */
const letHoursPass = (id: string, hours: number) => db.owner`update report_schedules
  set next_at = date_trunc('hour', now()) - make_interval(hours => ${hours - 1}),
    covered_to = date_trunc('hour', now()) - make_interval(hours => ${hours}) where id = ${id}`;
const reports = async (id: string) => (await call('GET', `?scheduleId=${id}`)).body.items;
/** A run that ended so many minutes before the present hour began. */
const addRun = (pipelineId: string, status: 'succeeded' | 'failed', minutesBefore: number, rowsOut = 0) => db.owner`
  insert into runs (tenant_id, id, pipeline_id, version, status, trigger, started_at, finished_at, rows_out, error)
  select ${tenant.id}, ms_uuid_at(at - interval '5 seconds'), ${pipelineId}, 1, ${status}, 'manual', at - interval '4 seconds', at, ${rowsOut},
    case when ${status} = 'failed' then '{"code":"SOURCE_GONE"}'::jsonb end
  from (select date_trunc('hour', now()) - make_interval(mins => ${minutesBefore}) as at) a`;
async function makePipeline(name: string): Promise<string> {
  const [row] = await db.owner<{ id: string }[]>`
    insert into pipelines (tenant_id, name) values (${tenant.id}, ${name})
    on conflict (tenant_id, name) do update set name = excluded.name returning id`;
  return row!.id;
}

describe('a report schedule', () => {
  it('makes its report once however many come, and sends it as a mail, to a webhook and to the log', async () => {
    const id = await makeSchedule({
      channels: [{ kind: 'log' }, { kind: 'webhook', url: hookUrl }, { kind: 'email', to: ['ops@example.org'] }],
    });
    await letHoursPass(id, 1);
    const made = await Promise.all(Array.from({ length: 6 }, makeDue));
    expect(made.reduce((sum, one) => sum + one.made, 0)).toBe(1);
    expect(await makeDue()).toEqual({ made: 0, failed: 0 });
    expect(await deliver()).toMatchObject({ sent: 3, retried: 0, failed: 0 });
    expect(await reports(id)).toHaveLength(1);
    expect(posted()).toHaveLength(1);
    expect(posted()[0]?.body).toMatchObject({
      type: 'report.made',
      kind: 'report',
      scheduleId: id,
      template: 'fleet_summary',
    });
    expect(mails()).toHaveLength(1);
    expect(mails()[0]?.text).toContain('Subject: [acme] Fleet summary: every hour');
    expect(mails()[0]?.text).toContain('Content-Type: text/html');
    expect(mails()[0]?.text).toMatch(/filename=fleet_summary-\d{4}-\d\d-\d\d\.csv/);
  });

  it('covers in one report all that an outage missed, and then goes on where it ended', async () => {
    const id = await makeSchedule();
    await letHoursPass(id, 5);
    await makeDue();
    const [row] = await db.owner`select next_at > now() as "isAhead",
        covered_to = date_trunc('hour', now()) as "isCovered" from report_schedules where id = ${id}`;
    expect(row).toEqual({ isAhead: true, isCovered: true });
    const report = (await reports(id))[0]!;
    expect(Date.parse(report.periodTo) - Date.parse(report.periodFrom)).toBe(5 * 3_600_000);
    expect(await makeDue()).toEqual({ made: 0, failed: 0 });
    // As if an hour had passed: everything lies an hour further back, and the next instant is the present hour.
    const hour = db.owner`interval '1 hour'`;
    await db.owner`update reports set due_at = due_at - ${hour}, period_from = period_from - ${hour},
      period_to = period_to - ${hour}`;
    await db.owner`update report_schedules set next_at = next_at - ${hour}, covered_to = covered_to - ${hour}`;
    expect(await makeDue()).toEqual({ made: 1, failed: 0 });
    const [second, first] = (await reports(id)) as [Body, Body];
    expect(second.periodFrom).toBe(first.periodTo);
    expect(Date.parse(second.periodTo) - Date.parse(second.periodFrom)).toBe(3_600_000);
  });

  it('that cannot be made says so and keeps no other from being made', async () => {
    const broken = await makeSchedule({ name: 'broken' });
    const good = await makeSchedule({ name: 'good' });
    await letHoursPass(broken, 2);
    await letHoursPass(good, 1);
    await db.owner`update report_schedules set timezone = 'Europe/Atlantis' where id = ${broken}`;
    expect(await makeDue()).toEqual({ made: 1, failed: 1 });
    expect(await reports(good)).toHaveLength(1);
    const { body } = await call('GET', '/schedules');
    expect(body.items.find((item) => item.id === broken)?.lastError).toMatch(/could not be made/);
    expect(await makeDue(), 'not before its time').toEqual({ made: 0, failed: 0 });
    await db.owner`update report_schedules set timezone = 'Europe/Berlin', next_at = now() where id = ${broken}`;
    expect(await makeDue()).toEqual({ made: 1, failed: 0 });
    expect(await reports(broken)).toHaveLength(1);
  });

  it('makes nothing while it is off or its tenant is suspended', async () => {
    const off = await makeSchedule({ name: 'off', enabled: false });
    const on = await makeSchedule({ name: 'on' });
    for (const id of [off, on]) await letHoursPass(id, 1);
    await db.owner`update tenants set status = 'suspended'`;
    expect(await makeDue()).toEqual({ made: 0, failed: 0 });
    await db.owner`update tenants set status = 'active'`;
    expect(await makeDue()).toEqual({ made: 1, failed: 0 });
    expect(await reports(off)).toEqual([]);
  });

  it('is left to the next pass where this one has no time for it', async () => {
    const id = await makeSchedule();
    await letHoursPass(id, 1);
    expect(await makeDueReports({ pool: db.worker, log, beginWithinMs: 0 })).toEqual({ made: 0, failed: 0 });
    expect(await reports(id)).toEqual([]);
    expect(await makeDueReports({ pool: db.worker, log, beginWithinMs: 600_000 })).toEqual({ made: 1, failed: 0 });
  });

  it('keeps its hundred newest reports', async () => {
    const id = await makeSchedule();
    await db.owner`insert into reports (tenant_id, schedule_id, schedule_name, template, period_from, period_to, timezone,
        title, figures, html, csv, made_by)
      select ${tenant.id}, ${id}, 'old', 'sla', now(), now(), 'UTC', 'old', '[]', '', '', 'test'
      from generate_series(1, 120)`;
    await letHoursPass(id, 1);
    await makeDue();
    const [counts] = await db.owner`select count(*)::int as kept,
      count(*) filter (where schedule_name = 'every hour')::int as newest from reports where schedule_id = ${id}`;
    expect(counts).toEqual({ kept: 100, newest: 1 });
  });

  it('keeps an older one that is still to be sent', async () => {
    const id = await makeSchedule();
    const addOld = (
      title: string,
      count: number,
    ) => db.owner`insert into reports (tenant_id, schedule_id, schedule_name,
        template, period_from, period_to, timezone, title, figures, html, csv, made_by)
      select ${tenant.id}, ${id}, 'old', 'sla', now(), now(), 'UTC', ${title}, '[]', '', '', 'test'
      from generate_series(1, ${count}::int)`;
    await addOld('unsent', 1);
    await db.owner`insert into alert_deliveries (tenant_id, report_id, channel)
      select tenant_id, id, '{"kind": "log"}' from reports where title = 'unsent'`;
    await addOld('sent', 120);
    const unsent = () => db.owner`select from reports where title = 'unsent'`;
    await letHoursPass(id, 1);
    await makeDue();
    expect(await unsent()).toHaveLength(1);
    await deliver();
    await call('POST', `/schedules/${id}/run`);
    expect(await unsent()).toHaveLength(0);
  });

  it('is made by the legacy tick too', async () => {
    const id = await makeSchedule();
    await letHoursPass(id, 1);
    const answer = await web.fetch('/api/cron/tick', { method: 'POST', headers: { 'x-cron-secret': CRON_SECRET } });
    expect(await answer.json()).toMatchObject({ ok: true, reports: 1, errors: 0, delivered: 1 });
    expect(await reports(id)).toHaveLength(1);
  });

  it('is refused with a rule that never fires, a taken name or no destination, and says why', async () => {
    const never = await call('POST', '/schedules', hourly({ cron: '0 0 31 2 *' }));
    expect(never).toMatchObject({ status: 400, body: { code: 'INPUT_INVALID' } });
    expect(never.body.message).toMatch(/^cron: .*0 0 31 2/);
    const zone = await call('POST', '/schedules', hourly({ timezone: 'Europe/Atlantis' }));
    expect(zone.body.message).toContain('Europe/Atlantis');
    const inner = hourly({ channels: [{ kind: 'webhook', url: 'http://10.0.0.1/reports' }] });
    expect((await call('POST', '/schedules', inner)).body.code).toBe('ADDRESS_REFUSED');
    await makeSchedule();
    expect((await call('POST', '/schedules', hourly())).body.code).toBe('REPORT_NAME_TAKEN');
    expect((await call('POST', '/schedules', hourly({ name: 'nobody', channels: [] }))).status).toBe(400);
  });

  it('goes on as it was after a change of its name, and begins anew with another rule', async () => {
    const id = await makeSchedule();
    await letHoursPass(id, 3);
    await call('PUT', `/schedules/${id}`, hourly({ name: 'renamed' }));
    const next = async () =>
      (await db.owner`select next_at < now() as due from report_schedules where id = ${id}`)[0]!.due;
    expect(await next()).toBe(true);
    await call('PUT', `/schedules/${id}`, hourly({ name: 'renamed', cron: '30 * * * *' }));
    expect(await next()).toBe(false);
  });
});

describe('what a report says', () => {
  it('of the fleet: the runs that ended in the stretch, and no other', async () => {
    const [orders, rates] = [await makePipeline('orders'), await makePipeline('=rates')];
    await addRun(orders, 'succeeded', 30, 100);
    await addRun(orders, 'succeeded', 45, 20);
    await addRun(rates, 'failed', 10);
    await addRun(rates, 'succeeded', 0, 7_000);
    await addRun(orders, 'failed', 61);
    const id = await makeSchedule();
    await letHoursPass(id, 1);
    await makeDue();
    const item = (await reports(id))[0]!;
    const { body } = await call('GET', `/${item.id}`);
    const figure = (label: string) => body.figures.find((one) => one.label === label)?.value;
    expect([figure('Runs succeeded'), figure('Runs failed'), figure('Success rate'), figure('Rows written')]).toEqual([
      ...[2, 1, 66.67, 120],
    ]);
    expect(parse(body.csv).slice(1)).toEqual([
      ["'=rates", '0', '1', '0', '0', '0', '', 'SOURCE_GONE'],
      ['orders', '2', '0', '0', '120', '0', '4', ''],
    ]);
    expect(body.html).toContain('Acme &amp; Sons');
    expect(body.html).toContain('=rates');
  });

  it('of schedules: how many due instants were kept, late or missed', async () => {
    const orders = await makePipeline('orders');
    const [schedule] = await db.owner<{ id: string }[]>`select ms_uuid() as id`;
    const verdicts = ['fired', 'fired', 'fired', 'late', 'missed_window', 'skipped_paused'];
    for (const [index, verdict] of verdicts.entries())
      await db.owner`insert into occurrences (schedule_id, due_at, tenant_id, pipeline_id, verdict)
        values (${schedule!.id}, date_trunc('hour', now()) - make_interval(mins => ${index + 1}), ${tenant.id},
          ${orders}, ${verdict})`;
    const id = await makeSchedule({ template: 'sla' });
    await letHoursPass(id, 1);
    await makeDue();
    const item = (await reports(id))[0]!;
    expect(item.figures.map(({ value }) => value)).toEqual([60, 3, 1, 1, 1, 0, null]);
  });

  it('of retention: each purge with its receipt’s hash', async () => {
    await db.owner`insert into retention_purges (tenant_id, mode, retention_days, plan, interaction_history, finished_at, hash)
      values (${tenant.id}, 'strictest', 30, '{}', 41, date_trunc('hour', now()) - interval '5 minutes', 'abc123')`;
    const id = await makeSchedule({ template: 'retention_receipt' });
    await letHoursPass(id, 1);
    await makeDue();
    const { body } = await call('GET', `/${(await reports(id))[0]!.id}`);
    expect(body.csv).toContain('abc123');
    expect(body.figures).toContainEqual({ label: 'Interactions deleted', value: 41, unit: '' });
  });

  it('to somebody who asks now: the last stretch up to now, and the schedule stays as it was', async () => {
    const id = await makeSchedule({ channels: [{ kind: 'webhook', url: hookUrl }] });
    const before = await db.owner`select next_at, covered_to from report_schedules where id = ${id}`;
    const { status, body } = await call('POST', `/schedules/${id}/run`);
    expect(status).toBe(200);
    const report = (await call('GET', `/${body.reportId}`)).body;
    expect(report).toMatchObject({ dueAt: null, scheduleId: id });
    expect(Date.parse(report.periodTo) - Date.parse(report.periodFrom)).toBe(3_600_000);
    expect(await db.owner`select next_at, covered_to from report_schedules where id = ${id}`).toEqual(before);
    expect(await deliver()).toMatchObject({ sent: 1 });
    expect(posted()[0]?.body).toMatchObject({ reportId: body.reportId });
  });
});

// What the cleanup deletes of alerts, reports and approvals: all of it by CLEANUP_RUN_DAYS.
import { beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { createTenant } from '#server/tenancy/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '../index.ts';

const db = await testDatabase();
const log = createLogger({ level: 'silent', tier: 'test' });
const tenants = [
  await createTenant(db.owner, { slug: 'acme', name: 'Acme' }),
  await createTenant(db.owner, { slug: 'blue', name: 'Blue' }),
];

const cleanUp = (runDays = 90) => {
  const config = { ...UNCONFIGURED_JOBS, cleanup: { ...UNCONFIGURED_JOBS.cleanup, runDays } };
  return runJob({ pool: db.worker, log, processId: 'test', config }, 'cleanup', { trigger: 'http' });
};
const idOf = (days: number) =>
  db.owner`overlay(ms_uuid_at(now() - make_interval(days => ${days}))::text placing right(gen_random_uuid()::text, 12) from 25)::uuid`;
const ago = (days: number) => db.owner`now() - make_interval(days => ${days})`;
const names = async (table: string, column: string) =>
  (await db.owner<{ name: string }[]>`select ${db.owner(column)} as name from ${db.owner(table)} order by 1`).map(
    ({ name }) => name,
  );

beforeEach(() => db.owner`truncate alert_events, reports, report_schedules, approval_requests, audit_log cascade`);

describe('what alert rules said', () => {
  const putEvent = (name: string, days: number, { id: tenantId } = tenants[0]!) => db.owner`
    with event as (insert into alert_events (tenant_id, id, rule_id, rule_name, metric, kind, operator, threshold, at)
      values (${tenantId}, ${idOf(days)}, gen_random_uuid(), ${name}, 'failed_runs', 'firing', '>', 0, ${ago(days)}) returning id)
    insert into alert_deliveries (tenant_id, event_id, channel, status)
      select ${tenantId}, id, jsonb_build_object('kind', ${name}::text), 'sent' from event`;

  it('is deleted after 90 days with its deliveries, in every tenant, and not before', async () => {
    await putEvent('old', 91);
    await putEvent('old of blue', 800, tenants[1]);
    await putEvent('young', 89);
    expect(await cleanUp()).toMatchObject({ status: 200, body: { ok: true, deleted: { alertEvents: 2 } } });
    expect(await names('alert_events', 'rule_name')).toEqual(['young']);
    expect(await db.owner`select channel ->> 'kind' as kind from alert_deliveries`).toEqual([{ kind: 'young' }]);
  });

  it('is deleted after as many days as the setting says, and kept for ever by 0', async () => {
    await putEvent('of last week', 8);
    expect((await cleanUp(0)).body.deleted).not.toHaveProperty('alertEvents');
    expect(await names('alert_events', 'rule_name')).toEqual(['of last week']);
    expect(await cleanUp(7)).toMatchObject({ body: { deleted: { alertEvents: 1 } } });
  });
});

describe('reports', () => {
  it('of a deleted schedule are deleted after 90 days, and those of others stay', async () => {
    const { id: tenantId } = tenants[0]!;
    const [kept] = await db.owner<{ id: string }[]>`
      insert into report_schedules (tenant_id, name, template, cron, timezone, channels, covered_to, created_by)
      values (${tenantId}, 'kept', 'sla', '0 0 * * *', 'UTC', '[]', now(), 'test') returning id`;
    const put = (title: string, days: number, scheduleId: string | null) => db.owner`
      with made as (insert into reports (tenant_id, id, schedule_id, schedule_name, template, period_from, period_to, timezone,
          title, figures, html, csv, made_by, made_at)
        values (${tenantId}, ${idOf(days)}, coalesce(${scheduleId}::uuid, gen_random_uuid()), 's', 'sla', now(), now(), 'UTC',
          ${title}, '[]', '', '', 'test', ${ago(days)}) returning id)
      insert into alert_deliveries (tenant_id, report_id, channel, status) select ${tenantId}, id, '{}', 'sent' from made`;
    await put('old of a deleted one', 91, null);
    await put('young of a deleted one', 89, null);
    await put('old of the kept one', 400, kept!.id);
    expect(await cleanUp()).toMatchObject({ status: 200, body: { deleted: { reports: 1 } } });
    expect(await names('reports', 'title')).toEqual(['old of the kept one', 'young of a deleted one']);
    expect(await db.owner`select from alert_deliveries`).toHaveLength(2);
  });
});

describe('requests for approval', () => {
  const ask = (name: string, state: string, days: number) => db.owner`
    with request as (insert into approval_requests (tenant_id, id, pipeline_id, target_version, target_hash, state, selectors,
        settings_version, allow_same_person, requested_by, authors, requested_at, expires_at, closed_at, closed_by, counted)
      values (${tenants[0]!.id}, ${idOf(200)}, gen_random_uuid(), 1, repeat('0', 64), ${state}, '{env:prod}', 1, false, ${name},
        '[{"name": "ada", "userId": null}]', ${ago(200)}, ${ago(-1)},
        case when ${state}::text <> 'open' then ${ago(days)} end, case when ${state}::text <> 'open' then 'bo' end,
        case when ${state}::text <> 'open' then '[]'::jsonb end) returning tenant_id, id),
    stage as (insert into approval_stages (tenant_id, request_id, stage, name, approvers, roles)
      select tenant_id, id, 0, ${name}, 1, '{admin}' from request returning tenant_id, request_id),
    vote as (insert into approval_votes (tenant_id, request_id, stage, user_id, voter)
      select tenant_id, request_id, 0, gen_random_uuid(), ${name} from stage returning tenant_id, request_id)
    insert into audit_log (tenant_id, actor_kind, actor_id, action, target_kind, target_id)
      select tenant_id, 'user', ${name}, 'approval.approve', 'approval_request', request_id::text from vote`;

  it('are deleted 90 days after they were decided or ran out, with their votes; open ones and the audit log stay', async () => {
    await ask('applied long ago', 'applied', 91);
    await ask('expired long ago', 'expired', 100);
    await ask('rejected of late', 'rejected', 89);
    await ask('open for long', 'open', 0);
    const audited = await names('audit_log', 'actor_id');
    expect(await cleanUp()).toMatchObject({ status: 200, body: { ok: true, deleted: { approvals: 2 } } });
    const left = ['open for long', 'rejected of late'];
    expect(await names('approval_requests', 'requested_by')).toEqual(left);
    expect(await names('approval_stages', 'name')).toEqual(left);
    expect(await names('approval_votes', 'voter')).toEqual(left);
    expect(await names('audit_log', 'actor_id')).toEqual(audited);
  });

  it('are kept for ever by 0 days', async () => {
    await ask('applied long ago', 'applied', 3_000);
    expect((await cleanUp(0)).body.deleted).not.toHaveProperty('approvals');
    expect(await names('approval_requests', 'requested_by')).toEqual(['applied long ago']);
  });
});

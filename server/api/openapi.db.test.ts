// Every procedure is called over REST, and what it answers is held against the schema that its metadata names.
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { sealBatch } from '#server/audit/index.ts';
import { copyTable } from '#server/runs/testing/index.ts';
import { openInstallation } from '#workers/testing/installation.ts';
import { openAnswers } from './testing/answers.ts';

const db = await testDatabase();
const there = await openInstallation(db, 'answers');
const { routes, called, call, expectKept, ended } = openAnswers(there.baseUrl, await there.key());

const document = {
  ...{ kind: 'pipeline', version: '1.0', metadata: { name: 'checked', owner: 'tests', labels: { env: 'test' } } },
  schedule: { kind: 'cron', expression: '0 6 * * *', timezone: 'Europe/Berlin' },
  parameters: { region: { type: 'text', default: 'north' } },
  nodes: [
    { id: 'src', kind: 'source', config: { type: 'table', table: 'numbers' } },
    { id: 'good', kind: 'validate', inputs: ['src'], config: { rules: [{ rule: 'not_null', columns: ['n'] }] } },
    { id: 'tgt', kind: 'target', inputs: ['good'], config: { type: 'table', table: 'copies', mode: 'append' } },
  ],
};

describe('the answers over REST', () => {
  beforeAll(async () => {
    await there.shop.sql('create table numbers (n int); insert into numbers values (1), (2), (3), (null)');
    await there.shop.sql('create table copies (n int)');
  });

  it('of pipelines are what the schemas say', async () => {
    const { id } = await expectKept('pipelines.create', { document });
    await expectKept('pipelines.publish', { id });
    const changed = { ...document, metadata: { ...document.metadata, description: 'changed' } };
    await expectKept('pipelines.saveIr', { id, baseVersion: 1, document: changed });
    await expectKept('pipelines.list', { limit: 10, label: 'env:test' });
    await expectKept('pipelines.get', { id });
    await expectKept('pipelines.ir', { id: 'checked', version: 1 });
    const preview = await expectKept('pipelines.sqlPreview', { id });
    expect(preview.nodes).toHaveLength(3);
    expect((await expectKept('pipelines.validate', { document })).ok).toBe(true);
    const broken = await expectKept('pipelines.validate', {
      document: { ...document, nodes: copyTable('no', 'copies') },
    });
    expect(broken.problems).not.toEqual([]);
    expect((await expectKept('pipelines.validate', { document: 7 })).ok).toBe(false);
  });

  it('of pause, status and occurrences are what the schemas say', async () => {
    const { id } = (await call('pipelines.get', { id: 'checked' })).body;
    await expectKept('pipelines.pause', { id, reason: 'a look', until: '2999-01-01T00:00:00Z' });
    await expectKept('pipelines.get', { id });
    await expectKept('scheduler.status', { label: 'env' });
    await expectKept('pipelines.resume', { id });
    await db.owner`insert into occurrences (tenant_id, schedule_id, pipeline_id, due_at, due_until, count, verdict)
      select tenant_id, id, pipeline_id, now() - interval '2 hours', now() - interval '1 hour', 2, 'coalesced' from schedules`;
    expect((await expectKept('pipelines.occurrences', { id })).items).toHaveLength(1);
    const { items } = await expectKept('scheduler.status');
    expect(items).toMatchObject([{ recent: [{ count: 2 }] }]);
  });

  it('of runs and dead letters are what the schemas say', async () => {
    const { runId } = await expectKept('pipelines.run', { id: 'checked', params: { region: 'south' } });
    expect(await ended(String(runId))).toMatchObject({ status: 'succeeded', rowsRejected: 1 });
    expect((await expectKept('runs.dlq', { id: runId })).items).toHaveLength(1);
    await there.shop.sql('alter table numbers rename to gone');
    const failing = await expectKept('pipelines.run', { id: 'checked' });
    expect(await ended(String(failing.runId))).toMatchObject({ status: 'failed' });
    expect((await expectKept('runs.list', { limit: 1 })).nextCursor).not.toBeNull();
    await expectKept('pipelines.list');
    expect((await expectKept('pipelines.versions', { id: 'checked' })).items).not.toEqual([]);
  });

  it('of a cancel is what the schema says', async () => {
    await there.stopRunner();
    const { runId } = await expectKept('pipelines.run', { id: 'checked' });
    expect(await expectKept('runs.cancel', { id: runId })).toEqual({ status: 'cancelled', isPending: false });
  });

  it('of accounts are what the schemas say', async () => {
    const me = await expectKept('accounts.me');
    expect(me).toMatchObject({ user: null, tenant: { slug: 'answers' } });
    const made = await expectKept('accounts.createKey', { name: 'k', scopes: ['runs:read'], expiresInDays: 3 });
    await expectKept('accounts.revokeKey', { id: made.id });
    expect((await expectKept('accounts.keys', { state: 'all', limit: 1 })).nextCursor).not.toBeNull();
    const invite = await expectKept('accounts.invite', { email: 'a@example.org', role: 'admin', expiresInHours: 1 });
    expect((await expectKept('accounts.invites')).items).toHaveLength(1);
    await expectKept('accounts.revokeInvite', { id: invite.id });
    const [user] = await db.owner<{ id: string }[]>`insert into users (email) values ('u@example.org') returning id`;
    const id = user!.id;
    await db.owner`insert into memberships (tenant_id, user_id, role) values (${there.shop.tenant.id}, ${id}, 'viewer')`;
    const openOne = () => db.app`select auth_session_open(${id}, ${randomBytes(32)}, 'test', 600)`;
    await openOne();
    const { items } = await expectKept('accounts.sessions', { userId: id });
    await expectKept('accounts.revokeSession', { id: (items as { id: string }[])[0]!.id });
    await openOne();
    expect(await expectKept('accounts.revokeUserSessions', { id })).toEqual({ revoked: 1 });
    await expectKept('accounts.user', { id });
    await expectKept('accounts.users', { search: 'u@' });
    await expectKept('accounts.setRole', { id, role: 'operator' });
    await expectKept('accounts.disableUser', { id });
    await expectKept('accounts.enableUser', { id });
    await expectKept('accounts.resetLink', { id });
    await expectKept('accounts.removeUser', { id });
  });

  it('of interactions and outbox events are what the schemas say', async () => {
    const interaction = { customerId: 'c', offerId: 'o', channel: 'web', interactionType: 'impression' };
    const { interactionId, eventId } = await expectKept('interactions.respond', interaction);
    expect(await expectKept('engagement.recompute', {})).toEqual({ customers: 1, removed: 0 });
    expect((await expectKept('engagement.list', { limit: 1 })).items).toHaveLength(1);
    await expectKept('engagement.get', { customerId: 'c' });
    expect(await expectKept('engagement.summary')).toMatchObject({ customers: 1 });
    await expectKept('engagement.setSettings', { positiveOutcomes: null });
    await expectKept('interactions.recordOutcome', { interactionId, outcome: 'accepted', value: 1 });
    expect(await expectKept('outbox.summary')).toMatchObject({ pending: 2, published: 0, failed: 0 });
    expect((await expectKept('outbox.list', { limit: 1 })).nextCursor).not.toBeNull();
    expect(await expectKept('outbox.get', { id: eventId })).toMatchObject({ key: 'c', payload: interaction });
    await db.owner`update outbox_events set status = 'failed', failed_at = now(), last_error = 'refused'`;
    expect(await expectKept('outbox.requeue', { ids: [eventId] })).toEqual({ changed: 1, remaining: 0 });
    expect(await expectKept('outbox.discard', { filter: {} })).toEqual({ changed: 1, remaining: 0 });
    await expectKept('outbox.list', { status: 'discarded' });
    await db.owner`insert into outbox_publishers (id, host, pid, backend) values ('one', 'here', 1, 'file')`;
    await expectKept('outbox.history', { minutes: 15 });
    await expectKept('outbox.publishers');
  });

  it('of a Git repository are what the schemas say', async () => {
    expect(await expectKept('gitops.status')).toMatchObject({ state: 'not_configured' });
    // Where nobody may go, so that it is answered at once.
    const tenantId = there.shop.tenant.id;
    await db.owner`insert into connections (tenant_id, id, name, kind, config, created_by, updated_by)
      values (${tenantId}, ms_uuid(), 'documents', 'git',
        '{"url": "http://127.0.0.1:1/r.git", "branch": "main", "path": ""}'::jsonb, 'test', 'test')`;
    await expectKept('gitops.setSource', { connection: 'documents' });
    expect(await expectKept('gitops.testSource', { connection: 'documents' })).toMatchObject({ ok: false });
    expect(await expectKept('gitops.check', {})).toMatchObject({ state: 'broken' });
    expect(await expectKept('gitops.planSource')).toEqual({ checkId: null, commitId: null, items: [] });
    await db.owner`update gitops_checks set commit_id = ${'c'.repeat(40)}, committed_at = now(), files = 1, error_code = null,
      error_message = null where tenant_id = ${tenantId}`;
    await db.owner`insert into gitops_documents (tenant_id, file, line, problems) values (${tenantId}, 'bad.yaml', 1,
      '[{"pointer": "", "code": "unreadable", "message": "wrong", "severity": "error"}]'::jsonb)`;
    await expectKept('gitops.status');
    const { items } = await expectKept('gitops.documents', { limit: 1 });
    await expectKept('gitops.document', { id: String((items as { id: string }[])[0]?.id) });
    const document = { kind: 'pipeline', version: '1.0', metadata: { name: 'from-git' }, nodes: [] };
    await expectKept('gitops.planDocuments', { documents: [document] });
    await expectKept('gitops.applyDocuments', { items: [{ document, baseVersion: null }], publish: false });
    const { checkId } = await expectKept('gitops.planSource');
    await expectKept('gitops.applySource', { checkId, items: [{ name: 'absent', baseVersion: null }] });
    await expectKept('gitops.removeSource', {});
  });

  it('of alerts are what the schemas say', async () => {
    expect((await expectKept('alerts.metrics')).items).not.toEqual([]);
    const rule = { metric: 'failed_runs', operator: '>', threshold: 0, channels: [{ kind: 'log' }] };
    const { id } = await expectKept('alerts.createRule', { ...rule, name: 'runs fail' });
    await expectKept('alerts.updateRule', { ...rule, id, name: 'runs fail too' });
    await expectKept('alerts.testRule', { id });
    expect((await expectKept('alerts.rules')).items).toHaveLength(1);
    expect((await expectKept('alerts.events')).items).toMatchObject([{ kind: 'test', deliveries: [{}] }]);
    await expectKept('alerts.deleteRule', { id });
  });

  it('of reports are what the schemas say', async () => {
    expect((await expectKept('reports.templates')).items).toHaveLength(3);
    const schedule = { template: 'sla', cron: '0 8 * * 1', timezone: 'Europe/Berlin', channels: [{ kind: 'log' }] };
    const { id } = await expectKept('reports.createSchedule', { ...schedule, name: 'weekly' });
    await expectKept('reports.updateSchedule', { ...schedule, id, name: 'each week' });
    expect((await expectKept('reports.schedules')).items).toMatchObject([{ id, name: 'each week' }]);
    const { reportId } = await expectKept('reports.runNow', { id });
    expect((await expectKept('reports.list')).items).toMatchObject([{ id: reportId, deliveries: [{}] }]);
    expect((await expectKept('reports.get', { id: reportId })).csv).toMatch(/^Pipeline,/);
    await expectKept('reports.deleteSchedule', { id });
  });

  it('of models are what the schemas say', async () => {
    await there.shop.sql(`create table visits (id int primary key, x float8, plan text, bought boolean);
      insert into visits select g, g % 10, 'p' || g % 3, g % 10 + (g * 7919) % 11 > 9 from generate_series(1, 1000) g`);
    expect((await expectKept('models.tables')).items).toContainEqual(expect.objectContaining({ name: 'visits' }));
    const definition = { kind: 'logistic', sourceTable: 'visits', features: ['x', 'plan'], label: 'bought' };
    const schedule = { cron: '0 2 * * *', timezone: 'Europe/Berlin' };
    const { id } = await expectKept('models.create', { ...definition, name: 'will buy', schedule });
    expect(await expectKept('models.train', { id })).toMatchObject({ status: 'ready', isLive: true });
    await expectKept('models.update', { id, revision: 1, kind: 'naive_bayes' });
    expect(await expectKept('models.train', { id })).toMatchObject({ version: 2, status: 'ready' });
    await db.owner`update models set source_table = 'gone' where id = ${String(id)}`;
    expect(await expectKept('models.train', { id })).toMatchObject({ status: 'failed', metrics: null });
    expect((await expectKept('models.versions', { id })).items).toHaveLength(3);
    for (const version of [1, 2, 3]) await expectKept('models.version', { id, version });
    await expectKept('models.promote', { id, version: 1, reason: 'the first', acceptWorse: true });
    expect(await expectKept('models.score', { id, rows: [{ x: 9 }, {}] })).toMatchObject({ version: 1 });
    expect(await expectKept('models.get', { id })).toMatchObject({ state: 'failed', live: { version: 1 } });
    expect((await expectKept('models.list')).items).toHaveLength(1);
    await expectKept('models.delete', { id });
  });

  it('of the audit log are what the schemas say', async () => {
    const { items } = await expectKept('audit.list', { limit: 5, outcome: 'done' });
    const [entry] = items as { id: string }[];
    await expectKept('audit.get', { id: entry?.id });
    await expectKept('audit.chain');
    await sealBatch(db.worker, { limit: 1_000 });
    await expectKept('audit.verify');
  });

  it('of what the SIEM refused are what the schemas say', async () => {
    const [row] = await db.owner<
      { id: string }[]
    >`insert into siem_quarantine (tenant_id, destination, audit_id, status, reason)
      select tenant_id, 'elastic', id, 400, 'refused' from audit_log where tenant_id = ${there.shop.tenant.id} limit 1 returning audit_id as id`;
    await expectKept('siem.quarantine');
    expect(await expectKept('siem.requeue', { ids: [row!.id] })).toEqual({ changed: 1 });
    expect(await expectKept('siem.discard', { ids: [row!.id] })).toEqual({ changed: 1 });
  });

  it('of connections, limits and stops are what the schemas say', async () => {
    const webhook = { name: 'hook', kind: 'webhook', secrets: { url: 'https://93.184.215.14/a-secret' } };
    const { id } = await expectKept('connections.create', webhook);
    await expectKept('connections.update', { id, description: 'a hook', secrets: { signingSecret: 'another' } });
    await expectKept('connections.create', {
      name: 'k',
      kind: 'kafka',
      config: { brokers: [{ host: '93.184.215.14', port: 1 }] },
    });
    await db.owner`update connections set config = '{"brokers": [{"host": "127.0.0.1", "port": 1}], "ssl": true}' where name = 'k'`;
    expect(await expectKept('connections.test', { id: 'k' })).toMatchObject({ ok: false });
    const { items } = await expectKept('connections.list');
    // Other tests here have connections of their own.
    expect((items as { name: string }[]).map(({ name }) => name)).toEqual(expect.arrayContaining(['hook', 'k']));
    await expectKept('connections.get', { id: 'k' });
    await expectKept('connections.uses', { id: 'k' });
    await expectKept('connections.delete', { id });
    expect(await expectKept('limits.get')).toMatchObject({ quotas: { pipelines: { used: 1 } } });
    expect(await expectKept('fleet.stop', { reason: 'a look' })).toMatchObject({ tenant: { reason: 'a look' } });
    await expectKept('fleet.stopState');
    expect((await call('pipelines.run', { id: 'checked' })).body).toMatchObject({ code: 'WORK_STOPPED' });
    expect(await expectKept('fleet.resume')).toEqual({ tenant: null, instance: null });
  });

  it('of the document and its page need no credential', async () => {
    const document = await fetch(`${there.baseUrl}/api/v1/openapi.json`);
    expect([document.status, ((await document.json()) as { openapi: string }).openapi]).toEqual([200, '3.1.0']);
    const page = await fetch(`${there.baseUrl}/api/v1/reference`);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8']);
  });

  it('of data requests are what the schemas say', async () => {
    const asked = { customerId: 'asking-1', kind: 'access', note: 'a letter', acceptEmpty: true };
    const { id } = await expectKept('dsar.create', asked);
    await expectKept('dsar.create', { ...asked, kind: 'erase' });
    expect((await expectKept('dsar.list', { limit: 1 })).nextCursor).not.toBeNull();
    expect((await expectKept('dsar.run', { id })).isRequested).toBe(true);
    await db.owner`update dsar_requests set state = 'completed', receipt_no = 1, receipt = '{"given": {"a": 1}}', hash = 'h',
      counts = '{"a": 1}', started_at = now(), finished_at = now(), run_requested_at = null where id = ${String(id)}`;
    await db.owner`insert into dsar_bundles (tenant_id, request_id, location, size_bytes, sha256, expires_at)
      select tenant_id, id, 'dsar/x.zip', 7, 'x', now() + interval '1 day' from dsar_requests where id = ${String(id)}`;
    await expectKept('dsar.link', { id });
    expect((await expectKept('dsar.get', { id })).bundle).toMatchObject({ sizeBytes: 7, isGone: false });
    const other = await expectKept('dsar.create', { ...asked, customerId: 'asking-2' });
    await db.owner`update dsar_requests set state = 'refused', progress = null,
      refusal = '{"holdId": null, "what": "w", "reason": "r", "at": "2026-01-01T00:00:00.000Z"}' where id = ${String(other.id)}`;
    await expectKept('dsar.get', { id: other.id });
    expect((await expectKept('dsar.cancel', { id: other.id, reason: 'not them' })).state).toBe('cancelled');
  });

  it('of retention are what the schemas say', async () => {
    await expectKept('interactions.respond', {
      customerId: 'held',
      offerId: 'o',
      channel: 'web',
      interactionType: 'i',
    });
    await expectKept('retention.setPolicy', { dataClass: 'decision_traces', retentionDays: 30, note: 'a note' });
    expect(await expectKept('retention.setMode', { mode: 'strictest' })).toMatchObject({ mode: 'strictest' });
    expect(await expectKept('retention.setRequestDueDays', { requestDueDays: 20 })).toMatchObject({
      requestDueDays: 20,
    });
    expect((await expectKept('retention.overview')).policies).toHaveLength(3);
    const hold = { kind: 'subject', customerId: 'held', reason: 'a matter' };
    const { id } = await expectKept('retention.placeHold', hold);
    await expectKept('retention.placeHold', { kind: 'class', dataClass: 'ai_attachments', reason: 'a matter' });
    expect((await expectKept('retention.listHolds', { limit: 1 })).nextCursor).not.toBeNull();
    await db.owner`insert into interaction_history (tenant_id, customer_id, offer_id, channel, interaction_type, created_at)
      select id, 'old', 'o', 'web', 'i', now() - interval '40 days' from tenants where slug = 'answers'`;
    expect((await expectKept('retention.preview')).classes).toMatchObject([{}, { rows: 1, days: [{ rows: 1 }] }, {}]);
    await expectKept('retention.releaseHold', { id, reason: 'settled' });
    await db.owner`insert into retention_purges (tenant_id, mode, retention_days, plan, finished_at, hash)
      select id, 'strictest', 30, '{"decision_traces": {"days": 30, "cutoffAt": "2026-01-01T00:00:00.000Z"},
        "interaction_history": {"days": null, "isHeld": true}}', now(), 'hash' from tenants where slug = 'answers'`;
    expect((await expectKept('retention.receipts')).items).toHaveLength(1);
  });

  it('of approvals are what the schemas say, a version that waits for one with 202', async () => {
    const person = async (email: string) => {
      const [user] = await db.owner<{ id: string }[]>`insert into users (email) values (${email}) returning id`;
      await db.owner`insert into memberships (tenant_id, user_id, role) values (${there.shop.tenant.id}, ${user!.id}, 'admin')`;
      return user!.id;
    };
    const [asker, decider] = [await person('asker@example.org'), await person('decider@example.org')];
    // The one key there is, in the hands of one and then of the other.
    const as = (id: string) =>
      db.owner`update api_keys set created_by = ${id} where tenant_id = ${there.shop.tenant.id}`;
    await as(asker);
    const stages = [{ name: 'Both', approvers: 2, roles: ['admin'] }];
    expect(await expectKept('approvals.settings')).toMatchObject({ version: 0, selectors: [] });
    const rules = await expectKept('approvals.setSettings', { version: 0, selectors: ['env:prod'], stages });
    expect(rules).toMatchObject({ version: 1, expiryHours: 72 });
    await there.shop.sql('create table governed (n int)');
    const metadata = { name: 'governed', labels: { env: 'prod' } };
    const governed = { kind: 'pipeline', version: '1.0', metadata, nodes: copyTable('governed', 'governed_copy') };
    const made = await expectKept('pipelines.create', { document: governed, publish: true });
    const waiting = await call('pipelines.publish', { id: made.id });
    expect(waiting).toMatchObject({ status: 202, body: { state: 'waiting', changeRequest: { isNew: false } } });
    expect(waiting.body).toEqual(routes.get('pipelines.publish')!.meta.output.parse(waiting.body));
    const { id } = (waiting.body as { changeRequest: { id: string } }).changeRequest;
    expect((made as { changeRequest: { id: string } }).changeRequest.id).toBe(id);
    await as(decider);
    expect(await expectKept('approvals.waiting')).toEqual({ open: 1, mine: 0 });
    expect((await expectKept('approvals.list', { mine: true })).items).toEqual([]);
    expect((await expectKept('approvals.list', { mine: false, state: 'open' })).items).toHaveLength(1);
    // What it answers a person who may is held against the schema in approvals/doors.db.test.ts, by the caller itself.
    called.add('approvals.approve');
    const byKey = await call('approvals.approve', { id });
    expect(byKey).toMatchObject({ status: 403, body: { code: 'APPROVAL_BY_KEY' } });
    expect(await expectKept('approvals.get', { id })).toMatchObject({ stages: [{ approved: 0 }], base: null });
    expect(await expectKept('approvals.reject', { id, reason: 'no' })).toEqual({ id, state: 'rejected' });
    await as(asker);
    const again = await call('pipelines.publish', { id: made.id });
    const next = (again.body as { changeRequest: { id: string } }).changeRequest.id;
    expect(await expectKept('approvals.withdraw', { id: next })).toEqual({ id: next, state: 'withdrawn' });
    const looser = await call('approvals.setSettings', { version: 1, selectors: [], stages: [] });
    expect(looser).toMatchObject({ status: 202, body: { state: 'waiting', changeRequest: { isNew: true } } });
    expect(looser.body).toEqual(routes.get('approvals.setSettings')!.meta.output.parse(looser.body));
    const { id: rulesId } = (looser.body as { changeRequest: { id: string } }).changeRequest;
    expect(await expectKept('approvals.get', { id: rulesId })).toMatchObject({ subject: 'rules', pipelineId: null });
    const free = await expectKept('pipelines.create', { document: { ...governed, metadata: { name: 'free' } } });
    await expectKept('pipelines.publish', { id: free.id });
  });

  it('of cron jobs are what the schemas say', async () => {
    await db.owner`insert into cron_runs (job, process_id, finished_at, outcome, slot)
      values ('cleanup', 'w', now(), 'succeeded', now()), ('cleanup', 'w', null, 'running', null)`;
    await db.owner`insert into cron_jobs (job, schedule, next_fire_at) values ('cleanup', '30 4 * * *', now())
      on conflict (job) do update set schedule = excluded.schedule, next_fire_at = excluded.next_fire_at`;
    expect((await expectKept('cron.listRuns', { job: 'cleanup', limit: 1 })).nextCursor).not.toBeNull();
    await expectKept('cron.listJobs');
  });

  it('were asked of every procedure that there is', () => {
    const byKey = [...routes.values()].filter(({ meta }) => meta.audience !== 'person' && meta.audience !== 'instance');
    expect(byKey.map(({ path }) => path).filter((path) => !called.has(path))).toEqual([]);
  });
});

// One tenant must not learn of another's things by any procedure there is: not that they exist, not by an id, a
// name, a filter or a cursor. The walk is over the router itself, so a procedure without inputs here is a failure.
import { beforeAll, describe, expect, it } from 'vitest';
import { TABLE_ACCESS } from '#db/access.ts';
import { type FilledTenant, fillTenant } from '#db/testing/fill-tenant.ts';
import { testDatabase } from '#db/testing/index.ts';
import { appRouter, createCaller, type RestRoute, restRoutes } from '#server/api/index.ts';
import { authenticate, SCOPES } from '#server/auth/index.ts';
import { parseDocument } from '#server/ir/index.ts';
import { createLogger, encodeCursor, newId, transaction } from '#server/lib/index.ts';
import { asTenantRole, createTenant, findTenantData } from '#server/tenancy/index.ts';
import { makeKey, makeSession, openWeb } from './testing/index.ts';

const db = await testDatabase();
const web = await openWeb(db);
const log = createLogger({ level: 'silent', tier: 'test' });

/** What a caller can name: another tenant's things, or things that are nowhere. */
type Names = Pick<
  FilledTenant,
  'slug' | 'pipelineId' | 'pipelineName' | 'runId' | 'dlqEntryId' | 'eventId' | 'interactionId' | 'alertRuleId' | 'holdId'
> & { table: string };
type Input = Record<string, unknown>;

const document = (name: string, table: string) => ({
  kind: 'pipeline',
  version: '1.0',
  metadata: { name },
  schedule: { kind: 'interval', minutes: 5 },
  nodes: [
    { id: 'src', kind: 'source', config: { type: 'table', table } },
    { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: `${table}_copy`, mode: 'append' } },
  ],
});

const byRef = (names: Names, more: Input = {}): Input[] => [
  { id: names.pipelineId, ...more },
  { id: names.pipelineId.toUpperCase(), ...more },
  { id: names.pipelineName, ...more },
];
const team = (names: Names) => `team:team of ${names.slug}`;
const after = (...parts: string[]) => encodeCursor(parts);

const alertRule = (name: string): Input => ({
  ...{ name, metric: 'failed_runs', operator: '>', threshold: 0, channels: [{ kind: 'log' }] },
});

/** How each procedure could be asked for another tenant's things. */
const INPUTS: Record<string, (names: Names) => Input[]> = {
  'accounts.me': () => [{}],
  'accounts.switchTenant': (names) => [{ tenant: names.slug }],
  'pipelines.list': (names) => [
    { limit: 200 },
    { limit: 200, label: [team(names)] },
    { limit: 200, search: names.pipelineName },
    { limit: 200, cursor: after(names.pipelineName.slice(0, -1)) },
  ],
  'pipelines.get': (names) => byRef(names),
  'pipelines.ir': (names) => [...byRef(names), ...byRef(names, { version: 1 })],
  'pipelines.versions': (names) => byRef(names, { limit: 10 }),
  'pipelines.sqlPreview': (names) => [...byRef(names), ...byRef(names, { version: 1 })],
  'pipelines.occurrences': (names) => [
    ...byRef(names, { limit: 10 }),
    { id: names.pipelineId, limit: 10, cursor: after(new Date().toISOString()) },
  ],
  'pipelines.validate': (names) => [{ document: document('mine', names.table) }],
  'pipelines.create': (names) => [{ document: document('mine', names.table), publish: true }],
  'pipelines.saveIr': (names) => byRef(names, { baseVersion: 3, document: document(names.pipelineName, names.table) }),
  'pipelines.pause': (names) => byRef(names, { reason: 'mine now' }),
  'pipelines.resume': (names) => byRef(names),
  'pipelines.publish': (names) => [...byRef(names), ...byRef(names, { version: 1 })],
  'pipelines.run': (names) => byRef(names),
  'runs.list': (names) => [
    { limit: 200 },
    { limit: 200, pipelineId: names.pipelineId },
    { limit: 200, status: 'running', cursor: after(names.runId) },
  ],
  'runs.get': (names) => [{ id: names.runId }, { id: names.runId.toUpperCase() }],
  'runs.dlq': (names) => [
    { id: names.runId, limit: 10 },
    { id: names.runId, limit: 10, cursor: after(names.dlqEntryId) },
  ],
  'runs.cancel': (names) => [{ id: names.runId }],
  'outbox.summary': () => [{}],
  'outbox.list': (names) => [
    { limit: 200 },
    { limit: 200, key: names.slug },
    { limit: 200, status: 'failed', cursor: after(newId()) },
    { limit: 200, search: names.eventId },
    { limit: 200, search: names.slug },
  ],
  'outbox.get': (names) => [{ id: names.eventId }, { id: names.eventId.toUpperCase() }],
  'outbox.history': () => [{}, { minutes: 1_440 }],
  'outbox.publishers': () => [{}],
  'outbox.requeue': (names) => [{ ids: [names.eventId] }, { filter: { key: names.slug } }],
  'outbox.discard': (names) => [{ ids: [names.eventId] }, { filter: { key: names.slug } }],
  // It names nothing that could be another tenant's.
  'interactions.respond': () => [{ customerId: 'c', offerId: 'o', channel: 'web', interactionType: 'impression' }],
  'interactions.recordOutcome': (names) => [{ interactionId: names.interactionId, outcome: 'accepted' }],
  'alerts.metrics': () => [{}],
  'alerts.rules': () => [{}],
  'alerts.events': (names) => [{ limit: 200 }, { limit: 200, ruleId: names.alertRuleId }],
  'alerts.createRule': () => [alertRule('mine')],
  'alerts.updateRule': (names) => [{ ...alertRule('mine too'), id: names.alertRuleId }],
  'alerts.deleteRule': (names) => [{ id: names.alertRuleId }],
  'alerts.testRule': (names) => [{ id: names.alertRuleId }],
  'engagement.summary': () => [{}],
  'engagement.list': (names) => [
    { limit: 200 },
    { limit: 200, search: `customer of ${names.slug}` },
    { limit: 200, cursor: after('100', '') },
  ],
  'engagement.get': (names) => [{ customerId: `customer of ${names.slug}` }],
  'engagement.setSettings': () => [{ positiveOutcomes: ['accepted'] }],
  'engagement.recompute': () => [{}],
  'retention.overview': () => [{}],
  'retention.preview': () => [{}],
  'retention.receipts': () => [{}, { cursor: after(newId()) }],
  'retention.listHolds': (names) => [{}, { customerId: names.slug }, { state: 'all', cursor: after(newId()) }],
  // These name nothing that could be another tenant's.
  'retention.setPolicy': () => [{ dataClass: 'decision_traces', retentionDays: 30, note: 'mine' }],
  'retention.setMode': () => [{ mode: 'strictest' }],
  'retention.placeHold': (names) => [{ kind: 'subject', customerId: names.slug, reason: 'mine' }],
  'retention.releaseHold': (names) => [{ id: names.holdId, reason: 'mine' }],
  'scheduler.status': (names) => [{ limit: 200 }, { limit: 200, label: [team(names)] }],
};
/** Those whose answer for names that are nowhere is a success; everywhere else it must be a 404. */
const ANSWERS_ALL = [
  'retention.overview',
  'retention.preview',
  'retention.receipts',
  'retention.listHolds',
  'retention.setPolicy',
  'retention.setMode',
  'accounts.me',
  'outbox.summary',
  'outbox.list',
  'outbox.history',
  'outbox.publishers',
  'outbox.requeue',
  'outbox.discard',
  'alerts.metrics',
  'alerts.rules',
  'alerts.events',
  'alerts.createRule',
  'engagement.summary',
  'engagement.list',
  'engagement.setSettings',
  'engagement.recompute',
  'interactions.respond',
  'pipelines.list',
  'runs.list',
  'scheduler.status',
  'pipelines.validate',
  'pipelines.create',
];

type Meta = { scope?: string; audit?: string; rest?: string; audience?: string };
const procedures = Object.entries(appRouter._def.procedures).map(([path, procedure]) => {
  const { type, meta } = (procedure as unknown as { _def: { type: 'query' | 'mutation'; meta: Meta } })._def;
  return { path, type, meta };
});
const paths = procedures.map((one) => one.path);
const mutations = procedures.filter((one) => one.type === 'mutation').map((one) => one.path);
const audienceOf = (path: string) => procedures.find((one) => one.path === path)!.meta.audience ?? 'tenant';
/** What a key is refused whatever it names: one's own account, and the instance. */
const isForPeople = (path: string) => ['person', 'instance'].includes(audienceOf(path));
const routeOf = (path: string): RestRoute => restRoutes().find((route) => route.path === path)!;

let theirs: Names;
let nowhere: Names;
let theirIds: FilledTenant;
const keys = { theirs: '', mine: '', reading: '' };
let session: string;

beforeAll(async () => {
  const make = async (slug: string) => {
    const tenant = await createTenant(db.owner, { slug, name: slug });
    const table = `facts_of_${slug}`;
    const parsed = parseDocument(document(`pipeline-of-${slug}`, table));
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    await transaction(db.worker, { tenantId: tenant.id }, async (tx) => {
      const data = await findTenantData(tx, tenant.id);
      await asTenantRole(tx, data, { statementTimeoutMs: 5_000 }, (connection) =>
        connection.unsafe(`create table ${data.schemaName}.${table} (n int)`),
      );
    });
    return { tenant, table, filled: await fillTenant(db.owner, tenant, parsed.doc) };
  };
  const a = await make('theirs');
  const { slug, pipelineId, pipelineName, runId, dlqEntryId, eventId, interactionId, alertRuleId, holdId } = a.filled;
  theirIds = a.filled;
  theirs = { slug, pipelineId, pipelineName, runId, dlqEntryId, eventId, interactionId, alertRuleId, holdId, table: a.table };
  // Ids ascend with time and cursors are ids: those that are nowhere are as old as the other tenant's.
  nowhere = {
    ...{ slug: 'nowhr1', pipelineName: 'pipeline-of-nowhr1', table: 'facts_of_nowhr1' },
    ...{ pipelineId: newId(), runId: newId(), dlqEntryId: newId(), eventId: newId(), interactionId: newId() },
    holdId: newId(),
    alertRuleId: newId(),
  };
  const b = await make('mine');
  keys.theirs = await makeKey(db, a.tenant);
  keys.mine = await makeKey(db, b.tenant);
  keys.reading = await makeKey(
    db,
    b.tenant,
    SCOPES.filter((scope) => scope.endsWith(':read')),
  );
  session = await makeSession(db, b.tenant);
});

const isText = (value: unknown): value is string => typeof value === 'string';

/** The answer without what may differ between two equal ones: the names asked for, times, ids of the answer. */
function neutral(answer: unknown, names: Names): unknown {
  let text = JSON.stringify(answer);
  for (const name of Object.values(names).filter(isText)) {
    text = text.replaceAll(new RegExp(name, 'gi'), '<name>');
  }
  text = text
    .replaceAll(/"errorId":"[^"]+"/g, '"errorId":"<id>"')
    .replaceAll(/"(lagMinutes|tickLagSeconds|oldestPendingAgeSeconds)":[\d.]+/g, '"$1":0')
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>');
  return JSON.parse(text);
}

/** Everything of the other tenant that an answer could give away, but for what the caller said itself. */
function expectNothingOfTheirs(answer: unknown, input: Input): void {
  const text = JSON.stringify(answer).toLowerCase();
  const said = JSON.stringify(input).toLowerCase();
  const secrets = [...Object.values(theirIds), `team of ${theirIds.slug}`, `a row of ${theirIds.slug}`];
  for (const secret of secrets.filter(isText).map((one) => one.toLowerCase()))
    if (!said.includes(secret)) expect(text).not.toContain(secret);
}

/** Rows of the other tenant, whatever table they are in. */
function fingerprint(): Promise<unknown> {
  const parts = Object.entries(TABLE_ACCESS)
    .filter(([table, access]) => access.tenantColumn !== null && table !== 'api_keys')
    .map(
      ([
        table,
        access,
      ]) => `select '${table}' as name, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as hash
        from ${table} t where ${access.tenantColumn} = $1`,
    );
  return db.owner.unsafe(parts.join(' union all '), [theirIds.tenantId]);
}

type Answer = { status: number; body: unknown };
type Door = (path: string, input: Input, headers: Record<string, string>) => Promise<Answer>;

const viaRest: Door = async (path, input, headers) => {
  const route = routeOf(path);
  const rest: Input = { ...input };
  const url = route.url.replace(/:(\w+)/g, (_, name: string) => {
    delete rest[name];
    return encodeURIComponent(String(input[name]));
  });
  const query = new URLSearchParams();
  const isGet = route.method === 'GET';
  if (isGet)
    for (const [name, value] of Object.entries(rest)) for (const one of [value].flat()) query.append(name, String(one));
  const response = await web.fetch(`/api/v1${url}?${query}`, {
    method: route.method,
    headers: { ...headers, 'content-type': 'application/json' },
    ...(isGet ? {} : { body: JSON.stringify(rest) }),
  });
  return { status: response.status, body: await response.json() };
};

const viaTrpc: Door = async (path, input, headers) => {
  const isQuery = procedures.find((one) => one.path === path)!.type === 'query';
  const encoded = encodeURIComponent(JSON.stringify(input));
  const response = await web.fetch(`/trpc/${path}${isQuery ? `?input=${encoded}` : ''}`, {
    method: isQuery ? 'GET' : 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    ...(isQuery ? {} : { body: JSON.stringify(input) }),
  });
  return { status: response.status, body: await response.json() };
};

/** As a page's loader calls it. */
const inProcess: Door = async (path, input, headers) => {
  const caller = await authenticate(db.app, new Headers(headers), 600);
  const api = createCaller({ pool: db.app, caller, requestId: 'test', log, idempotencyKey: null });
  const [room, verb] = path.split('.') as [string, string];
  const procedure = (api as unknown as Record<string, Record<string, (input: Input) => Promise<unknown>>>)[room]![
    verb
  ]!;
  return procedure(input).then(
    (body) => ({ status: 200, body }),
    (error: { code: string; message: string }) => ({
      status: error.code === 'NOT_FOUND' ? 404 : 400,
      body: { code: error.code, message: error.message },
    }),
  );
};

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const doors: [string, Door, () => Record<string, string>][] = [
  ['REST with a key', viaRest, () => bearer(keys.mine)],
  ['tRPC with a session', viaTrpc, () => ({ cookie: session, origin: web.baseUrl })],
  ['the caller of the pages', inProcess, () => ({ cookie: session })],
];

describe('the router', () => {
  it('has a walk here for every procedure, and no walk for one that is gone', () => {
    expect(Object.keys(INPUTS).sort()).toEqual([...paths].sort());
  });

  it('names a scope for every procedure and an audit action for every mutation', () => {
    for (const { path, type, meta } of procedures) {
      expect([path, SCOPES.some((scope) => scope === meta.scope)]).toEqual([path, true]);
      if (type === 'mutation') expect([path, meta.audit]).toEqual([path, expect.stringMatching(/^[a-z]+\.[a-z]+$/)]);
      expect([path, meta.scope?.endsWith(type === 'mutation' ? ':write' : ':read')]).toEqual([path, true]);
    }
  });

  it('gives every procedure a REST route of its own', () => {
    const routes = restRoutes();
    expect(routes.map((route) => route.path).sort()).toEqual([...paths].sort());
    const shapes = routes.map((route) => `${route.method} ${route.url.replaceAll(/:\w+/g, ':')}`);
    expect(new Set(shapes).size).toBe(shapes.length);
  });

  it('gives GET to queries only', () => {
    for (const route of restRoutes())
      if (route.type === 'mutation') expect([route.path, route.method]).not.toEqual([route.path, 'GET']);
  });
});

describe.each(doors)("another tenant's things through %s", (_name, door, headersOf) => {
  it.each(paths)('%s answers as for things that are nowhere', async (path) => {
    const before = await fingerprint();
    const [ofTheirs, ofNowhere] = [INPUTS[path]!(theirs), INPUTS[path]!(nowhere)];
    for (const [index, input] of ofTheirs.entries()) {
      const answer = await door(path, input, headersOf());
      const reference = await door(path, ofNowhere[index]!, headersOf());
      expectNothingOfTheirs(answer, input);
      expect(neutral(answer, theirs)).toEqual(neutral(reference, nowhere));
      const hasKey = 'authorization' in headersOf();
      if (isForPeople(path) && hasKey) expect([input, answer.status]).toEqual([input, 403]);
      else if (!ANSWERS_ALL.includes(path)) expect([input, answer.status]).toEqual([input, 404]);
    }
    expect(await fingerprint()).toEqual(before);
  });
});

describe('a tRPC batch', () => {
  it("carries nothing of another tenant's in any of its answers", async () => {
    const queries = procedures.filter((one) => one.type === 'query').map((one) => one.path);
    const inputs = Object.fromEntries(queries.map((path, index) => [index, INPUTS[path]!(theirs)[0]]));
    const response = await web.fetch(
      `/trpc/${queries.join(',')}?batch=1&input=${encodeURIComponent(JSON.stringify(inputs))}`,
      { headers: bearer(keys.mine) },
    );
    const answers = (await response.json()) as { error?: { data: { code: string } } }[];
    expect(answers).toHaveLength(queries.length);
    for (const [index, path] of queries.entries()) {
      expectNothingOfTheirs(answers[index], inputs[index]!);
      const code = answers[index]?.error?.data.code ?? 'OK';
      const found = ANSWERS_ALL.includes(path) ? 'OK' : expect.stringMatching(/_NOT_FOUND$/);
      expect([path, code]).toEqual([path, isForPeople(path) ? 'FORBIDDEN' : found]);
    }
  });
});

describe('a credential', () => {
  it.each(mutations)('that only reads is refused %s with 403, and nothing is written', async (path) => {
    const count = async () =>
      (await db.owner<{ n: number }[]>`select count(*)::int as n from audit_log where outcome = 'done'`)[0]!.n;
    const before = await count();
    for (const door of [viaRest, viaTrpc]) {
      const answer = await door(path, INPUTS[path]!(theirs)[0]!, bearer(keys.reading));
      expect(answer.status).toBe(403);
      expect(JSON.stringify(answer.body)).toContain('"FORBIDDEN"');
    }
    expect(await count()).toBe(before);
  });

  it.each(paths)('is needed for %s: 401 without one and with a wrong one', async (path) => {
    const none: Record<string, string>[] = [
      {},
      bearer('ms_wrong'),
      { 'x-api-key': 'ms_wrong' },
      { cookie: 'mainspring_session=wrong' },
    ];
    for (const headers of none) {
      for (const door of [viaRest, viaTrpc]) {
        const answer = await door(path, INPUTS[path]!(theirs)[0]!, headers);
        expect(answer.status).toBe(401);
        expect(JSON.stringify(answer.body)).toContain('"UNAUTHENTICATED"');
      }
    }
  });

  it.each(paths)('of a suspended tenant is refused %s with 403', async (path) => {
    await db.owner`update tenants set status = 'suspended' where slug = 'mine'`;
    try {
      const answer = await viaRest(path, INPUTS[path]!(theirs)[0]!, bearer(keys.mine));
      expect(answer).toMatchObject({ status: 403, body: { code: 'TENANT_SUSPENDED' } });
      // Who they are, and where else they may go, people can ask meanwhile.
      if (audienceOf(path) !== 'tenant') return;
      const signedIn = await viaTrpc(path, INPUTS[path]!(theirs)[0]!, { cookie: session, origin: web.baseUrl });
      expect(signedIn.status).toBe(403);
    } finally {
      await db.owner`update tenants set status = 'active' where slug = 'mine'`;
    }
  });
});

const ownIdIn = (path: string) => (path.startsWith('outbox') ? theirIds.eventId : theirIds.pipelineId);
/** An interaction is its own record: only control-plane mutations have an audit row. What is for people, accounts/ tests. */
const audited = mutations.filter((path) => !path.startsWith('interactions.') && !isForPeople(path));

// Last, because it changes things: the same inputs do work for their owner, or the walks above would prove nothing.
describe('the owner of the things', () => {
  it.each(paths.filter((path) => !mutations.includes(path) && !isForPeople(path)))(
    'is answered by %s',
    async (path) => {
      for (const input of INPUTS[path]!(theirs)) {
        const answer = await viaRest(path, input, bearer(keys.theirs));
        expect([input, answer.status]).toEqual([input, 200]);
        if (path.endsWith('.list') || path.endsWith('.status'))
          expect(JSON.stringify(answer.body)).toContain(
            path.startsWith('runs') && 'cursor' in input ? 'items' : ownIdIn(path),
          );
      }
    },
  );

  it.each(audited)('does %s, which writes its audit row in the same name', async (path) => {
    const { audit } = procedures.find((one) => one.path === path)!.meta;
    const rows = () => db.owner<{ action: string; actor_kind: string; request_id: string }[]>`
      select action, actor_kind, request_id from audit_log where tenant_id = ${theirIds.tenantId} and request_id = ${`audit-${path}`}`;
    const headers = { ...bearer(keys.theirs), 'x-request-id': `audit-${path}` };
    const answer = await viaRest(path, INPUTS[path]!(theirs)[0]!, headers);
    expect([answer.body, answer.status]).toEqual([answer.body, routeOf(path).meta.status ?? 200]);
    expect((await rows()).map((row) => row.action)).toContain(audit);
    for (const row of await rows()) expect(row).toMatchObject({ actor_kind: 'api_key' });
  });
});

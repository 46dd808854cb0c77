// One tenant must not learn of another's things by any procedure there is: not that they exist, not by an id, a
// name, a filter or a cursor. The walk is over the router itself, so a procedure without inputs here is a failure.
import { beforeAll, describe, expect, it } from 'vitest';
import { TABLE_ACCESS } from '#db/access.ts';
import { testDatabase } from '#db/testing/index.ts';
import { restRoutes } from '#server/api/index.ts';
import { SCOPES } from '#server/auth/index.ts';
import {
  audienceOf,
  bearer,
  type Door,
  isForPeople,
  mutations,
  openDoors,
  paths,
  procedures,
  routeOf,
} from './testing/doors.ts';
import { makeFilledTenant } from './testing/filled-tenant.ts';
import { makeKey, makeSession, openWeb } from './testing/index.ts';
import { ANSWERS_ALL, INPUTS, type Input, type Names, namesOfNowhere } from './testing/walks.ts';

const db = await testDatabase();
const web = await openWeb(db);

const { viaRest, viaTrpc, inProcess } = openDoors(db, web);

let theirs: Names;
let nowhere: Names;
const keys = { theirs: '', mine: '', reading: '' };
let session: string;

beforeAll(async () => {
  const a = await makeFilledTenant(db, 'theirs');
  theirs = a.names;
  nowhere = namesOfNowhere(theirs);
  const b = await makeFilledTenant(db, 'mine');
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
    .replaceAll(/"(lagMinutes|tickLagSeconds|oldestPendingAgeSeconds|unsealed)":[\d.]+/g, '"$1":0')
    .replaceAll(/(token=|"ms_|"prefix":")[\w-]+/g, '$1<once>')
    // With and without a zone: a wall clock's time may be another by the second call, too.
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z?/g, '<time>')
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<id>');
  return JSON.parse(text);
}

/** Everything of the other tenant that an answer could give away, but for what the caller said itself. */
function expectNothingOfTheirs(answer: unknown, input: Input): void {
  const text = JSON.stringify(answer).toLowerCase();
  const said = JSON.stringify(input).toLowerCase();
  const secrets = [...Object.values(theirs), `team of ${theirs.slug}`, `a row of ${theirs.slug}`];
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
  return db.owner.unsafe(parts.join(' union all '), [theirs.tenantId]);
}

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
      const isRefused = audienceOf(path) === 'instance' || (isForPeople(path) && hasKey);
      if (isRefused) expect([input, answer.status]).toEqual([input, 403]);
      else if (!ANSWERS_ALL.includes(path)) expect([input, answer.status]).toEqual([input, 404]);
    }
    expect(await fingerprint()).toEqual(before);
  });
});

describe('a tRPC batch', () => {
  it("carries nothing of another tenant's in any of its answers", async () => {
    const queries = procedures.filter((one) => one.type === 'query').map((one) => one.path);
    const inputs = queries.map((path) => INPUTS[path]!(theirs)[0]!);
    const answers: { error?: { data: { code: string } } }[] = [];
    // As many as one batch may have.
    for (let from = 0; from < queries.length; from += 20) {
      const asked = JSON.stringify(Object.fromEntries(inputs.slice(from, from + 20).entries()));
      const response = await web.fetch(
        `/trpc/${queries.slice(from, from + 20).join(',')}?batch=1&input=${encodeURIComponent(asked)}`,
        { headers: bearer(keys.mine) },
      );
      answers.push(...((await response.json()) as typeof answers));
    }
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

const OWN: Record<string, () => string> = {
  outbox: () => theirs.eventId,
  audit: () => theirs.auditId,
  connections: () => theirs.connectionId,
  engagement: () => theirs.slug,
  approvals: () => theirs.approvalId,
  gitops: () => theirs.repositoryId,
  reports: () => theirs.reportId,
  models: () => theirs.modelId,
  dsar: () => theirs.dsarId,
};
const ownIdIn = (path: string) => OWN[path.split('.')[0]!]?.() ?? theirs.pipelineId;
/**
 * An interaction is its own record: only control-plane mutations have an audit row. What is for people, accounts/ tests;
 * what depends on the person behind a key, approvals/.
 */
const audited = mutations.filter((path) => !/^(interactions|approvals)\./.test(path) && !isForPeople(path));

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
      select action, actor_kind, request_id from audit_log where tenant_id = ${theirs.tenantId} and request_id = ${`audit-${path}`}`;
    const headers = { ...bearer(keys.theirs), 'x-request-id': `audit-${path}` };
    const answer = await viaRest(path, INPUTS[path]!(theirs)[0]!, headers);
    expect([answer.body, answer.status]).toEqual([answer.body, routeOf(path).meta.status ?? 200]);
    expect((await rows()).map((row) => row.action)).toContain(audit);
    for (const row of await rows()) expect(row).toMatchObject({ actor_kind: 'api_key' });
  });
});

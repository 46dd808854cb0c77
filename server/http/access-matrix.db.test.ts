// Every procedure × who calls × whose things, by REST, tRPC and batches, generated from the router. What a caller may do
// is said here from the tables of roles and scopes; what the doors answer is compared with it. A new procedure joins by
// its line in testing/walks.ts.
import { beforeAll, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { KEY_SCOPES, ROLE_SCOPES, type Scope } from '#server/auth/index.ts';
import {
  type Answer,
  audienceOf,
  bearer,
  type Door,
  isForPeople,
  openDoors,
  paths,
  procedures,
} from './testing/doors.ts';
import { makeFilledTenant } from './testing/filled-tenant.ts';
import { CRON_SECRET, makeKey, makeSession, openWeb } from './testing/index.ts';
import { ANSWERS_ALL, INPUTS, type Input, type Names } from './testing/walks.ts';

const db = await testDatabase();
// No more than one machine asks here, and as fast as it can.
const web = await openWeb(db, { rates: { tenantPerSecond: 100_000, addressPerSecond: 100_000 } });
const { viaRest, viaTrpc } = openDoors(db, web);

type Caller = {
  name: string;
  kind: 'person' | 'key' | 'nobody';
  /** What its role or its key allows in its tenant. */
  scopes: readonly Scope[];
  isInstanceOperator?: boolean;
  headers: Record<string, string>;
};

async function callersOf(tenant: { id: string }): Promise<Caller[]> {
  const person = async (role: 'viewer' | 'operator' | 'admin', isInstanceOperator = false): Promise<Caller> => {
    const cookie = await makeSession(db, tenant, role);
    if (isInstanceOperator)
      await db.owner`update users set is_instance_operator = true where id = (select user_id from sessions order by id desc limit 1)`;
    const name = isInstanceOperator ? 'instance operator' : role;
    const headers = { cookie, origin: web.baseUrl };
    return { name, kind: 'person', scopes: ROLE_SCOPES[role], isInstanceOperator, headers };
  };
  const key = async (name: string, scopes: readonly Scope[]): Promise<Caller> => ({
    ...{ name, kind: 'key', scopes, headers: bearer(await makeKey(db, tenant, scopes)) },
  });
  return [
    await person('viewer'),
    await person('operator'),
    await person('admin'),
    await person('viewer', true),
    await key('key with all scopes', KEY_SCOPES),
    await key(
      'key that reads',
      KEY_SCOPES.filter((scope) => scope.endsWith(':read')),
    ),
    await key('key without scopes', []),
  ];
}
const NOBODIES: Caller[] = [
  { name: 'cron secret', kind: 'nobody', scopes: [], headers: bearer(CRON_SECRET) },
  { name: 'cron secret in its header', kind: 'nobody', scopes: [], headers: { 'x-cron-secret': CRON_SECRET } },
  { name: 'nobody', kind: 'nobody', scopes: [], headers: {} },
];

let mine: Names;
let theirs: Names;
let asleep: Names;
let callers: Caller[];
let suspended: Caller[];

beforeAll(async () => {
  const [a, b, c] = [
    await makeFilledTenant(db, 'mine'),
    await makeFilledTenant(db, 'theirs'),
    await makeFilledTenant(db, 'asleep'),
  ];
  [mine, theirs, asleep] = [a.names, b.names, c.names];
  callers = await callersOf(a.tenant);
  suspended = await callersOf(c.tenant);
  await db.owner`update tenants set status = 'suspended' where id = ${c.tenant.id}`;
});

const scopeOf = (path: string) => procedures.find((one) => one.path === path)!.meta.scope as Scope;
const isOfInstance = (scope: Scope) => /^(tenants|instance):/.test(scope);

/** The rule, from the tables alone. */
function mayCall(caller: Caller, path: string): boolean {
  const scope = scopeOf(path);
  if (caller.kind === 'nobody') return false;
  if (caller.kind === 'key') return !isForPeople(path) && (scope === 'account:read' || caller.scopes.includes(scope));
  if (scope.startsWith('account:')) return true;
  return isOfInstance(scope) ? caller.isInstanceOperator === true : caller.scopes.includes(scope);
}

const codeOf = (answer: Answer): string => {
  // What a request came to may be told in a field of this name, too.
  const body = answer.body as { code?: string; error?: { data?: { code: string } } };
  return body.code ?? body.error?.data?.code ?? '';
};
const refusals = new Set([401, 403]);
/** What an operation itself says with 403 to those who may ask: a password guessed wrong, a way into a tenant asleep. */
const ITS_OWN = new Set([
  ...['accounts.changePassword PASSWORD_WRONG', 'accounts.switchTenant TENANT_SUSPENDED'],
  // Nobody made the keys here, and none of the people asked for the change.
  ...['approve', 'reject', 'withdraw'].map((verb) => `approvals.${verb} APPROVAL_PERSON_UNKNOWN`),
  ...['approvals.approve APPROVAL_BY_KEY', 'approvals.withdraw APPROVAL_NOT_YOURS'],
]);
const DOORS: [string, Door][] = [
  ['REST', viaRest],
  ['tRPC', viaTrpc],
];

/** Null when the answer is what the rule says. */
function fault(
  caller: Caller,
  path: string,
  answer: Answer,
  expected: 'refused' | 'answered' | 'not found',
): string | null {
  const says = `${answer.status} ${codeOf(answer)}`;
  if (answer.status >= 500 && answer.status !== 502) return `failed: ${says}`;
  if (expected === 'refused') {
    const status = caller.kind === 'nobody' ? 401 : 403;
    return answer.status === status ? null : `should be refused with ${status}: ${says}`;
  }
  if (ITS_OWN.has(`${path} ${codeOf(answer)}`)) return null;
  if (refusals.has(answer.status)) return `may do this and was refused: ${says}`;
  if (expected === 'not found' && !ANSWERS_ALL.includes(path) && answer.status !== 404) return `should be 404: ${says}`;
  return null;
}

function leak(answer: Answer, input: Input): string | null {
  const [text, said] = [JSON.stringify(answer.body).toLowerCase(), JSON.stringify(input).toLowerCase()];
  const secrets = [...Object.values(theirs), `a row of ${theirs.slug}`, `event of ${theirs.slug}`];
  const found = secrets.find((secret) => !said.includes(secret.toLowerCase()) && text.includes(secret.toLowerCase()));
  return found === undefined ? null : `gives away "${found}"`;
}

type Whose = 'own' | 'other' | 'suspended';
async function walk(path: string, whose: Whose): Promise<string[]> {
  const wrong: string[] = [];
  const names = { own: mine, other: theirs, suspended: asleep }[whose];
  const [input] = INPUTS[path]!(names);
  for (const caller of whose === 'suspended' ? suspended : [...callers, ...NOBODIES]) {
    const isAllowed =
      mayCall(caller, path) && (whose !== 'suspended' || (caller.kind === 'person' && audienceOf(path) !== 'tenant'));
    for (const [door, ask] of DOORS) {
      const answer = await ask(path, input!, caller.headers);
      const expected = !isAllowed ? 'refused' : whose === 'other' ? 'not found' : 'answered';
      const said = fault(caller, path, answer, expected) ?? (whose === 'other' ? leak(answer, input!) : null);
      if (said !== null) wrong.push(`${caller.name} by ${door}: ${said}`);
    }
  }
  return wrong;
}

/** The instance's operators have power over every tenant; theirs come last, because they use it. */
const ofTenants = paths.filter((path) => audienceOf(path) !== 'instance');
const ofInstance = paths.filter((path) => audienceOf(path) === 'instance');

describe.each(['other', 'own', 'suspended'] as const)('with the things of the %s tenant', (whose) => {
  it.each(ofTenants)('%s answers those who may and refuses all others', async (path) => {
    expect(await walk(path, whose)).toEqual([]);
  });
});

describe('in a batch', () => {
  const queries = ofTenants.filter((path) => procedures.find((one) => one.path === path)!.type === 'query');
  const batches = Array.from({ length: Math.ceil(queries.length / 20) }, (_, n) => queries.slice(n * 20, n * 20 + 20));

  it("each call is answered or refused as it is alone, and none gives away another tenant's things", async () => {
    const wrong: string[] = [];
    for (const caller of [...callers, ...NOBODIES])
      for (const batch of batches) {
        const inputs = batch.map((path) => INPUTS[path]!(theirs)[0]!);
        const input = encodeURIComponent(JSON.stringify(Object.fromEntries(inputs.entries())));
        const response = await web.fetch(`/trpc/${batch.join(',')}?batch=1&input=${input}`, {
          headers: caller.headers,
        });
        const answers = (await response.json()) as { error?: { data: { httpStatus: number } } }[];
        for (const [index, path] of batch.entries()) {
          const answer = { status: answers[index]?.error?.data.httpStatus ?? 200, body: answers[index] };
          const said =
            fault(caller, path, answer, mayCall(caller, path) ? 'not found' : 'refused') ??
            leak(answer, inputs[index]!);
          if (said !== null) wrong.push(`${path} for ${caller.name}: ${said}`);
        }
      }
    expect(wrong).toEqual([]);
  });
});

describe('what is for the instance alone', () => {
  it.each(ofInstance)('%s answers its operators and refuses all others', async (path) => {
    const wrong: string[] = [];
    const [input] = INPUTS[path]!(asleep);
    for (const caller of [...callers, ...NOBODIES])
      for (const [door, ask] of DOORS) {
        const answer = await ask(path, input!, caller.headers);
        const said = fault(caller, path, answer, mayCall(caller, path) ? 'answered' : 'refused');
        if (said !== null) wrong.push(`${caller.name} by ${door}: ${said}`);
      }
    expect(wrong).toEqual([]);
  });
});

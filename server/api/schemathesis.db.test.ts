// An outside program reads the OpenAPI document and tries what it allows and what it forbids, as each kind of caller on
// a tenant of its own: nothing may fail, and no answer may be one that the document does not name.
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findSchemathesis } from '#db/testing/components.ts';
import { requireComponent, testDatabase } from '#db/testing/index.ts';
import { KEY_SCOPES, ROLE_SCOPES, type Scope } from '#server/auth/index.ts';
import { openFolderStore } from '#server/files/index.ts';
import { makeFilledTenant, makeKey, makeSession, openWeb } from '#server/http/testing/index.ts';
import { keepAttachmentsIn } from '#server/interactions/index.ts';
import { restRoutes } from './index.ts';

const found = findSchemathesis();
const db = await testDatabase();
const web = await openWeb(db, { rates: { tenantPerSecond: 100_000, addressPerSecond: 100_000 } });

const folder = await mkdtemp(join(tmpdir(), 'mainspring-attachments-'));
keepAttachmentsIn(openFolderStore(folder));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Server errors count as failures, unless they are another system's that the request itself named. */
const CHECKS = 'not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance';
const EXAMPLES = 10;
/** What ends or stops something; it comes last, or the rest would be tried on a tenant at rest. */
const LAST = /\.(stop|suspend|revoke|disable|remove|delete|switch|discard|rotate|changePassword)/i;
/** They reach out to addresses that the tenant set; their answer is that other system's fault or merit. */
const REACHING_OUT = ['connections.test', 'alerts.testRule'];

type Options = { headers: Record<string, string>; operations: string[]; phases: string };

function tryOut({ headers, operations, phases }: Options): Promise<{ code: number | null; said: string }> {
  const args = [
    join(found!, 'bin', 'schemathesis'),
    ...['run', `${web.baseUrl}/api/v1/openapi.json`, '--checks', CHECKS, '--phases', phases],
    ...['--max-examples', String(EXAMPLES), '--seed', '1', '--generation-database', 'none', '--no-shrink'],
    ...['--suppress-health-check', 'all', '--warnings', 'off', '--request-timeout', '30', '--workers', '1'],
    ...Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`]),
    ...operations.flatMap((id) => ['--include-operation-id', id]),
  ];
  return new Promise((done) => {
    const child = spawn('python3', args, {
      env: { ...process.env, PYTHONPATH: found!, PYTHONDONTWRITEBYTECODE: '1', NO_COLOR: '1' },
      cwd: found!,
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
    });
    child.once('close', (code) => done({ code, said }));
  });
}

const routes = restRoutes().filter(({ path }) => !REACHING_OUT.includes(path));
const isForPeople = ({ meta }: (typeof routes)[number]) => meta.audience === 'person' || meta.audience === 'instance';

/** Nothing first that would spoil what comes after it. */
async function expectKept(headers: Record<string, string>, tried: typeof routes, phases: string): Promise<void> {
  const ids = tried.map(({ path }) => path);
  for (const operations of [ids.filter((id) => !LAST.test(id)), ids.filter((id) => LAST.test(id))]) {
    if (operations.length === 0) continue;
    const { code, said } = await tryOut({ headers, operations, phases });
    expect(code, said.slice(-8_000)).toBe(0);
  }
}

describe.skipIf(!requireComponent('schemathesis', found !== null, 'bin/tools schemathesis'))(
  'the API, tried out',
  () => {
    const keys: [string, readonly Scope[]][] = [
      ['viewer', ROLE_SCOPES.viewer],
      ['operator', ROLE_SCOPES.operator],
      ['admin', KEY_SCOPES],
      ['nothing', []],
    ];

    it.each(keys)(
      'keeps to its document for a key that may do what fits %s',
      async (name, scopes) => {
        const { tenant } = await makeFilledTenant(db, `tried-${name}`);
        const headers = { Authorization: `Bearer ${await makeKey(db, tenant, scopes)}` };
        // What a smaller key is refused, access-matrix.db.test.ts asks of every procedure; here some of it is enough.
        const own = routes.filter(({ meta }) => name === 'admin' || scopes.includes(meta.scope));
        await expectKept(headers, own.length > 0 ? own : routes.slice(0, 20), 'fuzzing');
      },
      600_000,
    );

    it("keeps to its document for people: their own account, and the instance's operator", async () => {
      const { tenant } = await makeFilledTenant(db, 'tried-person');
      const cookie = await makeSession(db, tenant, 'admin');
      await db.owner`update users set is_instance_operator = true where id = (select user_id from sessions order by id desc limit 1)`;
      await expectKept({ Cookie: cookie, Origin: web.baseUrl }, routes.filter(isForPeople), 'fuzzing');
    }, 600_000);
  },
);

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureSecrets } from '#db/secrets.ts';
import { testDatabase } from '#db/testing/index.ts';
import { masterKeys, openConnection, serveConnectionsWith } from '#server/connections/index.ts';
import { testContext } from '#server/connections/testing/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { createTenant, type Tenant } from '#server/tenancy/index.ts';

const db = await testDatabase();
const MAIN = fileURLToPath(new URL('./mainspring.ts', import.meta.url));
let home: string;
let tenant: Tenant;

const serveWith = (...keys: [string, ...string[]]) =>
  serveConnectionsWith({ masters: masterKeys(...keys), outbound: createOutboundClient({ allowCidrs: [] }) });
/** The command as a process of its own, which knows what an operator would give it. */
const rotate = async (env: Record<string, string> = {}) => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'secrets', 'rotate', '--json'], {
    env: { NODE_ENV: 'test', PATH: process.env.PATH, DATABASE_URL: db.ownerUrl, MAINSPRING_HOME: home, ...env },
  });
  return JSON.parse(stdout) as { keyId: string; isNew: boolean; resealed: number; remaining: number };
};
const read = async () => (await openConnection(testContext(db.app, tenant), 'hook', 'webhook')).secrets;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'mainspring-rotate-'));
  afterAll(() => rm(home, { recursive: true, force: true }));
  tenant = await createTenant(db.owner, { slug: 'mine', name: 'Mine' });
  serveWith((await ensureSecrets(home)).encryptionKey);
  const { createCaller } = await import('#server/api/index.ts');
  const context = testContext(db.app, tenant);
  const caller = createCaller({
    ...{ pool: db.app, requestId: 'test', log: context.log, idempotencyKey: null },
    caller: { credential: 'api_key', actor: context.actor, userName: '', tenant },
  });
  await caller.connections.create({
    ...{ name: 'hook', kind: 'webhook' },
    secrets: { url: 'https://93.184.215.14/path', signingSecret: 'kept' },
  });
});

// Each rotation is a process of its own, which takes seconds to start on a busy machine.
describe('mainspring secrets rotate', { timeout: 120_000 }, () => {
  it("seals everything anew with the home's key, and the servers go on reading", async () => {
    const first = await rotate();
    expect(first).toMatchObject({ isNew: true, resealed: 1, remaining: 0 });
    expect(await read()).toEqual({ url: 'https://93.184.215.14/path', signingSecret: 'kept' });
    expect((await rotate()).keyId).not.toBe(first.keyId);
  });

  it('moves to a new ENCRYPTION_KEY when it is given the old one too', async () => {
    const old = (await ensureSecrets(home)).encryptionKey;
    const next = 'the next encryption key, of 32 characters';
    await rotate({ ENCRYPTION_KEY: next, ENCRYPTION_KEY_OLD: old });
    serveWith(next);
    expect((await read()).signingSecret).toBe('kept');
    await expect(rotate()).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('SECRETS_UNAVAILABLE') });
  });
});

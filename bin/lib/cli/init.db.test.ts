import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { findReset } from '#server/accounts/index.ts';
import { authenticate, signIn } from '#server/auth/index.ts';

const rootDir = resolve(fileURLToPath(new URL('../../..', import.meta.url)));
const linked = await testDatabase();
const scripted = await testDatabase();

type Said = { code: number | null; out: string; err: string };

/** Runs the command beside a database, as a shell would. */
function mainspring(databaseUrl: string, args: string[], input = ''): Promise<Said> {
  const child = spawn(process.execPath, [join(rootDir, 'bin/lib/cli/mainspring.ts'), ...args], {
    env: { NODE_ENV: 'test', PATH: process.env.PATH ?? '', DATABASE_URL: databaseUrl, PUBLIC_URL: 'https://m.example' },
  });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.err += chunk;
  });
  child.stdin.end(input);
  return new Promise((done) => child.on('close', (code) => done({ code, ...said })));
}

const INIT = ['init', '--email', 'Root@Example.org', '--tenant', 'acme'];
const asKey = (key: string) => authenticate(linked.app, new Headers({ 'x-api-key': key }), 600);

describe('mainspring init', () => {
  it('makes the instance operator, the first tenant and its admin, and a link that chooses the password', async () => {
    const said = await mainspring(linked.ownerUrl, INIT);
    expect([said.err, said.code]).toEqual(['', 0]);
    const link = /https:\/\/m\.example\/reset\?token=([\w-]{43})/.exec(said.out);
    expect(await findReset(linked.app, link?.[1] ?? '')).toEqual({ email: 'root@example.org' });
    const rows = await linked.owner`select u.email, u.is_instance_operator as "isOperator", m.role, t.slug from users u
      join memberships m on m.user_id = u.id join tenants t on t.id = m.tenant_id`;
    expect(rows).toEqual([{ email: 'root@example.org', isOperator: true, role: 'admin', slug: 'acme' }]);
  });

  it('refuses a second time, with another name as well, and changes nothing', async () => {
    for (const args of [INIT, ['init', '--email', 'evil@example.org', '--tenant', 'evil']])
      expect(await mainspring(linked.ownerUrl, args)).toEqual({
        ...{ code: 1, out: '' },
        err: 'mainspring: root@example.org is the instance operator already: nothing was changed (ALREADY_INITIALISED)\n',
      });
    const [row] = await linked.owner`select (select count(*)::int from users) as users,
      (select count(*)::int from tenants) as tenants`;
    expect(row).toEqual({ users: 1, tenants: 1 });
  });

  it('takes a password from standard input, and another person as the first admin, by invite', async () => {
    const password = 'a spring that is wound';
    const more = ['--password-stdin', '--admin-email', 'first@example.org', '--json'];
    const weak = await mainspring(scripted.ownerUrl, [...INIT, ...more], 'weak\n');
    expect(weak).toMatchObject({ code: 1, err: expect.stringContaining('PASSWORD_WEAK') });
    const said = await mainspring(scripted.ownerUrl, [...INIT, ...more], `${password}\n`);
    expect(JSON.parse(said.out)).toMatchObject({
      ...{ operator: 'root@example.org', tenant: { slug: 'acme' }, passwordLink: null },
      adminLink: expect.stringMatching(/^https:\/\/m\.example\/invite\?token=/),
    });
    const attempt = { email: 'root@example.org', password, address: null, userAgent: 'test', lifetimeSeconds: 60 };
    expect((await signIn(scripted.app, attempt)).token).toMatch(/^[\w-]{43}$/);
    expect(said.out + said.err).not.toContain(password);
  });

  it.each([
    [['init', '--tenant', 'acme'], 'needs --email'],
    [['init', '--email', 'x', '--tenant', 'acme'], 'not "x"'],
    [['init', '--email', 'x@example.org'], 'needs --tenant'],
  ])('says what is missing: %j', async (args, words) => {
    expect(await mainspring(linked.ownerUrl, args)).toMatchObject({ code: 2, err: expect.stringContaining(words) });
  });
});

describe('mainspring key create', () => {
  it('prints a key of the tenant that works, beside the database', async () => {
    const args = ['key', 'create', '--name', 'ci', '--scope', 'runs:read', '--expires-in-days', '7'];
    const said = await mainspring(linked.ownerUrl, args);
    expect([said.err, said.code]).toEqual(['', 0]);
    expect(await asKey(said.out.trim())).toMatchObject({ tenant: { slug: 'acme' }, actor: { scopes: ['runs:read'] } });
    const [row] = await linked.owner<
      { days: number }[]
    >`select round(extract(epoch from expires_at - now()) / 86400)::int as days
      from api_keys where name = 'ci'`;
    expect(row?.days).toBe(7);
  });

  it.each([
    [['--scope', 'runs:read'], 'needs --name'],
    [['--name', 'x'], 'needs --scope'],
    [['--name', 'x', '--scope', 'everything'], 'no scope "everything"'],
    [['--name', 'x', '--scope', 'runs:read', '--tenant', 'nowhere'], 'no tenant "nowhere"'],
    [['--name', 'x', '--scope', 'runs:read', '--expires-in-days', '0'], 'not "0"'],
  ])('says what is wrong: %j', async (args, words) => {
    expect(await mainspring(linked.ownerUrl, ['key', 'create', ...args])).toMatchObject({
      ...{ code: 2, out: '', err: expect.stringContaining(words) },
    });
  });
});

// Git for real: isomorphic-git against git's own HTTP backend on this machine.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import git from 'isomorphic-git';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireComponent } from '#db/testing/index.ts';
import { createOutboundClient, gitHttp } from './index.ts';

const hasGit = spawnSync('git', ['http-backend'], { env: { ...process.env, PATH_INFO: '' } }).error === undefined;
const root = mkdtempSync(join(tmpdir(), 'mainspring-git-'));
const TOKEN = 'the-token-of-the-test';
const author = { name: 'Test', email: 'test@example.org' };
const run = (cwd: string, ...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=Test', '-c', 'user.email=test@example.org', ...args], { cwd, stdio: 'pipe' });

/** One CGI call, as a web server makes it: headers of the answer until an empty line, then its body. */
async function backend(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname.startsWith('/moved/'))
    return void response.writeHead(302, { Location: `${url.pathname.slice(6)}${url.search}` }).end();
  const expected = `Basic ${Buffer.from(`token:${TOKEN}`).toString('base64')}`;
  if (url.pathname.startsWith('/private.git') && request.headers.authorization !== expected)
    return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
  const child = spawn('git', ['http-backend'], {
    env: {
      ...{
        NODE_ENV: 'test',
        PATH: process.env.PATH,
        GIT_PROJECT_ROOT: root,
        GIT_HTTP_EXPORT_ALL: '1',
        REMOTE_USER: 'test',
      },
      ...{ PATH_INFO: url.pathname, QUERY_STRING: url.search.slice(1), REQUEST_METHOD: request.method },
      ...{
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: request.headers['content-length'] ?? '',
      },
    },
  });
  request.pipe(child.stdin);
  const output = Buffer.concat((await child.stdout.toArray()) as Buffer[]);
  const end = output.indexOf('\r\n\r\n');
  const headers = output
    .subarray(0, end)
    .toString()
    .split('\r\n')
    .map((line) => line.split(/:\s*/, 2));
  const status = headers.find(([name]) => name === 'Status')?.[1];
  for (const [name = '', value = ''] of headers) if (name !== 'Status') response.setHeader(name, value);
  response.writeHead(Number(status?.slice(0, 3) ?? 200)).end(output.subarray(end + 4));
}

describe.skipIf(!requireComponent('git', hasGit, 'apt-get install git'))('git over http', () => {
  let connections = 0;
  const server = createServer((request, response) => void backend(request, response));
  server.on('connection', () => {
    connections += 1;
  });
  let base: string;
  const allowed = createOutboundClient({ allowCidrs: ['127.0.0.1/32'] });
  const http = gitHttp(allowed, { trust: 'tenant' });
  const folder = (name: string) => join(root, name);

  beforeAll(async () => {
    for (const name of ['public.git', 'private.git']) {
      run(root, 'init', '--quiet', '--bare', '--initial-branch=main', name);
      run(folder(name), 'config', 'http.receivepack', 'true');
    }
    run(root, 'clone', '--quiet', folder('public.git'), 'seed');
    writeFileSync(join(folder('seed'), 'pipeline.yaml'), 'kind: pipeline\n');
    run(folder('seed'), 'checkout', '--quiet', '-B', 'main');
    run(folder('seed'), 'add', '.');
    run(folder('seed'), 'commit', '--quiet', '-m', 'seed');
    for (const name of ['public.git', 'private.git']) run(folder('seed'), 'push', '--quiet', folder(name), 'main');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    allowed.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(root, { recursive: true, force: true });
  });

  it('clones what git stored, and git reads what was pushed', async () => {
    const dir = folder('work');
    await git.clone({ fs, http, dir, url: `${base}/public.git`, singleBranch: true, depth: 1 });
    expect(readFileSync(join(dir, 'pipeline.yaml'), 'utf8')).toBe('kind: pipeline\n');
    writeFileSync(join(dir, 'pipeline.yaml'), 'kind: pipeline\nversion: "1.0"\n');
    await git.add({ fs, dir, filepath: 'pipeline.yaml' });
    await git.commit({ fs, dir, message: 'a change', author });
    const pushed = await git.push({ fs, http, dir, ref: 'main' });
    expect(pushed.ok).toBe(true);
    expect(run(folder('public.git'), 'show', 'main:pipeline.yaml').toString()).toContain('version: "1.0"');
  });

  it('signs in with a token, and says when it is refused', async () => {
    const url = `${base}/private.git`;
    const info = await git.getRemoteInfo({ http, url, onAuth: () => ({ username: 'token', password: TOKEN }) });
    expect(info.refs?.heads?.main).toMatch(/^[0-9a-f]{40}$/);
    const refused = git.getRemoteInfo({ http, url, onAuth: () => ({ username: 'token', password: 'wrong' }) });
    await expect(refused).rejects.toMatchObject({ code: 'HttpError', data: { statusCode: 401 } });
  });

  it('does not follow a redirect', async () => {
    const moved = git.getRemoteInfo({ http, url: `${base}/moved/public.git` });
    await expect(moved).rejects.toMatchObject({ code: 'HttpError', data: { statusCode: 302 } });
  });

  it('makes no connection to where a tenant may not go', async () => {
    const closed = createOutboundClient({ allowCidrs: [] });
    const before = connections;
    const refused = git.getRemoteInfo({ http: gitHttp(closed, { trust: 'tenant' }), url: `${base}/public.git` });
    await expect(refused).rejects.toMatchObject({ code: 'ADDRESS_REFUSED' });
    expect(connections).toBe(before);
  });

  it('refuses a pack that is too large, rather than reading a part of it', async () => {
    const small = gitHttp(allowed, { trust: 'tenant', maxPackBytes: 100 });
    const clone = git.clone({ fs, http: small, dir: folder('too-large'), url: `${base}/public.git` });
    await expect(clone).rejects.toMatchObject({ code: 'OUTBOUND_UNREACHABLE' });
  });
});

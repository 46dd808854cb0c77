// A real Git server for tests: git's own HTTP backend behind a small server on this machine.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const GIT_TOKEN = 'the-token-of-the-git-server';

export type GitServer = Awaited<ReturnType<typeof openGitServer>>;

/** Listens until `close`. Repositories whose name begins with "private" want the token. */
export async function openGitServer() {
  const root = mkdtempSync(join(tmpdir(), 'mainspring-gitops-'));
  const run = (cwd: string, ...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', ...args], { cwd, stdio: 'pipe' })
      .toString()
      .trim();
  let trickled = 0;
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/trickling/')) return trickle(response, () => (trickled += 1));
    answer(root, request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  /** A bare repository that is served, with a work tree beside it; nothing is committed yet. */
  function makeRepository(name: string) {
    const bare = join(root, `${name}.git`);
    const work = join(root, `${name}-work`);
    run(root, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
    run(root, 'init', '--quiet', '--initial-branch=main', work);
    const push = () => {
      run(work, 'push', '--quiet', bare, 'HEAD:refs/heads/main');
      return run(work, 'rev-parse', 'HEAD');
    };
    return {
      url: `${baseUrl}/${name}.git`,
      work,
      git: (...args: string[]) => run(work, ...args),
      /** Writes files (null removes one), commits and pushes them; the commit's id. */
      commit(files: Record<string, string | null>, message = 'A change') {
        for (const [path, text] of Object.entries(files)) {
          const file = join(work, path);
          if (text === null) rmSync(file, { recursive: true });
          else {
            mkdirSync(dirname(file), { recursive: true });
            writeFileSync(file, text);
          }
        }
        run(work, 'add', '--all');
        run(work, 'commit', '--quiet', '--message', message);
        return push();
      },
      /** Writes an object as it is, which git itself would not make, and has the branch point at it; its id. */
      pushObject(type: string, content: string) {
        writeFileSync(join(work, '.git', 'object'), content);
        const id = run(work, 'hash-object', '-t', type, '-w', '--literally', join(work, '.git', 'object'));
        run(work, 'push', '--quiet', '--force', bare, `${id}:refs/heads/main`);
        return id;
      },
      /** Takes the newest commit back by another. */
      revert() {
        run(work, 'revert', '--no-edit', 'HEAD');
        return push();
      },
    };
  }

  return {
    baseUrl,
    makeRepository,
    /** Bytes that were given one by one. */
    trickled: () => trickled,
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** An answer that goes on for ever, a byte at a time, so that it is never silent for long. */
function trickle(response: ServerResponse, count: () => void): void {
  response.writeHead(200, { 'Content-Type': 'application/x-git-upload-pack-advertisement' });
  const timer = setInterval(() => {
    response.write('0');
    count();
  }, 50);
  response.on('close', () => clearInterval(timer));
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (url.pathname.startsWith('/moved/'))
    return void response.writeHead(301, { Location: `${url.pathname.slice(6)}${url.search}` }).end();
  if (url.pathname.startsWith('/broken/')) return void response.writeHead(500).end('out of order');
  if (url.pathname.startsWith('/page/')) return void response.writeHead(200).end('<h1>A web page</h1>');
  const expected = `Basic ${Buffer.from(`token:${GIT_TOKEN}`).toString('base64')}`;
  if (url.pathname.startsWith('/private') && request.headers.authorization !== expected)
    return void response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end();
  if (url.pathname.startsWith('/mislabelled/')) {
    const place = new URL(`${url.pathname.slice(12)}${url.search}`, url);
    return asCgi(root, place, request, response, request.method === 'POST' ? { 'Content-Type': 'text/plain' } : {});
  }
  await asCgi(root, url, request, response);
}

/** As a web server calls a CGI program: it answers with headers, an empty line and the body. */
async function asCgi(
  root: string,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
  instead: Record<string, string> = {},
): Promise<void> {
  const child = spawn('git', ['http-backend'], {
    env: {
      ...{ NODE_ENV: 'test', PATH: process.env.PATH, GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1' },
      ...{ PATH_INFO: url.pathname, QUERY_STRING: url.search.slice(1), REQUEST_METHOD: request.method },
      ...{
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        CONTENT_LENGTH: request.headers['content-length'] ?? '',
      },
    },
  });
  request.pipe(child.stdin);
  // git may end before it has read all that was sent.
  child.stdin.on('error', () => {});
  const output = Buffer.concat((await child.stdout.toArray()) as Buffer[]);
  const end = output.indexOf('\r\n\r\n');
  const headers = output
    .subarray(0, end)
    .toString()
    .split('\r\n')
    .map((line) => line.split(/:\s*/, 2));
  const status = headers.find(([name]) => name === 'Status')?.[1];
  for (const [name = '', value = ''] of headers) if (name !== 'Status') response.setHeader(name, value);
  response.writeHead(Number(status?.slice(0, 3) ?? 200), instead).end(output.subarray(end + 4));
}

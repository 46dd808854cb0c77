import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

type Entry = {
  version?: string;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  optionalDependencies?: Record<string, string>;
};
const lockFile = new URL('../../package-lock.json', import.meta.url);
const packages = (JSON.parse(readFileSync(lockFile, 'utf8')) as { packages: Record<string, Entry> }).packages;

/** As Node looks a package up: in the package's own node_modules, then in each folder above. */
function findEntry(from: string, name: string): Entry | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('node_modules/') - 1))) {
    const entry = packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`];
    if (entry || folder === '') return entry;
  }
}

describe('package-lock.json', () => {
  // npm leaves out what its registry did not have when the file was written, and then "npm ci" refuses the file
  // with "Missing: … from lock file" on every machine.
  it('names the optional packages of every platform, so that npm ci takes it', () => {
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {})
        .filter((name) => !findEntry(path, name))
        .map((name) => `${name} (of ${path})`),
    );
    expect(missing).toEqual([]);
  });

  it('points at no registry, so that every machine asks its own', () => {
    const resolved = Object.entries(packages).filter(([, entry]) => 'resolved' in entry);
    expect(resolved).toEqual([]);
  });
});

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findViolations, readSources } from './ladder.ts';

/** The messages for one file with one import. */
const judge = (path: string, text: string) => findViolations([{ path, text }]).map(({ message }) => message);

describe('the import ladder', () => {
  it('holds in every source file of the repository', () => {
    const sources = readSources(fileURLToPath(new URL('../..', import.meta.url)));
    expect(sources.length).toBeGreaterThan(50);
    expect(findViolations(sources)).toEqual([]);
  });

  it('lets a room import one above it through its index', () => {
    expect(judge('server/runs/claim.ts', `import { lock } from '#server/lib/index.ts';`)).toEqual([]);
    expect(judge('server/runs/claim.ts', `import { states } from './states.ts';`)).toEqual([]);
    expect(judge('workers/worker.ts', `import { claim } from '#server/runs/index.ts';`)).toEqual([]);
  });

  it('refuses a room that imports one below it, in whatever form', () => {
    const forms = [
      `import { replay } from '#server/runs/index.ts';`,
      `import type { Run } from '#server/runs/index.ts';`,
      `export { replay } from '#server/runs/index.ts';`,
      `const runs = await import('#server/runs/index.ts');`,
      `type Run = import('#server/runs/index.ts').Run;`,
    ];
    for (const form of forms) {
      expect(judge('server/dlq/park.ts', form)).toEqual([expect.stringContaining('dlq/ stands above runs/')]);
    }
  });

  it('refuses to go past the door of a room, or into it by a relative path', () => {
    expect(judge('server/runs/a.ts', `import { x } from '#server/dlq/park.ts';`)[0]).toContain('through its index.ts');
    expect(judge('server/runs/a.ts', `import { x } from '../dlq/index.ts';`)[0]).toContain('leaves the room runs/');
    expect(judge('workers/a.ts', `import { x } from '#server/dlq/park.ts';`)[0]).toContain('through its index.ts');
  });

  it('refuses a room that nobody has put on the ladder', () => {
    expect(judge('server/surprise/a.ts', `import { x } from '#server/lib/index.ts';`)[0]).toContain(
      'no place on the ladder',
    );
  });

  it('lets pages take types from the server, and nothing that runs', () => {
    expect(judge('app/api.ts', `import type { Api } from '#server/web/index.ts';`)).toEqual([]);
    expect(judge('app/api.ts', `import { type Api } from '#server/web/index.ts';`)[0]).toContain('only types');
    expect(judge('app/api.ts', `import type { Pool } from '#db/client.ts';`)[0]).toContain('no database');
  });

  it('lets nothing import pages, workers or commands, and the database nothing of ours', () => {
    expect(judge('server/web/a.ts', `import App from '#app/root.tsx';`)[0]).toContain('nothing imports app/');
    expect(judge('server/main.ts', `import { run } from '../workers/worker.ts';`)[0]).toContain('leaves server/');
    expect(judge('server/main.ts', `import { run } from '#workers/worker.ts';`)[0]).toContain(
      'nothing imports workers/',
    );
    expect(judge('db/a.ts', `import { x } from '#server/lib/index.ts';`)[0]).toContain('imports nothing of ours');
    expect(judge('e2e/a.ts', `import { x } from '#server/lib/index.ts';`)[0]).toContain('speaks HTTP');
  });

  it('lets the client take only types, of the API alone, and its users take it by its name', () => {
    expect(judge('client/a.ts', `import type { AppRouter } from '#server/api/index.ts';`)).toEqual([]);
    expect(judge('client/a.ts', `import { appRouter } from '#server/api/index.ts';`)[0]).toContain('only types');
    expect(judge('client/a.ts', `import type { Tx } from '#server/lib/index.ts';`)[0]).toContain('only of server/api');
    expect(judge('bin/lib/cli/a.ts', `import { x } from '../../../client/index.ts';`)[0]).toContain(
      "'mainspring/client'",
    );
  });

  it("lets tests, and only tests, take a room's or the workers' testing door", () => {
    for (const [door, from] of [
      ['#server/runs/testing/index.ts', 'workers/a'],
      ['#workers/testing/installation.ts', 'client/a'],
    ]) {
      expect(judge(`${from}.db.test.ts`, `import { x } from '${door}';`)).toEqual([]);
      expect(judge(`${from}.ts`, `import { x } from '${door}';`)).toHaveLength(1);
    }
  });

  it('lets what tests are made with be made with that of a room below, by its door alone', () => {
    const from = 'server/gitops/testing/a.ts';
    expect(judge(from, `import { x } from '#server/http/testing/index.ts';`)).toEqual([]);
    expect(judge(from, `import { x } from '#server/http/testing/api.ts';`)).toHaveLength(1);
    expect(judge(from, `import { x } from '#server/http/index.ts';`)).toHaveLength(1);
  });

  it('keeps configuration an argument: only entries read the environment', () => {
    expect(judge('server/main.ts', `import { env } from '#server/env.ts';`)).toEqual([]);
    expect(judge('server/runs/a.ts', `import { env } from '#server/env.ts';`)[0]).toContain(
      'configuration is an argument',
    );
    expect(judge('server/runs/a.ts', `import type { Environment } from '#server/env.ts';`)).toEqual([]);
  });
});

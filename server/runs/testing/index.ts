// What the database tests of runs share: a tenant with a folder, pipelines in a few words, and a runner that
// works through the queue in the test's own process.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { openPool } from '#db/client.ts';
import type { TestDatabase } from '#db/testing/index.ts';
import { createLogger, transaction } from '#server/lib/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { type Ctx, createTenant, findTenantData, type TenantData } from '#server/tenancy/index.ts';
import {
  type ClaimedRun,
  claimRuns,
  createHeartbeat,
  createRunControl,
  type ExecuteDeps,
  executeRun,
  getRun,
  type Outcome,
  type RunControl,
  startRun,
} from '../index.ts';

type Node = { id: string; kind: string; inputs?: string[]; config: Record<string, unknown> };
export type Pipeline = { nodes: Node[]; policies?: object; errorHandling?: object; parameters?: object };

/** Retries at once, so that no test waits. */
export const RETRY = (maxAttempts: number) => ({
  maxAttempts,
  backoff: { initialSeconds: 0, factor: 1, maxSeconds: 0 },
});

/** `src -> tgt`, a table copied into another. */
export const copyTable = (from: string, to: string, mode = 'append'): Node[] => [
  { id: 'src', kind: 'source', config: { type: 'table', table: from } },
  { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: to, mode } },
];

/** `src -> tgt`, files into a table. */
export const loadFiles = (
  path: string,
  format: 'csv' | 'ndjson',
  columns: Record<string, string>,
  to = 'loaded',
): Node[] => [
  {
    id: 'src',
    kind: 'source',
    config: { type: 'file', format, path, columns: Object.entries(columns).map(([name, type]) => ({ name, type })) },
  },
  { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: to, mode: 'append' } },
];

export type Workshop = Awaited<ReturnType<typeof openWorkshop>>;

/** A tenant of its own in the test file's database. */
export async function openWorkshop(db: TestDatabase, slug: string) {
  const tenant = await createTenant(db.owner, { slug, name: slug });
  const data: TenantData = await transaction(db.owner, { tenantId: tenant.id }, (tx) => findTenantData(tx, tenant.id));
  const filesDir = await mkdtemp(join(tmpdir(), 'mainspring-files-'));
  afterAll(() => rm(filesDir, { recursive: true, force: true }));
  const log = createLogger({ level: 'silent', tier: 'test' });
  const actor = { kind: 'system', id: 'test' } as const;
  const ctx: Ctx = { pool: db.app, tenant, actor, requestId: 'test', log };
  const openWork = () => openPool({ url: db.workerUrl, max: 1, applicationName: 'test run', prepare: false });
  const deps: ExecuteDeps = { pool: db.worker, openWork, filesDir, log };

  const root = join(filesDir, slug);
  const claim = async (options: { runner?: string; leaseMs?: number } = {}): Promise<ClaimedRun> => {
    const [claimed] = await claimRuns(db.worker, { runner: 'test', leaseMs: 30_000, limit: 1, ...options });
    if (!claimed) throw new Error('there was nothing to claim');
    return claimed;
  };
  const execute = (claimed: ClaimedRun, extra: Partial<ExecuteDeps> = {}, control: RunControl = createRunControl()) =>
    executeRun({ ...deps, ...extra }, claimed, control, () => {});

  return {
    ...{ tenant, data, ctx, deps, root, claim, execute },
    /** Statements as the tenant's role, in its schema. */
    async sql(statements: string): Promise<Record<string, unknown>[]> {
      const result = await db.owner.begin(async (tx) => {
        await tx.unsafe(`set local role "${data.roleName}"; set local search_path = "${data.schemaName}"`);
        return tx.unsafe(statements);
      });
      return [...(result as unknown as Record<string, unknown>[])];
    },
    async pipeline(name: string, pipeline: Pipeline): Promise<string> {
      const document = { kind: 'pipeline', version: '1.0', metadata: { name }, ...pipeline };
      const { id } = await createPipeline(ctx, { document });
      await publishVersion(ctx, { id });
      return id;
    },
    start: async (id: string, params: Record<string, string> = {}): Promise<string> =>
      (await startRun(ctx, { id, params })).runId,
    /** Starts, claims and executes one run of the pipeline. */
    async run(id: string, extra: Partial<ExecuteDeps> = {}) {
      const runId = await this.start(id);
      const outcome = await execute(await claim(), extra);
      return { runId, outcome, run: await getRun(ctx, { id: runId }) };
    },
    /** Executes what a loop would: with a heartbeat that hears of cancels and lost leases. */
    async executeBeating(
      claimed: ClaimedRun,
      options: { leaseMs: number; extra?: Partial<ExecuteDeps> },
    ): Promise<Outcome> {
      const heartbeat = createHeartbeat({ pool: db.worker, runner: 'test', leaseMs: options.leaseMs, log });
      const control = createRunControl();
      heartbeat.hold(claimed, control, performance.now());
      heartbeat.start();
      const outcome = await executeRun({ ...deps, ...options.extra }, claimed, control, () =>
        heartbeat.release(claimed.runId),
      );
      await heartbeat.stop();
      return outcome;
    },
    async drop(path: string, content: string | Buffer): Promise<void> {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    },
    /** All files below the tenant's folder. */
    async files(): Promise<string[]> {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
        .sort();
    },
  };
}

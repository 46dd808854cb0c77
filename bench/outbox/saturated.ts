// From the transaction that stores an event to its mark as published, while the worker is busy with a large run: the
// publisher in the worker, and as a process of its own. Both times are the database's.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Pool } from '#db/client.ts';
import { createLogger, newId, transaction } from '#server/lib/index.ts';
import { appendEvent, notifyPublishersThrough } from '#server/outbox/index.ts';
import { createPipeline, publishVersion } from '#server/pipelines/index.ts';
import { startRun } from '#server/runs/index.ts';
import { type Ctx, createTenant, findTenantData } from '#server/tenancy/index.ts';

export type Place = 'co-located' | 'split';
export type Load = 'file' | 'sql';
type Installation = {
  owner: Pool;
  app: Pool;
  ownerUrl: string;
  rolePrefix: string;
  workerPassword: string;
  home: string;
};
export type Latency = { events: number; p50Ms: number; p99Ms: number };

const EVENT_EVERY_MS = 10;
const READY_MS = 120_000;
const log = createLogger({ level: 'error', tier: 'bench' });
const script = (name: string) => fileURLToPath(new URL(`../../workers/${name}.ts`, import.meta.url));

/** A tenant with a run that reads a file of `rows` lines and one that copies as many rows in SQL. */
export async function openLoads(at: Installation, rows: number) {
  const tenant = await createTenant(at.owner, { slug: 'loads', name: 'Loads' });
  const data = await transaction(at.owner, { tenantId: tenant.id }, (tx) => findTenantData(tx, tenant.id));
  const ctx: Ctx = { ...{ pool: at.app, tenant, log, requestId: 'bench' }, actor: { kind: 'system', id: 'bench' } };
  await at.owner.begin(async (tx) => {
    await tx.unsafe(`set local role "${data.roleName}"; set local search_path = "${data.schemaName}";
      create table numbers as select n, n * 7 % 1000 as amount, 'name ' || n as name from generate_series(1, ${rows}) n`);
  });
  const columns = [
    ...[
      { name: 'n', type: 'integer' },
      { name: 'amount', type: 'integer' },
      { name: 'name', type: 'text' },
    ],
  ];
  const pipeline = async (name: Load, source: Record<string, unknown>) => {
    const nodes = [
      { id: 'src', kind: 'source', config: source },
      { id: 'tgt', kind: 'target', inputs: ['src'], config: { type: 'table', table: `${name}_out`, mode: 'append' } },
    ];
    const { id } = await createPipeline(ctx, {
      document: { kind: 'pipeline', version: '1.0', metadata: { name }, nodes },
    });
    await publishVersion(ctx, { id });
    return id;
  };
  const ids: Record<Load, string> = {
    file: await pipeline('file', { type: 'file', format: 'csv', path: 'in/*.csv', columns }),
    sql: await pipeline('sql', { type: 'table', table: 'numbers' }),
  };
  return { ctx, ids, rows };
}
export type Loads = Awaited<ReturnType<typeof openLoads>>;

/** One run of the load, with events stored beside it until it ends. */
export async function publishBeside(at: Installation, loads: Loads, load: Load, place: Place): Promise<Latency> {
  const { owner, app } = at;
  const { ctx, ids } = loads;
  await owner`truncate outbox_events, outbox_counters, outbox_publishers`;
  await owner`update outbox_lanes set owner = null, lease_until = null, low_water = 0`;
  const filesDir = join(at.home, 'files');
  if (load === 'file') await writeRows(join(filesDir, ctx.tenant.slug, 'in'), loads.rows);
  const processes = await startTier(at, filesDir, place);
  notifyPublishersThrough({ pool: app, log });
  try {
    const { runId } = await startRun(ctx, { id: ids[load], params: {} });
    const status = async () =>
      (await owner<{ status: string }[]>`select status from runs where id = ${runId}`)[0]?.status ?? 'lost';
    while ((await status()) === 'queued') await wait(20);
    const tenantId = ctx.tenant.id;
    for (let n = 0; n % 20 !== 0 || (await status()) === 'running'; n += 1) {
      await transaction(app, { tenantId }, (tx) =>
        appendEvent(tx, { tenantId, type: 'bench.v1', key: newId(), payload: { n } }),
      );
      await wait(EVENT_EVERY_MS);
    }
    const ended = await status();
    if (ended !== 'succeeded') throw new Error(`the ${load} run ended as ${ended}`);
    const left = async () =>
      (await owner<{ n: number }[]>`select count(*)::int as n from outbox_events where status <> 'published'`)[0]!.n;
    while ((await left()) > 0) await wait(50);
    const [found] = await owner<Latency[]>`with ages as (
        select extract(epoch from published_at - created_at)::float8 * 1000 as ms from outbox_events)
      select count(*)::int as events, percentile_cont(0.5) within group (order by ms) as "p50Ms",
        percentile_cont(0.99) within group (order by ms) as "p99Ms" from ages`;
    return found!;
  } finally {
    notifyPublishersThrough(null);
    await Promise.all(processes.map(end));
  }
}

async function writeRows(dir: string, rows: number): Promise<void> {
  await mkdir(dir, { recursive: true });
  const file = await open(join(dir, `${newId()}.csv`), 'w');
  await file.write('n,amount,name\n');
  for (let n = 0; n < rows; n += 10_000) {
    const lines = Array.from({ length: 10_000 }, (_, i) => `${n + i},${((n + i) * 7) % 1_000},"name ""${n + i}"""\n`);
    await file.write(lines.join(''));
  }
  await file.close();
}

/** The worker, and the publisher in it or beside it, once both are at work. */
async function startTier(at: Installation, filesDir: string, place: Place): Promise<ChildProcess[]> {
  const port = await freePort();
  const alive = join(at.home, 'outbox-publisher.alive');
  await rm(alive, { force: true });
  const shared = {
    ...{
      PATH: process.env.PATH,
      NODE_ENV: 'production' as const,
      DATABASE_URL: at.ownerUrl,
      ROLE_PREFIX: at.rolePrefix,
    },
    ...{ WORKER_PASSWORD: at.workerPassword, MAINSPRING_HOME: at.home, FILES_DIR: filesDir, LOG_LEVEL: 'error' },
    ...{ OUTBOX_LIVENESS_FILE: alive, CRON_SECRET: 'a-secret-of-the-bench', WORKER_PORT: String(port) },
  };
  const isSplit = place === 'split';
  const start = (name: string, env: Record<string, string>) =>
    spawn(process.execPath, [script(name)], { env: { ...shared, ...env }, stdio: 'inherit' });
  const processes = [start('worker', { PROCESS_NAME: `worker-${newId()}`, OUTBOX_IN_WORKER: String(!isSplit) })];
  if (isSplit) processes.push(start('outbox-publisher', { PROCESS_NAME: `publisher-${newId()}` }));
  const isReady = async () =>
    (await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    )) &&
    (await stat(alive).then(
      () => true,
      () => false,
    ));
  for (const deadline = Date.now() + READY_MS; !(await isReady()); await wait(50))
    if (Date.now() > deadline) throw new Error('worker and publisher were not ready in time');
  return processes;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

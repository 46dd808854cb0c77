// No file is lost and none is read into two successful runs, wherever the runner dies.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { finishFiles, returnStrayFiles } from '#server/files/index.ts';
import { getRun, type RunStep, reapLostRuns } from './index.ts';
import { loadFiles, openWorkshop, RETRY } from './testing/index.ts';

const db = await testDatabase();
const shop = await openWorkshop(db, 'files');
const DIE_AT = fileURLToPath(new URL('./testing/die-at.ts', import.meta.url));
let made = 0;

afterEach(async () => {
  await db.owner`delete from run_queue`;
});

async function filePipeline(maxAttempts = 3, more: object = {}) {
  made += 1;
  const [folder, table] = [`in${made}`, `loaded_${made}`];
  const nodes = loadFiles(`${folder}/*.csv`, 'csv', { id: 'integer' }, table).map((node) =>
    node.kind === 'source' ? { ...node, config: { ...node.config, ...more } } : node,
  );
  const id = await shop.pipeline(`files-${made}`, { nodes, errorHandling: { retry: RETRY(maxAttempts) } });
  const drop = (name: string, ...ids: number[]) => shop.drop(`${folder}/${name}.csv`, ['id', ...ids, ''].join('\n'));
  return { id, folder, table, drop };
}
const loaded = async (table: string) => {
  const [found] = await shop.sql(`select to_regclass('${table}') as t`);
  if (!found?.t) return [];
  return (await shop.sql(`select id from ${table} order by id`)).map((row) => Number(row.id));
};
const filesOf = async (folder: string) =>
  (await shop.files()).filter((path) => path.includes(`${folder}/`) || path.startsWith('.processing/'));
const deps = { pool: db.worker, root: shop.root, log: shop.deps.log };

async function killAt(step: RunStep, count: number): Promise<void> {
  const child = spawn(process.execPath, [DIE_AT, db.workerUrl, join(shop.root, '..'), step, String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, NODE_ENV: 'test', LOG_LEVEL: 'error' },
  });
  const [code, signal] = await once(child, 'exit');
  expect([code, signal], `the process should have died at ${step}`).toEqual([null, 'SIGKILL']);
}

/** The dead runner's lease runs out, and its run is anybody's. */
async function reap(runId: string) {
  await db.owner`update run_queue set lease_until = now() - interval '1 second' where run_id = ${runId}`;
  const counts = await reapLostRuns(db.worker);
  await db.owner`update run_queue set available_at = now()`;
  return counts;
}

/** Stops at a step for ever, with its transaction and files open: what a hung process looks like from outside. */
async function freezeAt(step: RunStep, count: number): Promise<void> {
  let left = count;
  const frozen = Promise.withResolvers<void>();
  const onStep = (now: RunStep) => {
    if (now !== step) return;
    left -= 1;
    if (left > 0) return;
    frozen.resolve();
    return new Promise<void>(() => {});
  };
  void shop.execute(await shop.claim(), { onStep });
  await frozen.promise;
}

describe('a runner that is gone', () => {
  // Four real kills; the other steps freeze in this process, which costs no start of a second one.
  it.each([
    ['killed', 'files_recorded', 1],
    ['frozen', 'file_taken', 1],
    ['killed', 'file_taken', 2],
    ['frozen', 'files_taken', 1],
    ['frozen', 'file_staged', 1],
    ['frozen', 'staged', 1],
    ['frozen', 'effect_started', 1],
    ['frozen', 'statements_done', 1],
    ['killed', 'before_commit', 1],
    ['frozen', 'committed', 1],
    ['frozen', 'file_moved', 1],
    ['killed', 'file_moved', 2],
  ] as const)('%s at %s (%i) loses no file and reads none twice', async (how, step, count) => {
    const { id, folder, table, drop } = await filePipeline();
    await drop('a', 1, 2);
    await drop('b', 3);
    await drop('c', 4);
    const runId = await shop.start(id);
    await (how === 'killed' ? killAt : freezeAt)(step, count);
    const isCommitted = step === 'committed' || step === 'file_moved';
    expect(await loaded(table)).toEqual(isCommitted ? [1, 2, 3, 4] : []);
    if (!isCommitted) {
      expect(await reap(runId)).toEqual({ retried: 1, failed: 0, cancelled: 0 });
      expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
    }
    // The pipeline's next run comes by, with a file of its own.
    await drop('d', 5);
    expect((await shop.run(id)).outcome.end).toBe('succeeded');
    expect(await loaded(table)).toEqual([1, 2, 3, 4, 5]);
    const places = await filesOf(folder);
    expect(places).toHaveLength(4);
    expect(places.every((path) => path.startsWith('.archive/'))).toBe(true);
    expect(await db.owner`select 1 from run_files where pipeline_id = ${id} and state <> 'finished'`).toHaveLength(0);
    expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'succeeded', rowsOut: 4 });
  });

  it('at its last attempt gives its files back to the inbox, by whoever sweeps', async () => {
    const { id, folder, table, drop } = await filePipeline(1);
    await drop('a', 1);
    const runId = await shop.start(id);
    await freezeAt('file_staged', 1);
    expect(await reap(runId)).toEqual({ retried: 0, failed: 1, cancelled: 0 });
    expect((await filesOf(folder)).every((path) => path.startsWith('.processing/'))).toBe(true);
    const sweeps = await Promise.all([1, 2, 3].map(() => finishFiles(deps, { tenantId: shop.tenant.id })));
    expect(sweeps.reduce((a, b) => a + b)).toBe(1);
    expect(await filesOf(folder)).toEqual([`${folder}/a.csv`]);
    expect((await shop.run(id)).run).toMatchObject({ status: 'succeeded', rowsOut: 1 });
    expect(await loaded(table)).toEqual([1]);
  });
});

describe('two runs at once', () => {
  it('share the files of one folder: each file is read by one of them', async () => {
    const { id, table, drop } = await filePipeline();
    for (let i = 1; i <= 40; i += 1) await drop(String(i).padStart(2, '0'), i);
    for (let i = 0; i < 4; i += 1) await shop.start(id);
    await db.owner`update run_queue set max_concurrent_runs = 4`;
    const claims = [];
    for (let i = 0; i < 4; i += 1) claims.push(await shop.claim());
    const outcomes = await Promise.all(claims.map((claim) => shop.execute(claim)));
    // The target is created by whichever commits first; one that lost that race is tried again.
    expect(outcomes.map((outcome) => outcome.end)).toContain('succeeded');
    for (const outcome of outcomes)
      if (outcome.end !== 'succeeded') {
        expect(outcome).toMatchObject({ end: 'retried', error: { isTransient: true } });
        expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
      }
    expect(await loaded(table)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  });
});

describe('archiving', () => {
  it('never overwrites: a second file of the same name and day stands beside the first', async () => {
    const { id, folder, drop } = await filePipeline();
    for (const number of [1, 2, 3]) {
      await drop('same', number);
      expect((await shop.run(id)).run.status).toBe('succeeded');
    }
    const places = await filesOf(folder);
    expect(places).toHaveLength(3);
    expect(places.filter((path) => /\/same\.csv$/.test(path))).toHaveLength(1);
  });

  it('does not overwrite a newer file when a failed run’s goes back to the inbox', async () => {
    const { id, folder, table, drop } = await filePipeline(1);
    await drop('a', 1);
    await shop.start(id);
    const boom = async (step: RunStep) => {
      if (step !== 'staged') return;
      await drop('a', 2);
      throw new Error('the run fails here');
    };
    expect((await shop.execute(await shop.claim(), { onStep: boom })).end).toBe('failed');
    expect(await filesOf(folder)).toHaveLength(2);
    await shop.run(id);
    expect(await loaded(table)).toEqual([1, 2]);
  });
});

describe('a file that cannot be moved', () => {
  it('to its place in the archive, where a file has its folder’s name, goes to a folder named by its id', async () => {
    const { id, folder, drop } = await filePipeline();
    await drop('a', 1);
    const day = async () => {
      const [row] = await db.owner`select to_char(now() at time zone 'UTC', 'YYYY/MM/DD') as day`;
      return String(row?.day);
    };
    const archive = `.archive/${await day()}`;
    await shop.drop(`${archive}/${folder}`, 'an archived file');
    await shop.run(id);
    const [file] = await db.owner`select id, state, final_path from run_files where pipeline_id = ${id}`;
    expect(file).toMatchObject({ state: 'finished', final_path: `${archive}/${file?.id}/a.csv` });
    expect(await shop.files()).toContain(file?.final_path);
  });

  it('keeps neither the others nor the pipeline’s next run waiting, and goes when it can', async () => {
    const { id, table } = await filePipeline(1, { path: 'stuck/*/*.csv' });
    await shop.drop('stuck/one/a.csv', 'id\n1\n');
    await shop.drop('stuck/two/b.csv', 'id\n2\n');
    const boom = async (step: RunStep) => {
      if (step !== 'staged') return;
      await rm(join(shop.root, 'stuck/one'), { recursive: true });
      await shop.drop('stuck/one', 'now a file');
      throw new Error('the run fails here');
    };
    expect((await shop.run(id, { onStep: boom })).run.status).toBe('failed');
    expect(await shop.files()).toContain('stuck/two/b.csv');
    expect((await shop.run(id)).run).toMatchObject({ status: 'succeeded', rowsOut: 1 });
    expect(await loaded(table)).toEqual([2]);
    await rm(join(shop.root, 'stuck/one'));
    expect(await finishFiles(deps, { tenantId: shop.tenant.id })).toBe(1);
    expect((await shop.run(id)).run).toMatchObject({ status: 'succeeded', rowsOut: 1 });
    expect(await loaded(table)).toEqual([1, 2]);
  });
});

describe('returnStrayFiles', () => {
  it('brings back a file that a zombie took after its run had ended', async () => {
    const { id, folder, drop } = await filePipeline();
    await drop('a', 1);
    await shop.run(id);
    const [row] = await db.owner`select id, run_id from run_files where pipeline_id = ${id}`;
    await drop('late', 2);
    const stray = join(shop.root, '.processing', String(row?.run_id), String(row?.id));
    await mkdir(stray, { recursive: true });
    await rename(join(shop.root, folder, 'late.csv'), join(stray, 'late.csv'));
    expect(await returnStrayFiles(deps, { tenantId: shop.tenant.id })).toBe(1);
    expect((await filesOf(folder)).filter((path) => path.startsWith(folder))).toEqual([`${folder}/a.csv`]);
  });
});

describe('what is read', () => {
  it('is in the asked order and at most maxFiles; links and dot files are left alone', async () => {
    const { id, folder, table, drop } = await filePipeline(3, { order: 'mtime', maxFiles: 2 });
    for (const [name, minutes] of [
      ['x', 3],
      ['y', 1],
      ['z', 2],
    ] as const) {
      await drop(name, minutes);
      const at = new Date(2026, 0, 1, 0, minutes);
      await utimes(join(shop.root, folder, `${name}.csv`), at, at);
    }
    await shop.drop('../secret.csv', 'id\n99\n');
    await symlink(join(shop.root, '../secret.csv'), join(shop.root, folder, 'link.csv'));
    await symlink(join(shop.root, '..'), join(shop.root, folder, 'up.csv'));
    await shop.drop(`${folder}/.hidden.csv`, 'id\n98\n');
    await shop.run(id);
    expect(await loaded(table)).toEqual([1, 2]);
    await shop.run(id);
    expect(await loaded(table)).toEqual([1, 2, 3]);
    expect((await shop.run(id)).run.note).toBe('no_input');
  });

  it('does not go through a linked folder to the outside', async () => {
    const { id, folder, table } = await filePipeline();
    await shop.drop('../elsewhere/1.csv', 'id\n99\n');
    await symlink(join(shop.root, '../elsewhere'), join(shop.root, folder));
    expect((await shop.run(id)).run).toMatchObject({ status: 'succeeded', note: 'no_input' });
    expect(await loaded(table)).toEqual([]);
  });
});

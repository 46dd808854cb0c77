import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { runJob, UNCONFIGURED_JOBS } from '#server/cron/index.ts';
import { createLogger, newId, ServiceError } from '#server/lib/index.ts';
import { scheduledRetrainsJob } from './index.ts';
import { learnableRows, openTrainer, type Trainer } from './testing/index.ts';

const db = await testDatabase();
const SCRIPT = fileURLToPath(new URL('./testing/retrain-process.ts', import.meta.url));
const log = createLogger({ level: 'silent', tier: 'test' });
const NAME = 'scheduledRetrains';
let acme: Trainer;
let blue: Trainer;

beforeAll(async () => {
  acme = await openTrainer(db, 'acme');
  blue = await openTrainer(db, 'blue');
  for (const trainer of [acme, blue]) await trainer.load('facts', learnableRows(21, 1_500));
});
beforeEach(async () => {
  await db.owner`delete from models`;
});

const schedule = { cron: '30 2 * * *', timezone: 'Europe/Berlin' };
const run = () =>
  runJob({ pool: db.worker, log, processId: 'test', config: UNCONFIGURED_JOBS }, NAME, { trigger: 'http' });
/** A model whose schedule says that it should have been trained so many days ago. */
async function defineDue(trainer: Trainer, input: Parameters<Trainer['define']>[0] = {}, days = 3): Promise<string> {
  const { id } = await trainer.define({ schedule, ...input });
  await db.owner`update models set next_at = now() - ${days} * interval '1 day' where id = ${id}`;
  return id;
}
const versionsOf = (id: string) =>
  db.owner<{ version: number; status: string; reason: string }[]>`
    select version, status, reason from model_versions where model_id = ${id} order by version`;
const isDue = async (id: string) =>
  (await db.owner<{ due: boolean }[]>`select next_at <= now() as due from models where id = ${id}`)[0]!.due;

describe('scheduledRetrains', () => {
  it('trains what is due once, however many of its instants were missed, and nothing else', async () => {
    const id = await defineDue(acme);
    const { id: later } = await acme.define({ schedule });
    const { id: byHand } = await acme.define();
    expect(await run()).toMatchObject({
      status: 200,
      outcome: 'succeeded',
      body: { ok: true, trained: 1, promoted: 1 },
    });
    expect(await versionsOf(id)).toMatchObject([{ version: 1, status: 'ready' }]);
    const [next] = await db.owner`select to_char(next_at at time zone 'Europe/Berlin', 'HH24:MI') as wall,
      next_at > now() and next_at < now() + interval '26 hours' as soon from models where id = ${id}`;
    expect(next).toEqual({ wall: '02:30', soon: true });
    expect(await run()).toMatchObject({ status: 200, body: { ok: true, tenants: 0, trained: 0 } });
    expect([...(await versionsOf(later)), ...(await versionsOf(byHand))]).toEqual([]);
    const [audit] =
      await db.owner`select actor_id, details from audit_log where target_id = ${id} and action = 'model.train'`;
    expect(audit).toMatchObject({ actor_id: 'system:scheduledRetrains', details: { version: 1, promoted: true } });
  });

  it('tells of a model that cannot be trained by its name, and trains the others of all tenants', async () => {
    const broken = await defineDue(acme, { name: 'broken one' }, 5);
    const well = await defineDue(acme, { name: 'well' });
    const theirs = await defineDue(blue, { name: 'theirs' });
    await db.owner`update models set source_table = 'gone' where id = ${broken}`;
    const answer = await run();
    expect(answer).toMatchObject({ status: 200, outcome: 'partial', body: { trained: 2, failed: 1 } });
    expect(answer.body.errors).toEqual([
      {
        ...{ tenantId: acme.tenant.id, tenant: 'acme' },
        message: expect.stringMatching(/^model "broken one": sourceTable: there is no table "gone"/),
      },
    ]);
    expect(await versionsOf(broken)).toMatchObject([
      { status: 'failed', reason: expect.stringContaining('no table "gone"') },
    ]);
    for (const id of [well, theirs]) expect(await versionsOf(id)).toMatchObject([{ status: 'ready' }]);
    // It is tried at its next instant, not at once.
    expect(await isDue(broken)).toBe(false);
  });

  it('fired 50 times at once trains once', async () => {
    const id = await defineDue(acme);
    const answers = await Promise.all(Array.from({ length: 50 }, run));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const trained = answers.reduce((sum, { body }) => sum + Number(body.trained ?? 0), 0);
    expect(trained).toBe(1);
    expect(await versionsOf(id)).toMatchObject([{ version: 1, status: 'ready' }]);
  }, 60_000);

  it.each([
    ['begun', 1],
    ['trained', 1],
    ['recorded', 0],
  ])(
    'killed when a version is %s leaves no half of one, and the next run has it trained once',
    async (point, lost) => {
      const id = await defineDue(acme);
      const child = spawn(process.execPath, [SCRIPT, db.workerUrl, `${NAME}.${point}`], { stdio: 'inherit' });
      const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
      expect(signal).toBe('SIGKILL');
      expect(await versionsOf(id)).toMatchObject([{ version: 1, status: lost ? 'training' : 'ready' }]);
      expect(await isDue(id)).toBe(lost === 1);
      expect(await run()).toMatchObject({ status: 200, body: { trained: lost } });
      const versions = await versionsOf(id);
      expect(versions.filter(({ status }) => status === 'ready')).toHaveLength(1);
      expect(versions.filter(({ status }) => status === 'failed').map(({ reason }) => reason)).toEqual(
        lost ? ['its process stopped before the end'] : [],
      );
      expect(await isDue(id)).toBe(false);
    },
    120_000,
  );

  it('records nothing once its lease is lost, and the next run takes the version over', async () => {
    const id = await defineDue(acme);
    let writes = 0;
    const stale = scheduledRetrainsJob.run(
      {
        ...{ pool: db.worker, log, processId: 'stale', runId: newId(), params: {}, failPoint: () => {} },
        signal: new AbortController().signal,
        fence: async () => {
          writes += 1;
          if (writes > 1) throw new ServiceError('JOB_LEASE_LOST', 'another run has taken over');
        },
      },
      {},
    );
    await expect(stale).rejects.toMatchObject({ code: 'JOB_LEASE_LOST' });
    expect(await versionsOf(id)).toMatchObject([{ version: 1, status: 'training' }]);
    expect(await run()).toMatchObject({ body: { trained: 1 } });
    expect(await versionsOf(id)).toMatchObject([
      { version: 1, status: 'failed' },
      { version: 2, status: 'ready' },
    ]);
  });

  it('stopped at its end leaves what it was at due, as a failed version with the reason', async () => {
    const id = await defineDue(acme);
    const controller = new AbortController();
    const stopped = scheduledRetrainsJob.run(
      {
        ...{ pool: db.worker, log, processId: 'stopped', runId: newId(), params: {}, fence: async () => {} },
        signal: controller.signal,
        failPoint: (name) =>
          name.endsWith('.begun') &&
          controller.abort(new ServiceError('JOB_STOPPED', 'it was stopped because its process ends')),
      },
      {},
    );
    await expect(stopped).rejects.toMatchObject({ code: 'JOB_STOPPED' });
    expect(await versionsOf(id)).toMatchObject([
      { status: 'failed', reason: 'it was stopped because its process ends' },
    ]);
    expect(await isDue(id)).toBe(true);
    expect(await run()).toMatchObject({ body: { trained: 1 } });
  });
});

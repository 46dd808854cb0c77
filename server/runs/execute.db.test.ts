// What a run does and writes down, and how runs are read.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { listDlq } from '#server/dlq/index.ts';
import { transaction } from '#server/lib/index.ts';
import { enqueueRun, getRun, listRuns } from './index.ts';
import { copyTable, openWorkshop, RETRY } from './testing/index.ts';

const db = await testDatabase();
const shop = await openWorkshop(db, 'execute');
await shop.sql(`create table people (id int primary key, name text, age int);
  insert into people values (1, 'Ada', 36), (2, 'Bob', 17), (3, null, 50)`);
const dlqOf = (runId: string) => listDlq(shop.ctx, { runId, state: 'all', limit: 200 });

describe('executeRun', () => {
  it('copies a table and records rows, nodes, attempt, checkpoint and totals', async () => {
    const id = await shop.pipeline('copy', { nodes: copyTable('people', 'people_copy') });
    const { outcome, run } = await shop.run(id);
    expect(outcome).toMatchObject({ end: 'succeeded', error: null });
    expect(run).toMatchObject({
      status: 'succeeded',
      trigger: 'manual',
      attempt: 1,
      rowsIn: 3,
      rowsOut: 3,
      rowsRejected: 0,
      error: null,
      progress: null,
    });
    expect(
      run.nodes.map(({ nodeId, kind, status, rowsIn, rowsOut }) => [nodeId, kind, status, rowsIn, rowsOut]),
    ).toEqual([
      ['src', 'source', 'succeeded', 3, 3],
      ['tgt', 'target', 'succeeded', 3, 3],
    ]);
    expect(run.nodes.every((node) => node.sql.length > 0 && (node.durationMs ?? -1) >= 0)).toBe(true);
    expect(run.attempts).toMatchObject([{ attempt: 1, status: 'succeeded', runner: 'test' }]);
    expect(await shop.sql('select name from people_copy order by id')).toEqual([
      { name: 'Ada' },
      { name: 'Bob' },
      { name: null },
    ]);
    const checkpoints = await db.owner`select node_id, position from checkpoints where pipeline_id = ${id} order by 1`;
    expect(checkpoints).toMatchObject([{ node_id: 'src' }, { node_id: 'tgt', position: { rows: 3 } }]);
    expect(await db.owner`select 1 from run_queue`).toHaveLength(0);
  });

  it('keeps trigger, due instant and interval of a run for every trigger there is', async () => {
    const id = await shop.pipeline('triggers', { nodes: copyTable('people', 'people_triggers') });
    const due = new Date('2026-03-01T10:00:00.123Z');
    for (const trigger of ['schedule', 'manual', 'backfill', 'file', 'replay', 'upstream'] as const) {
      const runId = await transaction(db.worker, { tenantId: shop.tenant.id }, (tx) =>
        enqueueRun(tx, {
          ...{ tenantId: shop.tenant.id, pipelineId: id, version: 1, trigger, requestedBy: 'test' },
          ...{ maxAttempts: 1, maxConcurrentRuns: 1, scheduledFor: trigger === 'schedule' ? due : null },
        }),
      );
      expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
      const run = await getRun(shop.ctx, { id: runId });
      expect(run).toMatchObject({ trigger, scheduledFor: trigger === 'schedule' ? due.toISOString() : null });
    }
  });

  it('parks rejected rows in the DLQ with the full envelope and counts them', async () => {
    const id = await shop.pipeline('validated', {
      nodes: [
        { id: 'src', kind: 'source', config: { type: 'table', table: 'people' } },
        {
          id: 'check',
          kind: 'validate',
          inputs: ['src'],
          config: {
            rules: [
              { rule: 'not_null', columns: ['name'] },
              { rule: 'range', column: 'age', min: 18, onFail: 'warn' },
            ],
          },
        },
        { id: 'tgt', kind: 'target', inputs: ['check'], config: { type: 'table', table: 'adults', mode: 'append' } },
      ],
    });
    const { runId, run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'succeeded', rowsIn: 3, rowsOut: 2, rowsRejected: 1 });
    const check = run.nodes.find((node) => node.nodeId === 'check');
    expect(check).toMatchObject({ rowsIn: 3, rowsOut: 2, rowsRejected: 1 });
    expect(check?.warnings).toMatchObject([{ rowCount: 1 }]);
    const { items } = await dlqOf(runId);
    expect(items).toMatchObject([
      {
        ...{ runId, pipelineId: id, version: 1, nodeId: 'check', errorKind: 'rule', sourceNode: 'src', attempts: 1 },
        ...{ rowKey: { id: 3 }, isReplayable: true, payload: { id: 3, name: null, age: 50 } },
        ...{ isPayloadTruncated: false, replayCount: 0, ackedAt: null },
      },
    ]);
  });

  it('fails without another attempt on a data error, names the node and leaves the target as it was', async () => {
    await shop.sql('create table strict_people (id int, name text not null, age int)');
    const id = await shop.pipeline('constraint', {
      nodes: copyTable('people', 'strict_people'),
      errorHandling: { retry: RETRY(3) },
    });
    const { run } = await shop.run(id);
    expect(run).toMatchObject({
      status: 'failed',
      attempt: 1,
      error: { code: 'CONSTRAINT_VIOLATED', nodeId: 'tgt', isTransient: false },
    });
    expect(run.error?.message).toContain('name');
    expect(run.error?.errorId).toMatch(/^[0-9a-f-]{36}$/);
    expect(run.nodes.map((node) => node.status)).toEqual(['succeeded', 'failed']);
    expect(await shop.sql('select * from strict_people')).toEqual([]);
    expect(await db.owner`select 1 from run_queue`).toHaveLength(0);
  });

  it('fails a run whose table is gone since it was published, with the compiler’s words', async () => {
    await shop.sql('create table fleeting (id int primary key)');
    const id = await shop.pipeline('fleeting', { nodes: copyTable('fleeting', 'fleeting_copy') });
    await shop.sql('drop table fleeting');
    const { run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'COMPILE_FAILED' } });
    expect(run.error?.message).toContain('"fleeting"');
  });

  it('fails when more than maxRatio of the rows are rejected, and leaves the DLQ as it was', async () => {
    const id = await shop.pipeline('ratio', {
      nodes: [
        { id: 'src', kind: 'source', config: { type: 'table', table: 'people' } },
        {
          id: 'check',
          kind: 'validate',
          inputs: ['src'],
          config: { rules: [{ rule: 'range', column: 'age', max: 20 }] },
        },
        { id: 'tgt', kind: 'target', inputs: ['check'], config: { type: 'table', table: 'young', mode: 'append' } },
      ],
    });
    const { runId, run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'DLQ_RATIO_EXCEEDED' } });
    expect((await dlqOf(runId)).items).toEqual([]);
    expect(await shop.sql(`select to_regclass('young') as young`)).toEqual([{ young: null }]);
  });

  it('blocks at the DLQ’s capacity, or drops the oldest entries where the document says so', async () => {
    const nodes = [
      { id: 'src', kind: 'source', config: { type: 'table', table: 'people' } },
      { id: 'check', kind: 'validate', inputs: ['src'], config: { rules: [{ rule: 'not_null', columns: ['name'] }] } },
      { id: 'tgt', kind: 'target', inputs: ['check'], config: { type: 'table', table: 'capped', mode: 'append' } },
    ];
    const blocking = await shop.pipeline('blocking', { nodes, errorHandling: { dlq: { capacity: 1 } } });
    expect((await shop.run(blocking)).run.status).toBe('succeeded');
    expect((await shop.run(blocking)).run).toMatchObject({ status: 'failed', error: { code: 'DLQ_FULL' } });
    const dropping = await shop.pipeline('dropping', {
      nodes,
      errorHandling: { dlq: { capacity: 1, overflow: 'drop_oldest' } },
    });
    await shop.run(dropping);
    const second = await shop.run(dropping);
    expect(second.run.status).toBe('succeeded');
    const left = await listDlq(shop.ctx, { pipelineId: dropping, state: 'open', limit: 10 });
    expect(left.items.map((entry) => entry.runId)).toEqual([second.runId]);
  });

  it('cuts a payload that is too large and says so', async () => {
    await shop.sql(`create table wide (id int primary key, note text); insert into wide values (1, null), (2, 'x'), (3, 'y');
      update wide set note = null where id = 1; alter table wide add big text default repeat('é', 50000)`);
    const id = await shop.pipeline('wide', {
      nodes: [
        { id: 'src', kind: 'source', config: { type: 'table', table: 'wide' } },
        {
          id: 'check',
          kind: 'validate',
          inputs: ['src'],
          config: { rules: [{ rule: 'not_null', columns: ['note'] }] },
        },
        { id: 'tgt', kind: 'target', inputs: ['check'], config: { type: 'table', table: 'wide_copy', mode: 'append' } },
      ],
    });
    const { runId } = await shop.run(id);
    const [entry] = (await dlqOf(runId)).items;
    expect(entry?.isPayloadTruncated).toBe(true);
    expect(JSON.stringify(entry?.payload).length).toBeLessThan(20_000);
    expect(entry?.rowKey).toEqual({ id: 1 });
  });

  it('refuses an empty input where that would empty the target', async () => {
    await shop.sql(
      'create table nothing (id int primary key); create table kept (id int); insert into kept values (7)',
    );
    const id = await shop.pipeline('guarded', { nodes: copyTable('nothing', 'kept', 'truncate') });
    const { run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'EMPTY_INPUT', nodeId: 'tgt', isTransient: false } });
    expect(await shop.sql('select id from kept')).toEqual([{ id: 7 }]);
  });
});

describe('reading runs', () => {
  it('shows another tenant’s run to nobody', async () => {
    const other = await openWorkshop(db, 'stranger');
    const { items } = await listRuns(shop.ctx, { limit: 200 });
    expect(items.length).toBeGreaterThan(5);
    expect((await listRuns(other.ctx, { limit: 200 })).items).toEqual([]);
    for (const { id } of items)
      await expect(getRun(other.ctx, { id })).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' });
    expect((await listDlq(other.ctx, { state: 'all', limit: 50 })).items).toEqual([]);
  });

  it('pages newest first without a gap or a double', async () => {
    const all = (await listRuns(shop.ctx, { limit: 200 })).items.map((run) => run.id);
    const paged: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await listRuns(shop.ctx, { limit: 3, ...(cursor ? { cursor } : {}) });
      paged.push(...page.items.map((run) => run.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor);
    expect(paged).toEqual(all);
    expect([...all].sort().reverse()).toEqual(all);
  });
});

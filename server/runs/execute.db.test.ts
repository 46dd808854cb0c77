import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { listDlq } from '#server/dlq/index.ts';
import { transaction } from '#server/lib/index.ts';
import { enqueueRun, getRun, listRuns } from './index.ts';
import { copyTable, loadFiles, openWorkshop, RETRY } from './testing/index.ts';

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

describe('file sources', () => {
  it('load CSV, park malformed lines and bad casts, and archive the file', async () => {
    await shop.drop(
      'sales/a.csv',
      'id,amount,note\n1,10.5,"said ""hi"", twice"\n2,oops,x\n3,7\n4,8,"open\n5,9,"two\nlines"\n',
    );
    const id = await shop.pipeline('sales', {
      nodes: loadFiles('sales/*.csv', 'csv', { id: 'integer', amount: 'numeric', note: 'text' }, 'sales'),
      errorHandling: { dlq: { maxRatio: 1 } },
    });
    const { runId, run } = await shop.run(id);
    expect(run.error).toBeNull();
    expect(run).toMatchObject({ status: 'succeeded', rowsIn: 5, rowsOut: 2, rowsRejected: 3 });
    expect(await shop.sql('select id, amount::text, note from sales order by id')).toEqual([
      { id: 1, amount: '10.5', note: 'said "hi", twice' },
      { id: 5, amount: '9', note: 'two\nlines' },
    ]);
    const { items } = await dlqOf(runId);
    expect(items.map((entry) => [entry.errorKind, entry.rowKey, entry.payload])).toEqual(
      expect.arrayContaining([
        ['malformed_line', { path: 'sales/a.csv', line: 4 }, { line: '3,7' }],
        ['malformed_line', { path: 'sales/a.csv', line: 5 }, { line: '4,8,"open' }],
        ['cast', { path: 'sales/a.csv', line: 3 }, expect.objectContaining({ amount: 'oops' })],
      ]),
    );
    const files = (await shop.files()).filter((path) => path.includes('a.csv'));
    expect(files).toHaveLength(1);
    expect(files[0]).toMatch(/^\.archive\/\d{4}\/\d\d\/\d\d\/sales\/a\.csv$/);
    expect(
      await db.owner`select state, rows_read::int, final_path from run_files where run_id = ${runId}`,
    ).toMatchObject([{ state: 'finished', rows_read: 5 }]);
    expect(
      await db.owner`select relname from pg_class where relname like 'ms\\_stage%' and relkind = 'r'`,
    ).toHaveLength(0);
  });

  it('load NDJSON exactly, park what is no object, and read a missing field as null', async () => {
    const lines = [
      '{"id":1,"big":12345678901234567890.123,"tags":["a",{"b":1.10}]}',
      '{"id":2}',
      '[1]',
      '{"id":',
      '',
      '{"id":"x","big":"1"}',
    ];
    await shop.drop('events.ndjson', lines.join('\r\n'));
    const id = await shop.pipeline('events', {
      nodes: loadFiles('events.ndjson', 'ndjson', { id: 'integer', big: 'numeric', tags: 'jsonb' }, 'events'),
      errorHandling: { dlq: { maxRatio: 1 } },
    });
    const { runId, run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'succeeded', rowsIn: 5, rowsOut: 2, rowsRejected: 3 });
    expect(await shop.sql('select id, big::text, tags::text from events order by id')).toEqual([
      { id: 1, big: '12345678901234567890.123', tags: '["a", {"b": 1.10}]' },
      { id: 2, big: null, tags: null },
    ]);
    const kinds = (await dlqOf(runId)).items.map((entry) => entry.errorKind).sort();
    expect(kinds).toEqual(['cast', 'malformed_line', 'malformed_line']);
  });

  it('succeed with the note no_input when no file has come, and empty nothing', async () => {
    await shop.sql('create table prices (id int); insert into prices values (1)');
    const nodes = loadFiles('never/*.csv', 'csv', { id: 'integer' }, 'prices').map((node) =>
      node.kind === 'target' ? { ...node, config: { ...node.config, mode: 'truncate' } } : node,
    );
    const { run } = await shop.run(await shop.pipeline('quiet', { nodes }));
    expect(run).toMatchObject({ status: 'succeeded', note: 'no_input', rowsIn: 0, rowsOut: 0, error: null });
    expect(await shop.sql('select id from prices')).toEqual([{ id: 1 }]);
  });

  it('send a file without the declared columns to .failed/ and into the DLQ, and read the others', async () => {
    await shop.drop('mixed/1.csv', 'id\n1\n2\n');
    await shop.drop('mixed/2.csv', 'other\n3\n');
    const id = await shop.pipeline('mixed', { nodes: loadFiles('mixed/*.csv', 'csv', { id: 'integer' }, 'mixed') });
    const { runId, run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'succeeded', rowsOut: 2, rowsRejected: 1 });
    const [entry] = (await dlqOf(runId)).items;
    expect(entry).toMatchObject({ errorKind: 'unreadable_file', rowKey: { path: 'mixed/2.csv' } });
    expect(entry?.message).toContain('"id"');
    const places = (await shop.files()).filter((path) => path.includes('mixed'));
    expect(places.map((path) => path.split('/')[0])).toEqual(['.archive', '.failed']);
  });

  it('give files back to the inbox when the run fails for good, and index their malformed lines', async () => {
    await shop.sql('create table picky (id int not null check (id < 10))');
    await shop.drop('picky/1.csv', 'id\n1\n2\n3\n20\n4,5\n');
    const id = await shop.pipeline('picky', { nodes: loadFiles('picky/*.csv', 'csv', { id: 'integer' }, 'picky') });
    const { runId, run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'CONSTRAINT_VIOLATED' } });
    expect((await dlqOf(runId)).items).toMatchObject([{ errorKind: 'malformed_line', payload: { line: '4,5' } }]);
    expect((await shop.files()).filter((path) => path.includes('picky'))).toEqual(['picky/1.csv']);
    expect(await shop.sql('select * from picky')).toEqual([]);
  });

  it('fill the due date into the path', async () => {
    await shop.drop('daily/2026-02-03.csv', 'id\n1\n');
    await shop.drop('daily/2026-02-04.csv', 'id\n2\n');
    const id = await shop.pipeline('daily', {
      nodes: loadFiles('daily/{run.due_at:YYYY-MM-DD}.csv', 'csv', { id: 'integer' }, 'daily'),
    });
    await transaction(db.worker, { tenantId: shop.tenant.id }, (tx) =>
      enqueueRun(tx, {
        ...{ tenantId: shop.tenant.id, pipelineId: id, version: 1, trigger: 'schedule', requestedBy: 'test' },
        ...{ maxAttempts: 1, maxConcurrentRuns: 1, scheduledFor: new Date('2026-02-04T23:59:00Z') },
      }),
    );
    await shop.execute(await shop.claim());
    expect(await shop.sql('select id from daily')).toEqual([{ id: 2 }]);
  });

  it('fill a parameter’s default into the path of a scheduled run, which is queued without parameters', async () => {
    await shop.drop('regions/north.csv', 'id\n1\n');
    await shop.drop('regions/south.csv', 'id\n2\n');
    const id = await shop.pipeline('regions', {
      nodes: loadFiles('regions/{params.region}.csv', 'csv', { id: 'integer' }, 'regions'),
      parameters: { region: { type: 'text', default: 'south' } },
    });
    await transaction(db.worker, { tenantId: shop.tenant.id }, (tx) =>
      enqueueRun(tx, {
        ...{ tenantId: shop.tenant.id, pipelineId: id, version: 1, trigger: 'schedule', requestedBy: 'test' },
        ...{ maxAttempts: 1, maxConcurrentRuns: 1, scheduledFor: new Date('2026-02-04T23:59:00Z') },
      }),
    );
    expect(await shop.execute(await shop.claim())).toMatchObject({ end: 'succeeded', error: null });
    expect(await shop.sql('select id from regions')).toEqual([{ id: 2 }]);
  });

  it('never leave the tenant’s folder', async () => {
    await shop.drop('../outside.csv', 'id\n1\n');
    const climb = (path: string) => loadFiles(path, 'csv', { id: 'integer' }, 'climbed');
    await expect(shop.pipeline('open-climber', { nodes: climb('../*.csv') })).rejects.toMatchObject({
      code: 'DOCUMENT_INVALID',
    });
    // What only the run knows is refused by the run.
    const id = await shop.pipeline('climber', {
      nodes: climb('{params.up}/*.csv'),
      parameters: { up: { type: 'text', default: '..' } },
    });
    const { run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'failed', error: { code: 'FILE_PATH_INVALID' } });
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

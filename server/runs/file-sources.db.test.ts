// Runs that load files: what they read, what they park, and where the files go.
import { describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { listDlq } from '#server/dlq/index.ts';
import { transaction } from '#server/lib/index.ts';
import { enqueueRun } from './index.ts';
import { loadFiles, openWorkshop } from './testing/index.ts';

const db = await testDatabase();
const shop = await openWorkshop(db, 'execute');
const dlqOf = (runId: string) => listDlq(shop.ctx, { runId, state: 'all', limit: 200 });

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

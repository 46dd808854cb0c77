import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { listDlq } from '#server/dlq/index.ts';
import { getRun } from './index.ts';
import { openWorkshop, RETRY } from './testing/index.ts';

const db = await testDatabase();
const shop = await openWorkshop(db, 'outbox-target');
await shop.sql(`create table orders (id int primary key, customer text, total numeric);
  insert into orders select n, 'c' || n % 10, n * 1.5 from generate_series(1, 500) n`);
const DIE_AT = fileURLToPath(new URL('./testing/die-at.ts', import.meta.url));

afterEach(async () => {
  await db.owner`delete from run_queue`;
  await db.owner`delete from outbox_events`;
});

const tell = (from: string, config: Record<string, unknown> = {}) => ({
  nodes: [
    { id: 'src', kind: 'source', config: { type: 'table', table: from } },
    {
      id: 'tell',
      kind: 'target',
      inputs: ['src'],
      config: { type: 'outbox', eventType: 'order.seen.v1', key: 'customer', ...config },
    },
    { id: 'kept', kind: 'target', inputs: ['src'], config: { type: 'table', table: `${from}_kept`, mode: 'append' } },
  ],
  errorHandling: { retry: RETRY(3) },
});
const events = () => db.owner`select type, key, payload, headers, status from outbox_events order by seq`;

describe('a target of type outbox', () => {
  it('stores one event per row, in the order of rows, with the chosen columns', async () => {
    const id = await shop.pipeline('all', tell('orders', { payload: ['id', 'total'] }));
    const { runId, run } = await shop.run(id);
    expect(run.error).toBeNull();
    expect(run.nodes.find((node) => node.nodeId === 'tell')).toMatchObject({ rowsIn: 500, rowsOut: 500 });
    const stored = await events();
    expect(stored.map((event) => (event.payload as { id: number }).id)).toEqual(
      Array.from({ length: 500 }, (_, n) => n + 1),
    );
    expect(stored[0]).toEqual({
      ...{ type: 'order.seen.v1', key: 'c1', payload: { id: 1, total: 1.5 }, status: 'pending' },
      headers: { 'mainspring-run': runId, 'mainspring-node': 'tell' },
    });
  });

  it('takes the whole row without a list of columns, and a key made by an expression', async () => {
    const id = await shop.pipeline('whole', tell('orders', { key: `customer || '/' || id` }));
    await shop.run(id);
    const [first] = await events();
    expect(first).toMatchObject({ key: 'c1/1', payload: { id: 1, customer: 'c1', total: 1.5 } });
  });

  it('parks rows whose key is missing or too long or whose payload is too large, and stores the others', async () => {
    await shop.sql(`create table odd (id int primary key, customer text, filler text);
      insert into odd values (1, 'a', ''), (2, null, ''), (3, '', ''), (4, repeat('k', 1025), ''), (5, 'b', repeat('x', 900001)), (6, 'c', '')`);
    const id = await shop.pipeline('odd', { ...tell('odd'), errorHandling: { dlq: { maxRatio: 1 } } });
    const { runId, run } = await shop.run(id);
    expect(run).toMatchObject({ status: 'succeeded', rowsRejected: 4 });
    expect((await events()).map((event) => event.key)).toEqual(['a', 'c']);
    const { items } = await listDlq(shop.ctx, { runId, state: 'all', limit: 10 });
    const parked = items.map(({ rule, rowKey, errorKind }) => [rule, (rowKey as { id: number }).id, errorKind]);
    expect(parked.sort()).toEqual([
      ['event_key', 2, 'event'],
      ['event_key', 3, 'event'],
      ['event_key', 4, 'event'],
      ['event_size', 5, 'event'],
    ]);
  });

  it.each(['effect_started', 'statements_done', 'before_commit'])(
    'leaves no event of a runner killed at %s, and one per row after the next attempt',
    async (step) => {
      const id = await shop.pipeline(`killed-${step.replace('_', '-')}`, tell('orders'));
      const runId = await shop.start(id);
      const { signal } = spawnSync(process.execPath, [DIE_AT, db.workerUrl, shop.deps.filesDir, step]);
      expect(signal).toBe('SIGKILL');
      expect(await events()).toHaveLength(0);
      await db.owner`update run_queue set lease_until = now() - interval '1 second', claimed_by = null, claimed_at = null`;
      expect((await shop.execute(await shop.claim())).end).toBe('succeeded');
      expect(await getRun(shop.ctx, { id: runId })).toMatchObject({ status: 'succeeded' });
      expect(await events()).toHaveLength(500);
    },
  );

  it('stores nothing when another target of the run fails', async () => {
    await shop.sql('create table strict (id int, customer text not null check (customer <> $$c9$$), total numeric)');
    const pipeline = tell('orders');
    pipeline.nodes[2]!.config = { type: 'table', table: 'strict', mode: 'append' };
    const { run } = await shop.run(await shop.pipeline('strict', pipeline));
    expect(run).toMatchObject({ status: 'failed', error: { code: 'CONSTRAINT_VIOLATED', nodeId: 'kept' } });
    expect(await events()).toHaveLength(0);
  });

  it('is refused with a column that is not there and with a key of a type without one spelling', async () => {
    const pipeline = (config: object) =>
      shop.pipeline(`refused-${Object.keys(config)[0]}`, tell('orders', { ...config }));
    await expect(pipeline({ payload: ['nope'] })).rejects.toMatchObject({
      code: 'DOCUMENT_INVALID',
      details: { problems: [{ pointer: '/nodes/1/config/payload/0', code: 'unknown_column' }] },
    });
    await expect(pipeline({ key: 'id / 2.0 > 1 and now() > now()' })).rejects.toMatchObject({
      code: 'DOCUMENT_INVALID',
    });
  });
});

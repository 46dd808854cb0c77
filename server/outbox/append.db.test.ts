import { beforeEach, describe, expect, it } from 'vitest';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { query, transaction } from '#server/lib/index.ts';
import { appendEvent } from './index.ts';
import { openOutbox } from './testing/outbox.ts';

const db = await testDatabase();
const { tenantId, restart } = await openOutbox(db);
beforeEach(restart);

describe('appending', () => {
  const failing = (event: { key: string; payload: Record<string, unknown> }) =>
    transaction(db.app, { tenantId }, async (tx) => {
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'before', payload: {} });
      await appendEvent(tx, { tenantId, type: 't.v1', ...event });
    });
  it.each([
    ['OUTBOX_EVENT_TOO_LARGE', { key: 'k', payload: { text: 'x'.repeat(900_001) } }],
    ['OUTBOX_EVENT_REFUSED', { key: '', payload: {} }],
    ['OUTBOX_EVENT_REFUSED', { key: 'k', payload: { text: '\u0000' } }],
  ])('refuses with %s and rolls the rest of the transaction back', async (code, event) => {
    await expect(failing(event)).rejects.toMatchObject({ code });
    expect((await db.owner`select count(*)::int as n from outbox_events`)[0]).toEqual({ n: 0 });
  });

  it('says OUTBOX_UNAVAILABLE when the connection drops, and nothing is stored', async () => {
    // The transaction may end by the drop itself before the statement does: the code is that of the statement.
    const said = Promise.withResolvers<unknown>();
    const dropped = transaction(db.app, { tenantId }, async (tx) => {
      const [{ pid } = { pid: 0 }] = await query<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`);
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'before', payload: {} });
      await db.owner`select pg_terminate_backend(${pid})`;
      await appendEvent(tx, { tenantId, type: 't.v1', key: 'after', payload: {} }).then(
        said.resolve,
        (error: unknown) => {
          said.resolve(error);
          throw error;
        },
      );
    });
    await expect(dropped).rejects.toThrow();
    expect(await said.promise).toMatchObject({ code: 'OUTBOX_UNAVAILABLE' });
    expect((await db.owner`select count(*)::int as n from outbox_events`)[0]).toEqual({ n: 0 });
  });
});

// Shipping against receivers that keep the vendors’ rules, well and ill. What a real backend has confirmed stands in
// docs/evidence/cron.md.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { testDatabase } from '#db/testing/index.ts';
import { transaction } from '#server/lib/index.ts';
import { SIEM_BACKENDS } from './config.ts';
import { openShipping, QUICK } from './testing/shipping.ts';

const db = await testDatabase();
const { acme, blue, receivers, targetOf, ship, writeRows, quarantined } = await openShipping(db);
const WRITERS = 12;
const ROWS = Number(process.env.SIEM_ROWS ?? 10_000);
/** At each fail point; `npm run chaos:cron` says more. */
const KILLS = Number(process.env.CHAOS_KILLS ?? 1);
const SCRIPT = fileURLToPath(new URL('./testing/ship-process.ts', import.meta.url));

describe.each(SIEM_BACKENDS)('to %s', (backend) => {
  const at = () => receivers.get(backend)!;

  it('every row of every tenant arrives once, in the vendor’s form, and a second run finds nothing', async () => {
    const ids = [...(await writeRows(700)), ...(await writeRows(30, blue))];
    expect(await ship(backend)).toEqual({ shipped: 730, refused: 0, rowsScanned: 730, error: null });
    expect(at().kept).toEqual(ids);
    expect(at().complaints).toEqual([]);
    expect(await ship(backend)).toMatchObject({ shipped: 0, rowsScanned: 0 });
    expect(at().requests).toBe(2);
  });

  it.each([429, 503, 500, 408])('%i is waited out', async (status) => {
    const ids = await writeRows(3);
    at().faults = [
      { kind: 'status', status, headers: { 'retry-after': '0' } },
      { kind: 'status', status },
    ];
    expect(await ship(backend)).toMatchObject({ shipped: 3, error: null });
    expect(at().kept).toEqual(ids);
  });

  it('413 is answered with smaller requests', async () => {
    const ids = await writeRows(8);
    at().faults = [
      { kind: 'status', status: 413 },
      { kind: 'status', status: 413 },
    ];
    expect(await ship(backend)).toMatchObject({ shipped: 8, refused: 0, error: null });
    expect(at().kept).toEqual(ids);
  });

  it('a request that is not answered is sent again', async () => {
    const ids = await writeRows(4);
    at().faults = [{ kind: 'silence' }];
    const delivery = { ...QUICK, requestTimeoutMs: 1_000 };
    expect(await ship(backend, { delivery })).toMatchObject({ shipped: 4, error: null });
    // A busy machine may be late with the second answer too: then it is sent once more.
    expect([...new Set(at().kept)]).toEqual(ids);
  });

  it('a reply that is lost brings the batch again and nothing is missing', async () => {
    const ids = await writeRows(4);
    at().faults = [{ kind: 'dropReply' }];
    expect(await ship(backend)).toMatchObject({ shipped: 4, error: null });
    expect([...new Set(at().kept)]).toEqual(ids);
    // With ids of its own, elastic keeps each row once all the same.
    expect(at().kept).toHaveLength(backend === 'elastic' ? 4 : 8);
  });

  it('a row that is refused for good is set aside with its reason, and the others arrive', async () => {
    const ids = await writeRows(40);
    const bad = [ids[0]!, ids[17]!, ids[39]!];
    at().refuse = (id) => bad.includes(id);
    expect(await ship(backend)).toMatchObject({ shipped: 37, refused: 3, error: null });
    expect([...at().kept].sort()).toEqual(ids.filter((id) => !bad.includes(id)));
    expect(await quarantined()).toEqual(bad);
    expect(await ship(backend)).toMatchObject({ shipped: 0, refused: 0, rowsScanned: 0 });
  });

  it('a destination that refuses everything has nothing set aside, and gets all of it when it is mended', async () => {
    const ids = await writeRows(40);
    at().refuse = () => true;
    const stopped = await ship(backend);
    expect(stopped).toMatchObject({ shipped: 0, refused: 0, error: expect.stringContaining('not even a test event') });
    expect(at().requests).toBeLessThan(40);
    expect(await quarantined()).toEqual([]);
    at().refuse = () => false;
    expect(await ship(backend)).toMatchObject({ shipped: 40, refused: 0, error: null });
    expect(at().kept).toEqual(ids);
  });

  it('a row that is refused alone is set aside when a test event is taken', async () => {
    const [bad] = await writeRows(1);
    at().refuse = (id) => id === bad;
    expect(await ship(backend)).toMatchObject({ shipped: 0, refused: 1, error: null });
    expect(await quarantined()).toEqual([bad]);
    expect(at().complaints).toEqual([]);
  });

  it.each([401, 403, 404])('%i stops at once, loses nothing and goes on when it is mended', async (status) => {
    const ids = await writeRows(5);
    at().faults = [{ kind: 'status', status }];
    const stopped = await ship(backend);
    expect(stopped).toMatchObject({ shipped: 0, error: expect.stringContaining(`answered ${status}`) });
    expect(at().requests).toBe(1);
    expect(await ship(backend)).toMatchObject({ shipped: 5, error: null });
    expect(at().kept).toEqual(ids);
  });

  it('an outage of all tries leaves the position, and says so', async () => {
    await writeRows(5);
    at().faults = Array.from({ length: QUICK.maxTries }, () => ({ kind: 'status' as const, status: 503 }));
    expect(await ship(backend)).toMatchObject({ shipped: 0, error: expect.stringContaining('503') });
    expect((await db.owner`select last_error from siem_destinations`)[0]?.last_error).toContain('503');
    expect(await ship(backend)).toMatchObject({ shipped: 5, error: null });
    expect((await db.owner`select last_error from siem_destinations`)[0]?.last_error).toBeNull();
  });

  it('rows too large for one request go in several', async () => {
    const ids = await writeRows(30, acme, { text: 'x'.repeat(100_000) });
    expect(await ship(backend)).toMatchObject({ shipped: 30, refused: 0, error: null });
    expect(at().kept).toEqual(ids);
    if (backend === 'splunk') expect(at().requests).toBeGreaterThan(3);
  });

  it('a replay never moves forward: what was not shipped yet is not passed over', async () => {
    const early = await writeRows(3);
    await ship(backend);
    await db.owner`update audit_log set created_at = now() - interval '3 days'`;
    const waiting = await writeRows(2);
    await db.owner`update audit_log set created_at = now() - interval '2 days' where id = any (${waiting}::uuid[])`;
    const late = await writeRows(2);
    // Since yesterday: only the last two are younger, and the two before them have not been shipped.
    const yesterday = new Date(Date.now() - 86_400_000);
    expect(await ship(backend, { replayFrom: yesterday })).toMatchObject({ shipped: 4, rowsScanned: 4 });
    expect(at().kept).toEqual([...early, ...waiting, ...late]);
    // Nor does an instant after every row, or one in the future.
    expect(await ship(backend, { replayFrom: new Date(Date.now() + 86_400_000) })).toMatchObject({ rowsScanned: 0 });
    const next = await writeRows(1);
    expect(await ship(backend, { replayFrom: new Date(Date.now() + 86_400_000) })).toMatchObject({ shipped: 1 });
    expect(at().kept).toEqual([...early, ...waiting, ...late, ...next]);
  });

  it('what was shipped is shipped again from an instant on, when asked to', async () => {
    const early = await writeRows(3);
    await ship(backend);
    await db.owner`update audit_log set created_at = now() - interval '2 days'`;
    const late = await writeRows(2);
    await ship(backend);
    const again = await ship(backend, { replayFrom: new Date(Date.now() - 86_400_000) });
    expect(again).toMatchObject({ shipped: 2, rowsScanned: 2 });
    expect(at().kept).toEqual(backend === 'elastic' ? [...early, ...late] : [...early, ...late, ...late]);
  });
});

test('items that elastic puts off are sent again, and only they', async () => {
  const ids = await writeRows(10);
  const at = receivers.get('elastic')!;
  const busy = new Set([ids[2], ids[7]]);
  at.putOff = (id) => busy.delete(id);
  expect(await ship('elastic')).toMatchObject({ shipped: 10, error: null });
  expect([...at.kept].sort()).toEqual(ids);
  expect(at.requests).toBe(2);
});

test('items that stay put off hold the position before the first of them', async () => {
  const ids = await writeRows(10);
  const at = receivers.get('elastic')!;
  at.putOff = (id) => id === ids[4];
  // Those behind it arrive, and are counted when the position passes them.
  expect(await ship('elastic')).toMatchObject({ shipped: 4, error: expect.stringContaining('put off') });
  at.putOff = () => false;
  expect(await ship('elastic')).toMatchObject({ shipped: 6, rowsScanned: 6, error: null });
  expect([...at.kept].sort()).toEqual(ids);
});

test(`of ${ROWS} rows by twelve writers in slow transactions none is missed`, { timeout: 300_000 }, async () => {
  const at = receivers.get('splunk')!;
  let isWriting = true;
  const shipping = (async () => {
    while (isWriting) await ship('splunk');
  })();
  const perTransaction = 20;
  const each = Math.ceil(ROWS / WRITERS / perTransaction);
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      for (let turn = 0; turn < each; turn += 1)
        await db.owner.begin(async (tx) => {
          for (let part = 0; part < 2; part += 1) {
            await tx`insert into audit_log (tenant_id, actor_kind, actor_id, action)
              select ${(writer % 2 ? acme : blue).id}, 'system', ${String(writer)}, 'load.test' from generate_series(1, ${perTransaction / 2})`;
            // Transactions commit in another order than they began.
            await tx`select pg_sleep(random() * 0.02)`;
          }
        });
    }),
  );
  isWriting = false;
  await shipping;
  // Whatever else is open in this cluster holds the horizon: other tests' transactions, for a moment.
  const written = await db.owner<{ id: string }[]>`select id from audit_log`;
  await expect
    .poll(
      async () => {
        await ship('splunk');
        return at.kept.length;
      },
      { timeout: 120_000, interval: 200 },
    )
    .toBeGreaterThanOrEqual(written.length);
  expect(at.kept).toHaveLength(written.length);
  expect(new Set(at.kept)).toEqual(new Set(written.map((row) => row.id)));
});

describe('the job', () => {
  it.each([
    ['sent', 1, 1_700],
    ['sent', 2, 1_700],
    ['moved', 2, 1_200],
  ])(
    'resends at most the batch that was on its way when it was killed at %s, time %i',
    async (point, at, arrivals) => {
      const receiver = receivers.get('splunk')!;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await db.owner`truncate audit_log, siem_destinations, siem_quarantine`;
        receiver.kept = [];
        const ids = await writeRows(1_200);
        const args = [SCRIPT, db.workerUrl, receiver.url, `siemShip.${point}`, String(at)];
        const [, signal] = (await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit')) as [
          unknown,
          string | null,
        ];
        expect(signal).toBe('SIGKILL');
        expect(receiver.kept.length).toBe(at * 500);
        await ship('splunk');
        expect([...new Set(receiver.kept)]).toEqual(ids);
        expect(receiver.kept.length).toBe(arrivals);
      }
    },
    60_000 * (KILLS + 1),
  );
});

test('the age of the oldest row that is not shipped is what the database says', async () => {
  await writeRows(1);
  await ship('elastic');
  await db.owner`update audit_log set created_at = now() - interval '1 hour'`;
  const { unshippedSeconds } = await import('./cursor.ts');
  const age = () => transaction(db.worker, {}, (tx) => unshippedSeconds(tx, targetOf('elastic')));
  expect(await age()).toBe(0);
  await writeRows(1);
  expect(await age()).toBeLessThan(60);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPool } from '#db/client.ts';
import { sql } from '#db/drizzle.ts';
import { testDatabase } from '#db/testing/index.ts';
import { connectionOf, query, queryAlone, queryOne, TransactionEndedError, type Tx, transaction } from './index.ts';

const db = await testDatabase();
// One connection: what a dead transaction leaves behind would meet the next one on the same slot.
const pool = openPool({ url: db.ownerUrl, max: 1, applicationName: 'transaction test' });
const uncaught: unknown[] = [];
const remember = (error: unknown) => uncaught.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', remember);
  await db.owner`create table notes (n int primary key, who text)`;
});
afterAll(async () => {
  process.off('unhandledRejection', remember);
  await pool.end({ timeout: 2 });
});

const write = (tx: Tx, n: number, who: string) => tx.execute(sql`insert into notes values (${n}, ${who})`);
const notesOf = (who: string) => db.owner<{ n: number }[]>`select n from notes where who = ${who} order by n`;
const pidOf = async (tx: Tx) => (await queryOne<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`)).pid;
const attempt = (run: Promise<unknown>) =>
  run.then(
    () => 'done',
    (error: unknown) => error,
  );

/** Kills the backend, once it waits in a statement where that is asked, and returns when it is gone. */
async function kill(pid: number, options: { whileWaiting: boolean }): Promise<void> {
  const isWaiting = async () => {
    const [row] = await db.owner<{ query: string }[]>`select query from pg_stat_activity
      where pid = ${pid} and state = 'active' and query like '%pg_sleep%'`;
    return row !== undefined;
  };
  if (options.whileWaiting) await expect.poll(isWaiting, { interval: 5 }).toBe(true);
  await db.owner`select pg_terminate_backend(${pid}, 5000)`;
}

/** Every statement a callback still tries after its backend died, and what came of it. */
async function tryThree(tx: Tx, who: string): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  for (const n of [11, 12, 13]) outcomes.push(await attempt(write(tx, n, who)));
  outcomes.push(await attempt(Promise.resolve().then(() => connectionOf(tx).unsafe('insert into notes values (14)'))));
  return outcomes;
}

const causes = (errors: unknown[]) => errors.map((error) => (error instanceof Error ? (error.cause ?? error) : error));
const refusals = Array.from({ length: 4 }, () => expect.any(TransactionEndedError));

describe('a transaction whose backend is killed', () => {
  it('with a waiting statement: the caller sees an error, nothing is written, later statements are refused', async () => {
    const { promise: pid, resolve: tellPid } = Promise.withResolvers<number>();
    const { promise: afterwards, resolve: tellAfterwards } = Promise.withResolvers<unknown[]>();
    const begun = transaction(pool, {}, async (tx) => {
      tellPid(await pidOf(tx));
      await write(tx, 1, 'waiting');
      await tx.execute(sql`select pg_sleep(60)`).catch(() => undefined);
      tellAfterwards(await tryThree(tx, 'waiting'));
      return 'looks well';
    });
    const outcome = attempt(begun);
    await kill(await pid, { whileWaiting: true });
    expect(await outcome).toBeInstanceOf(Error);
    expect(causes(await afterwards)).toEqual(refusals);
    expect(await notesOf('waiting')).toEqual([]);
  });

  it('between statements: the caller sees an error, nothing is written, later statements are refused', async () => {
    const { promise: pid, resolve: tellPid } = Promise.withResolvers<number>();
    const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
    const { promise: afterwards, resolve: tellAfterwards } = Promise.withResolvers<unknown[]>();
    const outcome = attempt(
      transaction(pool, {}, async (tx) => {
        await write(tx, 1, 'between');
        tellPid(await pidOf(tx));
        await gate;
        tellAfterwards(await tryThree(tx, 'between'));
      }),
    );
    await kill(await pid, { whileWaiting: false });
    // The caller knows while the callback is still at it.
    expect(await outcome).toBeInstanceOf(Error);
    goOn();
    expect(causes(await afterwards)).toEqual(refusals);
    expect(await notesOf('between')).toEqual([]);
  });

  it.each([
    { ends: 'returns', settle: () => Promise.resolve('fine') },
    { ends: 'throws', settle: () => Promise.reject(new Error('late')) },
  ])(
    'neither commits nor rolls back the next transaction of its slot when its callback $ends late',
    async ({ ends, settle }) => {
      const { promise: pid, resolve: tellPid } = Promise.withResolvers<number>();
      const { promise: gate, resolve: goOn } = Promise.withResolvers<void>();
      const dead = attempt(
        transaction(pool, {}, async (tx) => {
          tellPid(await pidOf(tx));
          await gate;
          return settle();
        }),
      );
      await kill(await pid, { whileWaiting: false });
      await dead;
      const late = (fails: boolean) =>
        transaction(pool, {}, async (tx) => {
          await write(tx, fails ? 21 : 31, `after ${ends}`);
          goOn();
          // The late COMMIT or ROLLBACK would be sent in the next turns of the event loop.
          await new Promise((resolve) => setTimeout(resolve, 20));
          await write(tx, fails ? 22 : 32, `after ${ends}`);
          if (fails) throw new Error('to be rolled back');
        });
      await expect(late(true)).rejects.toThrow('to be rolled back');
      await late(false);
      expect((await notesOf(`after ${ends}`)).map((row) => row.n)).toEqual([31, 32]);
      await db.owner`delete from notes`;
    },
  );

  it('inside a savepoint: the callback learns of it and the slot stays usable', async () => {
    const { promise: pid, resolve: tellPid } = Promise.withResolvers<number>();
    const { promise: inside, resolve: tellInside } = Promise.withResolvers<unknown>();
    const outcome = attempt(
      transaction(pool, {}, async (tx) => {
        tellPid(await pidOf(tx));
        const nested = connectionOf(tx).savepoint(async (savepoint) => {
          await savepoint.unsafe("insert into notes values (1, 'savepoint')");
          await savepoint.unsafe('select pg_sleep(60)');
        });
        tellInside(await attempt(nested));
      }),
    );
    await kill(await pid, { whileWaiting: true });
    expect(await outcome).toBeInstanceOf(Error);
    expect(await inside).toBeInstanceOf(Error);
    expect(await notesOf('savepoint')).toEqual([]);
  });

  it('leaves a pool that goes on working at once, kill after kill', async () => {
    for (let round = 1; round <= 10; round += 1) {
      const { promise: pid, resolve: tellPid } = Promise.withResolvers<number>();
      const outcome = attempt(
        transaction(pool, {}, async (tx) => {
          tellPid(await pidOf(tx));
          await tx.execute(sql`select pg_sleep(${60}::int)`);
        }),
      );
      await kill(await pid, { whileWaiting: true });
      expect(await outcome).toBeInstanceOf(Error);
      await transaction(pool, {}, (tx) => write(tx, round, 'again'));
    }
    expect(await notesOf('again')).toHaveLength(10);
  }, 15_000);

  it('leaves no unhandled rejection behind', () => {
    expect(uncaught).toEqual([]);
  });
});

describe('a transaction', () => {
  it('runs afterCommit once after the commit, when its rows can be seen', async () => {
    const seen: string[] = [];
    await transaction(pool, {}, async (tx) => {
      await write(tx, 41, 'committed');
      tx.afterCommit(() => seen.push('first'));
      tx.afterCommit(() => seen.push('second'));
      expect(seen).toEqual([]);
    });
    expect(seen).toEqual(['first', 'second']);
    expect(await notesOf('committed')).toHaveLength(1);
  });

  it('runs no afterCommit after a rollback, nor when the commit itself fails', async () => {
    const seen: string[] = [];
    await expect(
      transaction(pool, {}, async (tx) => {
        tx.afterCommit(() => seen.push('rolled back'));
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    await db.owner`create table promised (n int references notes deferrable initially deferred)`;
    await expect(
      transaction(pool, {}, async (tx) => {
        tx.afterCommit(() => seen.push('commit failed'));
        await tx.execute(sql`insert into promised values (9999)`);
      }),
    ).rejects.toMatchObject({ code: '23503' });
    expect(seen).toEqual([]);
  });

  it('refuses a statement that was made in it and is awaited after its end', async () => {
    const kept: { tx?: Tx; made?: PromiseLike<unknown> } = {};
    await transaction(pool, {}, async (tx) => {
      kept.tx = tx;
      // Not awaited: postgres.js sends a statement only then.
      kept.made = connectionOf(tx).unsafe("insert into notes values (51, 'late')");
    });
    expect(await attempt(Promise.resolve(kept.made))).toBeInstanceOf(TransactionEndedError);
    expect(causes([await attempt(write(kept.tx!, 52, 'late'))])).toEqual([expect.any(TransactionEndedError)]);
    expect(await notesOf('late')).toEqual([]);
  });

  it('runs its callback once, also when beginning had to be tried again', async () => {
    const { pid } = await transaction(pool, {}, (tx) =>
      queryOne<{ pid: number }>(tx, sql`select pg_backend_pid() as pid`),
    );
    await kill(pid, { whileWaiting: false });
    let calls = 0;
    await transaction(pool, {}, async () => {
      calls += 1;
    });
    expect(calls).toBe(1);
  });

  it('leaks neither its tenant nor its time-outs to the next one on the same connection', async () => {
    const settings = (tx: Tx) =>
      query(
        tx,
        sql`select pg_backend_pid() as pid, current_setting('mainspring.tenant_id', true) as tenant,
          current_setting('statement_timeout') as statement, current_setting('idle_in_transaction_session_timeout') as idle`,
      );
    const tenantId = '00000000-0000-7000-8000-000000000001';
    const [first] = await transaction(pool, { tenantId, statementTimeoutMs: 1_234, idleTimeoutMs: 2_345 }, settings);
    const [second] = await transaction(pool, {}, settings);
    expect(first).toMatchObject({ tenant: tenantId, statement: '1234ms', idle: '2345ms' });
    expect(second).toEqual({ pid: first?.pid, tenant: '', statement: '30s', idle: '1min' });
    const [bare] = await pool`select current_setting('mainspring.tenant_id', true) as tenant,
      current_setting('statement_timeout') as statement`;
    expect(bare).toEqual({ tenant: '', statement: '0' });
  });

  it('ends a statement that is over its time with an error and rolls back', async () => {
    await expect(
      transaction(pool, { statementTimeoutMs: 50 }, async (tx) => {
        await write(tx, 61, 'slow');
        await tx.execute(sql`select pg_sleep(10)`);
      }),
    ).rejects.toMatchObject({ cause: { code: '57014' } });
    expect(await notesOf('slow')).toEqual([]);
  });
});

describe('a statement alone', () => {
  const store = (n: number, who: string) => queryAlone(pool, sql`insert into notes values (${n}, ${who}) returning n`);

  it('is done, or undone as a whole when it fails', async () => {
    expect(await store(101, 'alone')).toEqual([{ n: 101 }]);
    const failing = queryAlone(pool, sql`insert into notes select n, 'alone' from generate_series(100, 101) n`);
    await expect(failing).rejects.toMatchObject({ code: '23505' });
    expect(await notesOf('alone')).toEqual([{ n: 101 }]);
  });

  it('neither joins a transaction nor waits for one that leaves a connection free', async () => {
    await transaction(db.owner, {}, async (tx) => {
      await write(tx, 201, 'beside');
      expect(await store(202, 'beside')).toEqual([{ n: 202 }]);
      throw new Error('to be rolled back');
    }).catch(() => undefined);
    expect(await notesOf('beside')).toEqual([{ n: 202 }]);
  });

  it('is done although nobody lives to hear of it', async () => {
    await pool`insert into notes values (500, 'heard')`;
    const script = `
      import { openPool } from '#db/client.ts';
      import { sql } from '#db/drizzle.ts';
      import { queryAlone } from '#server/lib/index.ts';
      const pool = openPool({ url: process.env.URL, max: 1, applicationName: 'test' });
      const store = (n) => queryAlone(pool, sql\`insert into notes values (\${n}, \${'heard'})\`);
      // Known to the connection, so that it goes in one piece.
      await store(501);
      // By the next turn of the event loop but one it is sent.
      setImmediate(() => setImmediate(() => setImmediate(() => process.kill(process.pid, 'SIGKILL'))));
      await store(502);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      env: { PATH: process.env.PATH, NODE_ENV: 'test', URL: db.ownerUrl },
      stdio: 'inherit',
    });
    expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
    await expect.poll(() => notesOf('heard'), { timeout: 20_000 }).toEqual([{ n: 500 }, { n: 501 }, { n: 502 }]);
  });

  it('tells of a backend that died under it', async () => {
    const dying = attempt(queryAlone(pool, sql`select pg_sleep(60)`));
    const end = async () => {
      const [row] = await db.owner`select pg_terminate_backend(pid) as done from pg_stat_activity
        where datname = current_database() and query like 'select pg_sleep(60)%' and state = 'active'`;
      return row?.done;
    };
    await expect.poll(end, { timeout: 20_000 }).toBe(true);
    expect(await dying).toMatchObject({ code: 'CONNECTION_CLOSED' });
    // The driver tells the next one of its slot of the same end: it was not sent, and is sent again.
    expect(await store(601, 'after a death')).toEqual([{ n: 601 }]);
    expect(await notesOf('after a death')).toEqual([{ n: 601 }]);
  });
});

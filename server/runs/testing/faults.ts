// Pipelines that copy a thousand numbers, and what goes wrong with their runs midway: connections that die, tables that
// are held, and steps at which something happens.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach } from 'vitest';
import type { TestDatabase } from '#db/testing/index.ts';
import type { RunStep } from '../index.ts';
import { copyTable, openWorkshop } from './index.ts';

/** Does it the first time that a run comes to the step. */
export const at = (step: RunStep, act: () => Promise<void> | void) => {
  let hasActed = false;
  return async (now: RunStep) => {
    if (now !== step || hasActed) return;
    hasActed = true;
    await act();
  };
};

/** What is queued when a test ends is queued no more for the next one. */
export async function openFaults(db: TestDatabase) {
  const shop = await openWorkshop(db, 'failure');
  await shop.sql('create table numbers (n int primary key); insert into numbers select generate_series(1, 1000)');
  let made = 0;

  afterEach(async () => {
    await db.owner`delete from run_queue`;
  });

  /** A pipeline into a table of its own that exists already. */
  async function copyPipeline(errorHandling: object = {}) {
    made += 1;
    const table = `copy_${made}`;
    await shop.sql(`create table ${table} (n int)`);
    return { table, id: await shop.pipeline(`copy-${made}`, { nodes: copyTable('numbers', table), errorHandling }) };
  }

  const rowsIn = async (table: string) => Number((await shop.sql(`select count(*) from ${table}`))[0]?.count);
  const dlqRows = async (runId: string) => (await db.owner`select 1 from dlq_entries where run_id = ${runId}`).length;

  /** Kills the run's own connection, as a crash of the backend does. */
  async function killRunBackend(): Promise<void> {
    await db.owner`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name like 'mainspring run %' and datname = current_database()`;
  }

  /** Holds the table so that the run's statement has to wait; returns how to let go. */
  async function holdTable(table: string): Promise<() => Promise<void>> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const held = db.owner.begin(async (tx) => {
      await tx.unsafe(`lock table "${shop.data.schemaName}"."${table}" in access exclusive mode`);
      locked.resolve();
      await promise;
    });
    await locked.promise;
    return async () => {
      resolve();
      await held;
    };
  }

  async function waitForBlockedRun(): Promise<void> {
    for (let i = 0; i < 200; i += 1) {
      const rows = await db.owner`select 1 from pg_stat_activity
        where application_name like 'mainspring run %' and datname = current_database() and wait_event_type = 'Lock'`;
      if (rows.length > 0) return;
      await sleep(25);
    }
    throw new Error('the run never waited for the lock');
  }

  return { shop, copyPipeline, rowsIn, dlqRows, killRunBackend, holdTable, waitForBlockedRun };
}

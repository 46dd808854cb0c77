// What every part of the bench counts with.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import type { Pool } from '#db/client.ts';

export const say = (line: string) => process.stdout.write(`${line}\n`);

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

export const percentile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(values.length * q) - 1)] ?? Number.NaN;

/** What some work cost: time, what the database did for it, and what this process did. */
export type Cost = { seconds: number; walBytes: number; databaseCpuSeconds: number; clientCpuSeconds: number };

export async function costOf(owner: Pool, postmasterPid: number, work: () => Promise<void>): Promise<Cost> {
  await quiet(owner);
  await owner`checkpoint`;
  const [before] = await owner<{ lsn: string }[]>`select pg_current_wal_insert_lsn() as lsn`;
  const cpuBefore = cpuSecondsOf(postmasterPid);
  const clientBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const client = process.cpuUsage(clientBefore);
  const clientCpuSeconds = (client.user + client.system) / 1e6;
  const databaseCpuSeconds = cpuSecondsOf(postmasterPid) - cpuBefore;
  const [wal] = await owner<{ bytes: string }[]>`select pg_current_wal_insert_lsn() - ${before!.lsn}::pg_lsn as bytes`;
  return { seconds, walBytes: Number(wal!.bytes), databaseCpuSeconds, clientCpuSeconds };
}

const QUIET_WITHIN_MS = 60_000;

/** Until autovacuum has done with what came before: its time would count as this work's. A minute at most. */
async function quiet(owner: Pool): Promise<void> {
  const untilMs = performance.now() + QUIET_WITHIN_MS;
  for (let isBusy = true; isBusy && performance.now() < untilMs; ) {
    const rows = await owner`select from pg_stat_activity where backend_type = 'autovacuum worker'`;
    isBusy = rows.length > 0;
    if (isBusy) await wait(200);
  }
}

const TICKS_PER_SECOND = 100;

/** Of the postmaster, its living children and those that it has waited for; 0 where there is no /proc. */
function cpuSecondsOf(postmasterPid: number): number {
  let ticks = 0;
  for (const pid of pidsOf(postmasterPid)) {
    const fields = statOf(pid);
    // utime and stime; of the postmaster also cutime and cstime.
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    if (pid === postmasterPid) ticks += Number(fields[13] ?? 0) + Number(fields[14] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

function pidsOf(postmasterPid: number): number[] {
  try {
    const all = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
    return all.filter((pid) => pid === postmasterPid || Number(statOf(pid)[1]) === postmasterPid);
  } catch {
    return [];
  }
}

/** The fields after the name, which may hold spaces: state, parent, … */
function statOf(pid: number): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

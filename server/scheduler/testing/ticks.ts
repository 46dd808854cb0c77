// Schedules of one tenant, ticks over them at given times of one day, and what the ledger says afterwards.
import { randomUUID } from 'node:crypto';
import { beforeEach } from 'vitest';
import type { Pool } from '#db/client.ts';
import type { TestDatabase } from '#db/testing/index.ts';
import { Policies, type Schedule } from '#server/ir/index.ts';
import { createLogger } from '#server/lib/index.ts';
import { type TickResult, tick } from '../tick.ts';

export const at = (time: string) => new Date(`2026-03-10T${time.length === 5 ? `${time}:00` : time}Z`);
export const EVERY_MINUTE: Schedule = { kind: 'cron', expression: '* * * * *', timezone: 'UTC' };
export const EVERY_TEN: Schedule = { kind: 'interval', minutes: 10, phaseMinutes: 0 };

type Ids = { pipelineId: string; scheduleId: string };
export type ScheduleOptions = { schedule?: unknown; policies?: unknown; next?: Date | null } & Record<string, unknown>;
type LedgerRow = { due: string; until: string | null; count: number; verdict: string; hasRun: boolean };
const hhmm = (column: string) => `to_char(${column} at time zone 'UTC', 'HH24:MI')`;
const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Before each test all schedules, runs and verdicts are gone. */
export async function openTicks(db: TestDatabase) {
  const silent = createLogger({ level: 'silent', tier: 'test' });
  const [row] = await db.owner<{ id: string }[]>`
    insert into tenants (slug, name, schema_name, role_name) values ('acme', 'Acme', 'acme', 'acme') returning id`;
  const tenantId = row!.id;
  beforeEach(async () => {
    await db.owner`truncate pipelines, occurrences, runs, run_queue, cron_runs cascade`;
    await db.owner`update scheduler_state set last_tick_at = null`;
  });

  /** A live pipeline with a schedule, due at 10:00 unless told otherwise. */
  async function makeSchedule(options: ScheduleOptions = {}): Promise<Ids> {
    const { schedule = EVERY_MINUTE, policies = {}, next = at('10:00'), ...columns } = options;
    const ids = { pipelineId: randomUUID(), scheduleId: randomUUID() };
    await db.owner`insert into pipelines ${db.owner({ tenant_id: tenantId, id: ids.pipelineId, name: ids.pipelineId, live_version: 3 })}`;
    await db.owner`insert into schedules ${db.owner({
      tenant_id: tenantId,
      id: ids.scheduleId,
      pipeline_id: ids.pipelineId,
      version: 3,
      max_attempts: 4,
      next_fire_at: next?.toISOString() ?? null,
      schedule: schedule as never,
      policies: (isObject(policies) && !('broken' in policies) ? Policies.parse(policies) : policies) as never,
      ...columns,
    })}`;
    return ids;
  }

  /** One tick as the worker, at a given time. */
  const tickAt = (time: string | Date, options: { pool?: Pool; batchSize?: number } = {}): Promise<TickResult> => {
    const now = typeof time === 'string' ? at(time) : time;
    const { pool = db.worker, ...rest } = options;
    return tick({ pool, log: silent, processId: 'test', clock: { now: async () => now }, ...rest });
  };

  const ledger = (of?: Ids) =>
    db.owner.unsafe<LedgerRow[]>(`select ${hhmm('due_at')} as due, ${hhmm('due_until')} as until, count::int, verdict,
      run_id is not null as "hasRun" from occurrences ${of ? `where schedule_id = '${of.scheduleId}'` : ''} order by due_at, schedule_id`);
  const lines = async (of?: Ids) =>
    (await ledger(of)).map((row) => `${row.due}${row.until ? `-${row.until}` : ''} ×${row.count} ${row.verdict}`);
  const count = async (table: string) =>
    (await db.owner<{ n: number }[]>`select count(*)::int as n from ${db.owner(table)}`)[0]!.n;
  const nextFire = async (of: Ids) =>
    (
      await db.owner.unsafe<{ next: string | null }[]>(
        `select ${hhmm('next_fire_at')} as next from schedules where id = '${of.scheduleId}'`,
      )
    )[0]!.next;
  return { tenantId, silent, makeSchedule, tickAt, ledger, lines, count, nextFire };
}

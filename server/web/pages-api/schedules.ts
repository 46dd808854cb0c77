// Schedules, their instants and what became of them, as the pages see them.

import type { RunStatus } from './runs.ts';
import type { Instant, Page, PageInput } from './wire.ts';

export type ScheduleSource =
  | { kind: 'cron'; expression: string; timezone: string }
  | { kind: 'interval'; minutes: number; phaseMinutes: number }
  | { kind: 'rrule'; rrule: string; timezone: string };

export interface Pause {
  at: Instant;
  by: string | null;
  reason: string | null;
  until: Instant | null;
}

export type DstMark = 'gap_shifted' | 'fold_first' | 'fold_second';

export interface NextFire {
  at: Instant;
  /** Wall-clock time in the schedule's zone, without offset. */
  local: string;
  /** Set where a clock change moved this fire or makes its local time come twice. */
  dst: DstMark | null;
}

export type Verdict =
  | 'fired'
  | 'late'
  | 'pending'
  | 'coalesced'
  | 'skipped_overlap'
  | 'skipped_paused'
  | 'skipped_blackout'
  | 'missed_window'
  | 'capped';

/** One verdict, or a stretch of instants that shared one (`until` and `count`). */
export interface Occurrence {
  dueAt: Instant;
  until: Instant | null;
  count: number;
  verdict: Verdict;
  reason: string | null;
  runId: string | null;
}

export interface SchedulerItem {
  pipelineId: string;
  name: string;
  labels: Record<string, string>;
  schedule: ScheduleSource | null;
  scheduleWords: string | null;
  timezone: string | null;
  enabled: boolean;
  paused: Pause | null;
  lastRunAt: Instant | null;
  lastRunStatus: RunStatus | null;
  lastRunId: string | null;
  expectedAt: Instant | null;
  lagMinutes: number | null;
  nextFires: NextFire[];
  recent: Occurrence[];
}

export interface SchedulerHealth {
  lastTickAt: Instant | null;
  tickLagSeconds: number | null;
  oldestDueUnfiredAt: Instant | null;
  clockSkewMs: number | null;
  now: Instant;
}

export interface SchedulerApi {
  status(input: PageInput & { label?: string[] }): Promise<Page<SchedulerItem> & { health: SchedulerHealth }>;
}

// The walk from a rule to instants. Numbers only (milliseconds since the epoch); nextFires dresses them.
//
// Invariants: instants are strictly after `afterMs`, strictly increasing, never two of one value (two wall-clock
// times that a gap shifts onto one instant count once), and independent of the process's TZ.
import type { Policies, Schedule } from '#server/ir/index.ts';
import { earliestLocalAfter, offsetMsAt, resolveLocal } from './wall-clock.ts';
import { openWallRule, type WallRule } from './wall-rule.ts';

export type DstPolicy = Policies['dst'];
export type DstMark = 'gap_shifted' | 'fold_first' | 'fold_second';
export type FireTime = { atMs: number; mark: DstMark | null };
export type FireTimesQuery = {
  afterMs: number;
  limit: number;
  dst: DstPolicy;
  /** Last instant wanted, inclusive. */
  untilMs?: number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Wall-clock times asked for at once: few for "the next one", many for a stretch. */
const MAX_CHUNK = 512;
/** A stretch may hold none of them, and a yearly rule takes some 20 ms for each that is asked for in vain. */
const FIRST_CHUNK_OF_STRETCH = 1;
/** With gap `skip` a rule may only ever name skipped times (02:30 on the last Sunday of March): then give up. */
const GAP_SEARCH_MS = 9 * 366 * DAY_MS;

/** The zone a schedule's times are told in; intervals run in elapsed time and are told in UTC. */
export function zoneOf(schedule: Schedule): string {
  return schedule.kind === 'interval' ? 'UTC' : schedule.timezone;
}

/** The next instants of a schedule; fewer than `limit` when the rule ends or `untilMs` is reached. */
export function fireTimes(schedule: Schedule, query: FireTimesQuery): FireTime[] {
  if (query.limit <= 0) return [];
  if (schedule.kind === 'interval') return intervalTimes(schedule, query);
  return zonedTimes(openWallRule(schedule), schedule.timezone, query);
}

/** The first instant of an interval's grid that is strictly after `afterMs`. */
export function nextOnGrid(schedule: Extract<Schedule, { kind: 'interval' }>, afterMs: number): number {
  const stepMs = schedule.minutes * MINUTE_MS;
  const phaseMs = schedule.phaseMinutes * MINUTE_MS;
  return (Math.floor((afterMs - phaseMs) / stepMs) + 1) * stepMs + phaseMs;
}

function intervalTimes(schedule: Extract<Schedule, { kind: 'interval' }>, query: FireTimesQuery): FireTime[] {
  const times: FireTime[] = [];
  const untilMs = query.untilMs ?? Number.POSITIVE_INFINITY;
  let atMs = nextOnGrid(schedule, query.afterMs);
  while (times.length < query.limit && atMs <= untilMs) {
    times.push({ atMs, mark: null });
    atMs += schedule.minutes * MINUTE_MS;
  }
  return times;
}

/**
 * Walks wall-clock times in order. The first instants of ascending wall-clock times never descend, so a repeated
 * hour's second instants wait in `repeats` until a first instant passes them.
 */
function zonedTimes(rule: WallRule, zone: string, query: FireTimesQuery): FireTime[] {
  const untilMs = query.untilMs ?? Number.POSITIVE_INFINITY;
  const isBoth = query.dst.fold === 'both' || (query.dst.fold === 'auto' && rule.isHourlyOrFiner);
  const found: FireTime[] = [];
  const repeats: number[] = [];
  let lastMs = query.afterMs;
  let skippingSinceMs: number | null = null;
  const take = (atMs: number, mark: DstMark | null): void => {
    if (atMs <= lastMs || atMs > untilMs || found.length >= query.limit) return;
    lastMs = atMs;
    found.push({ atMs, mark });
  };
  let localMs = earliestLocalAfter(query.afterMs, zone);
  let maxChunk = query.untilMs === undefined ? MAX_CHUNK : FIRST_CHUNK_OF_STRETCH;
  for (;;) {
    const chunk = Math.min(query.limit - found.length, maxChunk);
    maxChunk = Math.min(maxChunk * 2, MAX_CHUNK);
    const locals = rule.timesAfter(localMs, chunk);
    for (const local of locals) {
      const resolved = resolveLocal(local, zone);
      const firstMs = resolved.kind === 'fold' ? resolved.firstMs : resolved.atMs;
      while (repeats[0] !== undefined && repeats[0] <= firstMs) take(repeats.shift() ?? 0, 'fold_second');
      if (firstMs > untilMs) return found;
      if (resolved.kind === 'gap' && query.dst.gap === 'skip') {
        skippingSinceMs ??= local;
        if (local - skippingSinceMs > GAP_SEARCH_MS) return found;
        continue;
      }
      skippingSinceMs = null;
      if (resolved.kind === 'gap') take(firstMs, isOwnTime(rule, firstMs, zone) ? null : 'gap_shifted');
      else take(firstMs, resolved.kind === 'fold' ? 'fold_first' : null);
      if (resolved.kind === 'fold' && isBoth) repeats.push(resolved.secondMs);
    }
    const last = locals.at(-1);
    if (locals.length < chunk || last === undefined) {
      for (const atMs of repeats) take(atMs, 'fold_second');
      return found;
    }
    if (found.length >= query.limit) return found;
    localMs = last;
  }
}

/** True when the rule names the wall-clock time of this instant itself, so that nothing was shifted onto it. */
function isOwnTime(rule: WallRule, atMs: number, zone: string): boolean {
  const local = atMs + offsetMsAt(atMs, zone);
  return rule.timesAfter(local - MINUTE_MS, 1)[0] === local;
}

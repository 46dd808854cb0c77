// The one conversion between a zone's wall clock and instants. Everything here is in milliseconds since the
// epoch; a "local" number is a wall-clock time read as if it were UTC (floating), so it is the same number in
// every process time zone.
//
// Offsets come from Intl (the ICU and tzdata that Node carries). One format call costs about 3 µs, so a zone is
// read in spans of 32 days, one sample a day, and each change found is bisected to the second. Two changes of
// one zone inside one day that cancel each other would be missed; tzdata has none since 1970.

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const SPAN_MS = 32 * DAY_MS;
/** Offsets lie between -12 h and +14 h, and no zone moves its clock by more than a day (Samoa, 2011). */
const LOOK_AROUND_MS = 26 * 60 * MINUTE_MS;
/** About 60 zones over 10 years; the cache is dropped as a whole when it is full. */
const MAX_CACHED_SPANS = 8_000;
/** A formatter is the dear part of a zone (0.1 to 0.4 ms to make); ICU knows some 600 names and spellings. */
const MAX_CACHED_ZONES = 700;

/** From `fromMs` up to but not including `untilMs` the zone is `offsetMs` ahead of UTC. */
type Segment = { fromMs: number; untilMs: number; offsetMs: number };
type Zone = { formatter: Intl.DateTimeFormat; spans: Map<number, Segment[]> };

const zones = new Map<string, Zone>();
let cachedSpanCount = 0;

/** What a wall-clock time means in a zone. A gap carries the first valid instant after it. */
export type LocalResolution =
  | { kind: 'once'; atMs: number }
  | { kind: 'gap'; atMs: number }
  | { kind: 'fold'; firstMs: number; secondMs: number };

/** How far the zone is ahead of UTC at an instant, in milliseconds. Throws RangeError for an unknown zone. */
export function offsetMsAt(atMs: number, zone: string): number {
  return segmentAt(atMs, zone).offsetMs;
}

/** Which instant or instants a floating wall-clock time stands for. */
export function resolveLocal(localMs: number, zone: string): LocalResolution {
  const fromMs = localMs - LOOK_AROUND_MS;
  const untilMs = localMs + LOOK_AROUND_MS;
  const here = segmentAt(fromMs, zone);
  if (untilMs < here.untilMs) return { kind: 'once', atMs: localMs - here.offsetMs };
  const segments = segmentsBetween(fromMs, untilMs, zone);
  const hits: number[] = [];
  for (const segment of segments) {
    const atMs = localMs - segment.offsetMs;
    if (atMs >= segment.fromMs && atMs < segment.untilMs) hits.push(atMs);
  }
  const first = hits[0];
  const last = hits.at(-1);
  if (first !== undefined && last !== undefined) {
    return first === last ? { kind: 'once', atMs: first } : { kind: 'fold', firstMs: first, secondMs: last };
  }
  // In a gap: the change that jumps over this wall-clock time is the first valid instant after it.
  const landing = segments.find((segment) => segment.fromMs + segment.offsetMs > localMs);
  if (landing === undefined) throw new RangeError(`no instant for local time ${localMs} in ${zone}`);
  return { kind: 'gap', atMs: landing.fromMs };
}

/**
 * The smallest wall-clock time that any instant after `atMs` can show. Usually that of `atMs` itself; less when
 * the clock is set back within a day, because the repeated hour shows earlier times again.
 */
export function earliestLocalAfter(atMs: number, zone: string): number {
  const here = segmentAt(atMs, zone);
  if (atMs + LOOK_AROUND_MS < here.untilMs) return atMs + here.offsetMs;
  const offsets = segmentsBetween(atMs, atMs + LOOK_AROUND_MS, zone).map((segment) => segment.offsetMs);
  return atMs + Math.min(...offsets);
}

/** The instants of a wall-clock time `YYYY-MM-DDTHH:mm`: none in a gap, two in a fold, else one. */
export function localToInstants(local: string, zone: string): Date[] {
  const resolved = resolveLocal(parseLocal(local), zone);
  if (resolved.kind === 'gap') return [];
  if (resolved.kind === 'once') return [new Date(resolved.atMs)];
  return [new Date(resolved.firstMs), new Date(resolved.secondMs)];
}

/** The wall-clock time `YYYY-MM-DDTHH:mm` of an instant and the offset then in force. */
export function instantToLocal(at: Date, zone: string): { local: string; offsetMinutes: number } {
  const offsetMs = offsetMsAt(at.getTime(), zone);
  return { local: formatLocal(at.getTime() + offsetMs), offsetMinutes: offsetMs / MINUTE_MS };
}

/** A floating wall-clock number as `YYYY-MM-DDTHH:mm`. */
export function formatLocal(localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 16);
}

function parseLocal(local: string): number {
  const localMs = Date.parse(`${local}:00.000Z`);
  if (Number.isNaN(localMs) || formatLocal(localMs) !== local) {
    throw new RangeError(`"${local}" is not a wall-clock time; write YYYY-MM-DDTHH:mm`);
  }
  return localMs;
}

function segmentAt(atMs: number, zone: string): Segment {
  const span = spanOf(Math.floor(atMs / SPAN_MS), zone);
  for (const segment of span) if (atMs < segment.untilMs) return segment;
  throw new RangeError(`no offset for ${atMs} in ${zone}`);
}

/** The segments that touch [fromMs, untilMs], in order; neighbours of one offset are joined. */
function segmentsBetween(fromMs: number, untilMs: number, zone: string): Segment[] {
  const joined: Segment[] = [];
  for (let index = Math.floor(fromMs / SPAN_MS); index <= Math.floor(untilMs / SPAN_MS); index += 1) {
    for (const segment of spanOf(index, zone)) {
      const last = joined.at(-1);
      if (last !== undefined && last.offsetMs === segment.offsetMs) last.untilMs = segment.untilMs;
      else joined.push({ ...segment });
    }
  }
  return joined.filter((segment) => segment.untilMs > fromMs && segment.fromMs <= untilMs);
}

function spanOf(index: number, zoneName: string): Segment[] {
  const zone = zones.get(zoneName) ?? openZone(zoneName);
  const cached = zone.spans.get(index);
  if (cached !== undefined) return cached;
  if (cachedSpanCount >= MAX_CACHED_SPANS) {
    for (const other of zones.values()) other.spans.clear();
    cachedSpanCount = 0;
  }
  const span = readSpan(index * SPAN_MS, zone.formatter);
  zone.spans.set(index, span);
  cachedSpanCount += 1;
  return span;
}

function openZone(name: string): Zone {
  if (zones.size >= MAX_CACHED_ZONES) {
    zones.clear();
    cachedSpanCount = 0;
  }
  const zone: Zone = {
    formatter: new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' }),
    spans: new Map(),
  };
  zones.set(name, zone);
  return zone;
}

function readSpan(fromMs: number, formatter: Intl.DateTimeFormat): Segment[] {
  const segments: Segment[] = [];
  let startMs = fromMs;
  let offsetMs = readOffsetMs(fromMs, formatter);
  for (let dayMs = fromMs; dayMs < fromMs + SPAN_MS; dayMs += DAY_MS) {
    const nextOffsetMs = readOffsetMs(dayMs + DAY_MS, formatter);
    if (nextOffsetMs === offsetMs) continue;
    const changeMs = findChange(dayMs, dayMs + DAY_MS, offsetMs, formatter);
    segments.push({ fromMs: startMs, untilMs: changeMs, offsetMs });
    startMs = changeMs;
    offsetMs = nextOffsetMs;
  }
  // A change exactly at the end of the span belongs to the next one.
  if (startMs < fromMs + SPAN_MS) segments.push({ fromMs: startMs, untilMs: fromMs + SPAN_MS, offsetMs });
  return segments;
}

/** The first whole second at which the offset is no longer `beforeMs`. */
function findChange(fromMs: number, untilMs: number, beforeMs: number, formatter: Intl.DateTimeFormat): number {
  let low = fromMs / 1_000;
  let high = untilMs / 1_000;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (readOffsetMs(middle * 1_000, formatter) === beforeMs) low = middle;
    else high = middle;
  }
  return high * 1_000;
}

/** Reads `11/21/2026, GMT-05:00`; seconds follow only for local mean time of long ago. */
function readOffsetMs(atMs: number, formatter: Intl.DateTimeFormat): number {
  const text = formatter.format(atMs);
  const offset = text.slice(text.lastIndexOf('GMT') + 3);
  if (offset === '') return 0;
  const [hours = '0', minutes = '0', seconds = '0'] = offset.slice(1).split(':');
  const sizeMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return offset.startsWith('+') ? sizeMs : -sizeMs;
}

import type { NextFire, Occurrence } from '#server/web/index.ts';
import { useClock, useZone } from '../time/clock.tsx';
import { clockTime, toMs } from '../time/format.ts';
import { type Tone, toneSolid, verdictLook } from '../ui/status-pill.tsx';

const HOUR_MS = 3_600_000;
/** Twenty-four hours: what was, and a little of what is to come. */
export const PAST_MS = 20 * HOUR_MS;
export const COMING_MS = 4 * HOUR_MS;
const SPAN_MS = PAST_MS + COMING_MS;
/** One verdict alone must still be seen: the least width of a mark, in percent of the strip. */
const MARK = 1;

/** Worst last, so that it is drawn on top of what shares its place. */
const ORDER: Tone[] = ['ok', 'idle', 'busy', 'held', 'warn', 'bad'];

interface TimelineProps {
  recent: Occurrence[];
  nextFires: NextFire[];
  isPaused: boolean;
}

/** Twenty-four hours of one schedule: verdicts to the left of the line, coming fires to its right. */
export function Timeline({ recent, nextFires, isPaused }: TimelineProps) {
  const zone = useZone();
  // Moves by the minute, not by the second: four hundred strips are not redrawn for nothing.
  const atMs = useClock((nowMs) => Math.floor(nowMs / 60_000) * 60_000);
  /** Percent from the left: the strip is as wide as its column, and circles stay round. */
  const x = (ms: number) => ((ms - atMs + PAST_MS) / SPAN_MS) * 100;
  const marks = recent
    .map((entry) => {
      const from = Math.max(0, x(toMs(entry.dueAt)));
      const to = Math.min(x(atMs) + MARK, x(toMs(entry.until ?? entry.dueAt)));
      return { entry, from, width: Math.max(MARK, to - from), look: verdictLook[entry.verdict] };
    })
    .filter(({ entry }) => toMs(entry.until ?? entry.dueAt) > atMs - PAST_MS)
    .sort((a, b) => ORDER.indexOf(a.look.tone) - ORDER.indexOf(b.look.tone));
  return (
    <svg role="img" aria-label={summary(recent, nextFires)} className="h-5.5 w-full min-w-36">
      <rect y="3" width={`${x(atMs)}%`} height="16" rx="2" className="fill-sunken" />
      <line x1={`${x(atMs)}%`} x2="100%" y1="11" y2="11" className="stroke-line" strokeDasharray="2 2" />
      {marks.map(({ entry, from, width, look }) => (
        <rect
          key={`${entry.dueAt}${entry.verdict}`}
          x={`${from}%`}
          y="3"
          width={`${width}%`}
          height="16"
          rx="1"
          style={{ fill: toneSolid[look.tone] }}
        >
          <title>{`${span(entry, zone)} ${look.label}${entry.count > 1 ? ` × ${entry.count}` : ''}`}</title>
        </rect>
      ))}
      {!isPaused &&
        nextFires.map(({ at }) => {
          const ms = toMs(at);
          if (ms > atMs + COMING_MS) return null;
          return (
            <circle key={at} cx={`${x(ms)}%`} cy="11" r="2" className="fill-surface stroke-faint" strokeWidth="1.2">
              <title>{`${clockTime(ms, zone)} due`}</title>
            </circle>
          );
        })}
      {/* In two halves, so that the newest verdicts are not hidden behind it. */}
      <line x1={`${x(atMs)}%`} x2={`${x(atMs)}%`} y1="0" y2="3" className="stroke-ink" strokeWidth="1.5" />
      <line x1={`${x(atMs)}%`} x2={`${x(atMs)}%`} y1="19" y2="22" className="stroke-ink" strokeWidth="1.5" />
    </svg>
  );
}

const span = (entry: Occurrence, zone: string): string => {
  const from = clockTime(toMs(entry.dueAt), zone);
  return entry.until === null ? from : `${from}–${clockTime(toMs(entry.until), zone)}`;
};

function summary(recent: Occurrence[], nextFires: NextFire[]): string {
  const counts = new Map<string, number>();
  for (const { verdict, count } of recent) {
    const { label } = verdictLook[verdict];
    counts.set(label, (counts.get(label) ?? 0) + count);
  }
  const past = [...counts].map(([label, count]) => `${count} ${label.toLowerCase()}`).join(', ') || 'nothing';
  return `The last 20 hours: ${past}. ${nextFires.length} coming fires known.`;
}

/** The hours above the strips. */
export function TimelineScale() {
  return (
    <span aria-hidden className="tabular relative block h-4 w-full min-w-36 font-normal text-2xs">
      {[-18, -12, -6].map((hour) => (
        <span key={hour} className="absolute -translate-x-1/2" style={{ left: `${((hour + 20) / 24) * 100}%` }}>
          −{-hour} h
        </span>
      ))}
      <span className="absolute -translate-x-1/2 font-medium text-ink" style={{ left: `${(20 / 24) * 100}%` }}>
        now
      </span>
    </span>
  );
}

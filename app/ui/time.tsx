import type { Instant } from '#server/web/index.ts';
import { useNowMs, useZone } from '../time/clock.tsx';
import { clockTime, dayOf, duration, exactTime, relative, toMs, utcOffset } from '../time/format.ts';
import { cn } from './cn.ts';
import { Tooltip } from './tooltip.tsx';

interface TimeProps {
  at: Instant | null | undefined;
  /** What stands there: the age, date and time, or the time with its day when that is not today. The rest shows on hover and focus. */
  show?: 'relative' | 'exact' | 'clock';
  /** IANA zone; the person's chosen one when absent. */
  zone?: string;
  className?: string;
}

/** An instant. The exact form always carries its zone, because "14:00" alone has misled every operator once. */
export function Time({ at, show = 'relative', zone, className }: TimeProps) {
  const nowMs = useNowMs();
  const chosen = useZone();
  if (at === null || at === undefined) return <Dash />;
  const ms = toMs(at);
  const inZone = zone ?? chosen;
  const exact = exactTime(ms, inZone);
  const age = relative(ms, nowMs);
  return (
    <Tooltip
      text={
        <span className="tabular">
          {exact} {inZone}
          {inZone !== 'UTC' && ` (${utcOffset(ms, inZone)})`} · {age}
        </span>
      }
    >
      <time
        dateTime={new Date(ms).toISOString()}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the exact time must be reachable without a mouse
        tabIndex={0}
        className={cn('whitespace-nowrap', className)}
      >
        {show === 'relative' ? age : show === 'exact' ? exact : shortTime(ms, nowMs, inZone)}
      </time>
    </Tooltip>
  );
}

/** `14:05`, or `3 Nov 14:05` on another day. */
function shortTime(ms: number, nowMs: number, zone: string): string {
  const day = dayOf(ms, zone);
  return day === dayOf(nowMs, zone) ? clockTime(ms, zone) : `${day} ${clockTime(ms, zone)}`;
}

/** How long something took, or takes so far when it has not finished. */
export function Duration({ from, to }: { from: Instant | null; to: Instant | null }) {
  const nowMs = useNowMs();
  if (from === null) return <Dash />;
  const ms = Math.max(0, (to === null ? nowMs : toMs(to)) - toMs(from));
  return (
    <span className="tabular whitespace-nowrap">
      {to === null ? duration(Math.floor(ms / 1_000) * 1_000) : duration(ms)}
    </span>
  );
}

/** A zone by name, with the offset that holds now. */
export function ZoneLabel({ zone, className }: { zone: string; className?: string }) {
  const nowMs = useNowMs();
  const offset = utcOffset(nowMs, zone);
  return (
    <span className={cn('whitespace-nowrap text-faint', className)}>
      {zone}
      {offset !== zone && <span className="tabular"> · {offset}</span>}
    </span>
  );
}

/** Nothing to show, and on purpose: `why` is read out and shown on hover. */
export function Dash({ why }: { why?: string }) {
  return (
    <span className="text-faint" title={why}>
      <span aria-hidden>–</span>
      <span className="sr-only">{why ?? 'none'}</span>
    </span>
  );
}

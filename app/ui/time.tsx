import type { Instant as InstantText } from '#server/web/index.ts';
import { useClock, useZone } from '../time/clock.tsx';
import { clockTime, dayOf, duration, exactTime, relative, toMs, utcOffset } from '../time/format.ts';
import { cn } from './cn.ts';
import { Tooltip } from './tooltip.tsx';

interface TimeProps {
  at: InstantText | null | undefined;
  /** What stands there: the age, date and time, or the time with its day when that is not today. The rest shows on hover and focus. */
  show?: 'relative' | 'exact' | 'clock';
  /** IANA zone; the person's chosen one when absent. */
  zone?: string;
  className?: string;
}

/** An instant. The exact form always carries its zone, because "14:00" alone has misled every operator once. */
export function Time({ at, ...rest }: TimeProps) {
  return at === null || at === undefined ? <Dash /> : <Instant ms={toMs(at)} {...rest} />;
}

function Instant({ ms, show = 'relative', zone, className }: Omit<TimeProps, 'at'> & { ms: number }) {
  const chosen = useZone();
  const inZone = zone ?? chosen;
  const shown = useClock((nowMs) =>
    show === 'relative' ? relative(ms, nowMs) : show === 'exact' ? exactTime(ms, inZone) : shortTime(ms, nowMs, inZone),
  );
  return (
    <Tooltip text={<Exact ms={ms} zone={inZone} />}>
      <time
        dateTime={new Date(ms).toISOString()}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the exact time must be reachable without a mouse
        tabIndex={0}
        className={cn('whitespace-nowrap', className)}
      >
        {shown}
      </time>
    </Tooltip>
  );
}

function Exact({ ms, zone }: { ms: number; zone: string }) {
  const age = useClock((nowMs) => relative(ms, nowMs));
  return (
    <span className="tabular">
      {exactTime(ms, zone)} {zone}
      {zone !== 'UTC' && ` (${utcOffset(ms, zone)})`} · {age}
    </span>
  );
}

/** `14:05`, or `3 Nov 14:05` on another day. */
function shortTime(ms: number, nowMs: number, zone: string): string {
  const day = dayOf(ms, zone);
  return day === dayOf(nowMs, zone) ? clockTime(ms, zone) : `${day} ${clockTime(ms, zone)}`;
}

/** How long something took, or takes so far when it has not finished. */
export function Duration({ from, to }: { from: InstantText | null; to: InstantText | null }) {
  const words = useClock((nowMs) => {
    if (from === null) return '';
    const ms = Math.max(0, (to === null ? nowMs : toMs(to)) - toMs(from));
    return duration(to === null ? Math.floor(ms / 1_000) * 1_000 : ms);
  });
  return from === null ? <Dash /> : <span className="tabular whitespace-nowrap">{words}</span>;
}

/** A zone by name, with the offset that holds now. */
export function ZoneLabel({ zone, className }: { zone: string; className?: string }) {
  const offset = useClock((nowMs) => utcOffset(nowMs, zone));
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

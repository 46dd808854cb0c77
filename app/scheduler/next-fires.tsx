import type { DstMark, NextFire } from '#server/web/index.ts';
import { useClock, useZone } from '../time/clock.tsx';
import { clockTime, dayOf, relative, toMs } from '../time/format.ts';
import { Time } from '../ui/time.tsx';
import { Tooltip } from '../ui/tooltip.tsx';

const dstLook: Record<DstMark, { short: string; long: string }> = {
  gap_shifted: {
    short: 'DST gap',
    long: 'Clocks go forward over this time: it fires at the first moment that exists.',
  },
  fold_first: { short: 'DST 1st', long: 'Clocks go back and this time comes twice: this is the first of the two.' },
  fold_second: { short: 'DST 2nd', long: 'Clocks go back and this time comes twice: this is the second of the two.' },
};

export function DstBadge({ mark }: { mark: DstMark }) {
  const { short, long } = dstLook[mark];
  return (
    <Tooltip text={long}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: its explanation must be reachable without a mouse */}
      <span tabIndex={0} className="rounded bg-warn-soft px-1 font-medium text-2xs text-warn leading-4">
        {short}
        <span className="sr-only">: {long}</span>
      </span>
    </Tooltip>
  );
}

/** The next five fires: the first in words, the rest as clock times of the schedule's own zone, named where it is not the page's. */
export function NextFires({ fires, zone }: { fires: NextFire[]; zone: string }) {
  const today = useClock((nowMs) => dayOf(nowMs, zone));
  const isForeign = useZone() !== zone;
  const [first, ...rest] = fires;
  if (first === undefined) return null;
  let shownDay = today;
  const withDay = (ms: number): string => {
    const day = dayOf(ms, zone);
    const isNew = day !== shownDay;
    shownDay = day;
    return isNew ? `${day} ${clockTime(ms, zone)}` : clockTime(ms, zone);
  };
  const firstMs = toMs(first.at);
  const firstClock = clockTime(firstMs, zone);
  // Daily and weekly schedules: five times the same clock time says less than five days.
  const isOncePerDay = rest.every(({ at }) => clockTime(toMs(at), zone) === firstClock);
  return (
    <div className="leading-4.5">
      <p className="flex items-center gap-1.5 whitespace-nowrap">
        <span className="tabular font-medium">{withDay(firstMs)}</span>
        <Until ms={firstMs} />
        {first.dst !== null && <DstBadge mark={first.dst} />}
      </p>
      <p className="flex max-w-64 flex-wrap gap-x-2 text-faint text-xs">
        {rest.map((fire) => (
          <span key={fire.at} className="tabular inline-flex items-center gap-1 whitespace-nowrap">
            {isOncePerDay ? dayOf(toMs(fire.at), zone) : withDay(toMs(fire.at))}
            {fire.dst !== null && <DstBadge mark={fire.dst} />}
          </span>
        ))}
        {isForeign && <span className="whitespace-nowrap">in {zone}</span>}
      </p>
    </div>
  );
}

function Until({ ms }: { ms: number }) {
  const words = useClock((nowMs) => (ms <= nowMs ? 'due' : relative(ms, nowMs)));
  return <span className="tabular text-muted text-xs">{words}</span>;
}

/** The same five as a list with full dates, for a page that has room. */
export function NextFiresList({ fires, zone }: { fires: NextFire[]; zone: string }) {
  return (
    <ol className="space-y-1">
      {fires.map((fire) => (
        <li key={fire.at} className="flex items-center gap-2">
          <Time at={fire.at} show="exact" zone={zone} />
          <Until ms={toMs(fire.at)} />
          {fire.dst !== null && <DstBadge mark={fire.dst} />}
        </li>
      ))}
    </ol>
  );
}

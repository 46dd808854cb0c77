import type { SchedulerItem } from '#server/web/index.ts';
import { useClock } from '../time/clock.tsx';
import { relative, toMs } from '../time/format.ts';
import { cn } from '../ui/cn.ts';
import { Dash } from '../ui/time.tsx';
import { Tooltip } from '../ui/tooltip.tsx';
import { LATE_MINUTES } from './states.ts';

function lagWords(minutes: number): string {
  if (minutes < 1) return `${Math.round(minutes * 60)} s`;
  if (minutes < 60) return `${minutes < 10 ? minutes.toFixed(1) : Math.round(minutes)} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${Math.round(minutes % 60)} min` : `${Math.floor(hours / 24)} d`;
}

/** How late the latest instant's run began. Green under five minutes, amber from there; a dash with its reason. */
export function Lag({ item }: { item: Pick<SchedulerItem, 'lagMinutes' | 'expectedAt' | 'paused' | 'schedule'> }) {
  const { lagMinutes } = item;
  if (lagMinutes === null) {
    const why = item.paused !== null ? 'Paused' : item.schedule === null ? 'No schedule' : 'Has not been due yet';
    return <Dash why={why} />;
  }
  const isLate = lagMinutes >= LATE_MINUTES;
  return (
    <Tooltip text={<LagDetail lagMinutes={lagMinutes} expectedAt={item.expectedAt} />}>
      <span
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the exact figure must be reachable without a mouse
        tabIndex={0}
        className={cn(
          'tabular inline-flex items-center gap-1.5 whitespace-nowrap',
          isLate ? 'font-medium text-warn' : 'text-ok',
        )}
      >
        <span aria-hidden className={cn('size-1.5 rounded-full', isLate ? 'bg-warn-solid' : 'bg-ok-solid')} />
        {lagWords(lagMinutes)}
        {isLate && <span className="sr-only">late</span>}
      </span>
    </Tooltip>
  );
}

function LagDetail({ lagMinutes, expectedAt }: { lagMinutes: number; expectedAt: string | null }) {
  const due = useClock((nowMs) => (expectedAt === null ? '' : `Due ${relative(toMs(expectedAt), nowMs)}. `));
  return <>{`${due}Lag ${lagMinutes.toFixed(2)} minutes.`}</>;
}

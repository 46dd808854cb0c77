import { Link } from '@remix-run/react';
import { OctagonX } from 'lucide-react';
import type { StopState } from '#server/web/index.ts';
import { Time } from '../ui/time.tsx';

/** On every page while all work is stopped: who stopped it, since when and why. */
export function StopBanner({ stop }: { stop: StopState }) {
  const stopped = stop.instance ?? stop.tenant;
  if (stopped === null) return null;
  return (
    <div
      role="status"
      className="flex flex-wrap items-center gap-x-2 gap-y-1 bg-danger-solid px-4 py-2 text-white md:px-6"
    >
      <OctagonX aria-hidden className="size-4 shrink-0" />
      <span className="font-semibold">
        {stop.instance ? 'All work of this installation is stopped' : 'All work of this tenant is stopped'}
      </span>
      <span className="min-w-0 break-words">
        <Time at={stopped.stoppedAt} className="underline decoration-dotted" /> by {stopped.stoppedBy}: {stopped.reason}
      </span>
      <Link to="/ops/fleet" className="whitespace-nowrap underline">
        About this stop
      </Link>
    </div>
  );
}

import { Link } from '@remix-run/react';
import type { RunListItem } from '#server/web/index.ts';
import { useClock, useZone } from '../time/clock.tsx';
import { duration, exactTime, toMs } from '../time/format.ts';
import { runLook, toneSolid } from '../ui/status-pill.tsx';
import { Tooltip } from '../ui/tooltip.tsx';

const HEIGHT = 56;

/** One bar a run, oldest left: height is how long it took, colour how it ended. Each leads to its run. */
export function RunBars({ runs }: { runs: RunListItem[] }) {
  const isAnyRunning = runs.some(({ startedAt, finishedAt }) => startedAt !== null && finishedAt === null);
  const nowMs = useClock((ms) => (isAnyRunning ? ms : 0));
  const zone = useZone();
  if (runs.length === 0) return <p className="p-8 text-center text-muted">It has not run yet.</p>;
  const bars = runs.toReversed().map((run) => {
    const from = run.startedAt === null ? null : toMs(run.startedAt);
    const tookMs = from === null ? 0 : Math.max(0, (run.finishedAt === null ? nowMs : toMs(run.finishedAt)) - from);
    return { run, tookMs, look: runLook[run.status] };
  });
  // By the finished ones: a run that hangs would flatten all others.
  const finished = bars.filter(({ run }) => run.finishedAt !== null);
  const longest = Math.max(1, ...finished.map(({ tookMs }) => tookMs));
  return (
    <div className="p-4">
      <ol className="flex items-end gap-0.5" style={{ height: HEIGHT }}>
        {bars.map(({ run, tookMs, look }) => (
          <li key={run.id} className="h-full max-w-4 flex-1">
            <Tooltip
              text={
                <span className="tabular">
                  {look.label}, {duration(tookMs)} · {exactTime(toMs(run.startedAt ?? run.queuedAt), zone)}
                </span>
              }
            >
              <Link
                to={`/data/runs/${run.id}`}
                aria-label={`${look.label}, took ${duration(tookMs)}`}
                className="flex h-full items-end rounded-sm hover:bg-hover"
              >
                <span
                  className="block w-full rounded-sm"
                  style={{
                    height: Math.min(HEIGHT, Math.max(3, (tookMs / longest) * HEIGHT)),
                    background: toneSolid[look.tone],
                  }}
                />
              </Link>
            </Tooltip>
          </li>
        ))}
      </ol>
      <p className="tabular mt-2 flex justify-between text-faint text-xs">
        <span>{runs.length === 1 ? '1 run' : `${runs.length} runs, oldest left`}</span>
        <span>longest {duration(longest)}</span>
      </p>
    </div>
  );
}

import type { RunProgress } from '#server/web/index.ts';
import { counted } from '../time/format.ts';
import { ProgressBar } from '../ui/progress.tsx';
import { Time } from '../ui/time.tsx';

/** How far a running run is, by its own heartbeat. */
export function Progress({ progress }: { progress: RunProgress }) {
  const { nodeId, nodesDone, nodesTotal, rowsRead, updatedAt } = progress;
  return (
    <div className="mt-4 border-line border-t pt-3">
      <p className="tabular mb-1.5 flex flex-wrap justify-between gap-x-4 text-muted text-xs">
        <span>
          {nodesDone} of {nodesTotal} steps done
          {nodeId !== null && `, now ${nodeId}`}
          {rowsRead > 0 && `, ${counted(rowsRead, 'row')} read`}
        </span>
        <span>
          heartbeat <Time at={updatedAt} />
        </span>
      </p>
      <ProgressBar done={nodesDone} total={nodesTotal} label="Steps done" />
    </div>
  );
}

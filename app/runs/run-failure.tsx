import { CircleX } from 'lucide-react';
import type { RunError } from '#server/web/index.ts';
import { CopyableId } from '../ui/copy.tsx';

/** Why a run failed: what, where, under which id the log has the rest. */
export function RunFailure({ error }: { error: RunError }) {
  return (
    <section aria-label="Failure" className="rounded-lg border border-bad-solid/40 bg-bad-soft px-4 py-3">
      <div className="flex items-start gap-2.5 text-bad">
        <CircleX aria-hidden className="mt-0.5 size-4 shrink-0" />
        <p className="min-w-0 break-words font-medium">{error.message}</p>
      </div>
      <dl className="mt-2 flex flex-wrap items-center gap-x-6 gap-y-1 pl-6.5 text-xs">
        <div className="flex gap-1.5">
          <dt className="text-muted">Code</dt>
          <dd className="font-mono">{error.code}</dd>
        </div>
        {error.nodeId !== undefined && (
          <div className="flex gap-1.5">
            <dt className="text-muted">Step</dt>
            <dd className="font-mono">{error.nodeId}</dd>
          </div>
        )}
        <div className="flex gap-1.5">
          <dt className="text-muted">Retried</dt>
          <dd>{error.isTransient ? 'yes, it may pass' : 'no, it would fail again'}</dd>
        </div>
        <div className="flex items-center gap-1.5">
          <dt className="text-muted">Error id</dt>
          <dd>
            <CopyableId id={error.errorId} what="error id" />
          </dd>
        </div>
      </dl>
    </section>
  );
}

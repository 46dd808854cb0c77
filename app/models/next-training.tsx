import type { Model } from '#server/web/index.ts';
import { Time } from '../ui/time.tsx';

/** A model's own rule says from when on it is due; the job that trains what is due has its own times. */
export function NextTraining({ model, isShort = false }: { model: Model; isShort?: boolean }) {
  const { nextAt, trainsAt, schedule } = model;
  if (nextAt === null) return <span className="text-faint">by hand</span>;
  const zone = schedule?.timezone ?? 'UTC';
  const due = (
    <span>
      due <Time at={nextAt} zone={zone} />
    </span>
  );
  if (isShort) return trainsAt === null ? due : <Time at={trainsAt} zone={zone} />;
  if (trainsAt === null)
    return (
      <>
        {due}
        <span className="text-faint">, and trained when scheduledRetrains is run: nothing here fires it</span>
      </>
    );
  return (
    <>
      <Time at={trainsAt} zone={zone} />
      {trainsAt !== nextAt && <span className="text-faint"> by scheduledRetrains; {due}</span>}
    </>
  );
}

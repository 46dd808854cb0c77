import { CirclePlay } from 'lucide-react';
import { useState } from 'react';
import type { CronJob, CronJobOption } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';

/** For the instance operator. */
export function RunNow({ job }: { job: CronJob }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  const isUnderWay = job.isRequested || (job.lastRun?.outcome === 'running' && !job.lastRun.isSilent);
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Run ${job.name} now?`}
      description={`${job.summary} It works on every tenant of this installation. The schedule goes on as it is.`}
      trigger={
        <Button size="sm" disabled={isUnderWay} aria-label={`Run ${job.name} now`}>
          <CirclePlay aria-hidden /> Run now
        </Button>
      }
    >
      <Form method="post">
        <input type="hidden" name="job" value={job.name} />
        {job.options.length > 0 && (
          <div className="space-y-3">
            {job.options.map((option) => (
              <Option key={option.name} option={option} />
            ))}
          </div>
        )}
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Run now
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

function Option({ option: { name, label, kind } }: { option: CronJobOption }) {
  if (kind === 'instant')
    return <Field label={label} hint="In UTC; empty: from where it is." name={name} type="datetime-local" />;
  return (
    <label className="flex items-center gap-2">
      <input type="checkbox" name={name} value="1" className="accent-accent" />
      {label}
    </label>
  );
}

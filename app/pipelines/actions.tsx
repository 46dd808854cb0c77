import { CirclePlay, Pause, Play } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { PipelineDetail } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';

/** What the dialogs need to know of a pipeline; `policies` where they are at hand. */
export type Target = Pick<PipelineDetail, 'id' | 'name' | 'liveVersion' | 'paused'> &
  Partial<Pick<PipelineDetail, 'policies'>>;

interface TargetDialogProps {
  pipeline: Target;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  trigger?: ReactNode;
}

/** Asks before a run is queued. */
export function RunDialog({ pipeline, open, onOpenChange, trigger }: TargetDialogProps) {
  const { Form, busy } = useAction(() => onOpenChange(false));
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={`Run ${pipeline.name} now?`}
      description={`One run of version ${pipeline.liveVersion ?? '–'} is queued. The schedule goes on as it is: its next fire does not move.`}
      trigger={trigger}
    >
      <Form method="post" action={`/data/pipelines/${pipeline.id}`}>
        <input type="hidden" name="intent" value="run" />
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Run now
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

export function RunNow({ pipeline }: { pipeline: PipelineDetail }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <RunDialog
      pipeline={pipeline}
      open={isOpen}
      onOpenChange={setOpen}
      trigger={
        <Button look="primary" disabled={pipeline.liveVersion === null}>
          <CirclePlay aria-hidden /> Run now
        </Button>
      }
    />
  );
}

/**
 * Pause or resume, whichever the schedule allows. One form state for both: the button that was pressed is gone by the
 * time its answer is there, and the answer must still be told.
 */
export function ScheduleDialog({ pipeline, open, onOpenChange, trigger }: TargetDialogProps) {
  const { Form, busy } = useAction(() => onOpenChange(false));
  const isPaused = pipeline.paused !== null;
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={`${isPaused ? 'Resume' : 'Pause'} the schedule of ${pipeline.name}?`}
      description={isPaused ? <ResumeEffect pipeline={pipeline} /> : <PauseEffect pipeline={pipeline} />}
      trigger={trigger}
    >
      <Form method="post" action={`/data/pipelines/${pipeline.id}`} className="space-y-4">
        <input type="hidden" name="intent" value={isPaused ? 'resume' : 'pause'} />
        {!isPaused && <PauseFields />}
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            {isPaused ? 'Resume schedule' : 'Pause schedule'}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

export function ScheduleAction({ pipeline }: { pipeline: PipelineDetail }) {
  const [isOpen, setOpen] = useState(false);
  const isPaused = pipeline.paused !== null;
  return (
    <ScheduleDialog
      pipeline={pipeline}
      open={isOpen}
      onOpenChange={setOpen}
      trigger={
        <Button look={isPaused ? 'primary' : 'plain'}>
          {isPaused ? <Play aria-hidden /> : <Pause aria-hidden />} {isPaused ? 'Resume' : 'Pause'}
        </Button>
      }
    />
  );
}

function PauseEffect({ pipeline }: { pipeline: Target }) {
  const onPause = pipeline.policies?.onPause;
  return (
    <p>
      It stops firing at once; a run under way goes on. What comes due meanwhile is{' '}
      {onPause === undefined
        ? 'queued or skipped, as its policy says.'
        : onPause === 'queue'
          ? 'queued.'
          : 'skipped and recorded as such.'}
    </p>
  );
}

function ResumeEffect({ pipeline }: { pipeline: Target }) {
  const reason = pipeline.paused?.reason;
  return (
    <>
      {reason && <p>It was paused because: “{reason}”.</p>}
      <p>It fires again from its next due time on.</p>
    </>
  );
}

const LENGTHS = [
  { value: '', label: 'Until somebody resumes it' },
  { value: '60', label: 'For 1 hour' },
  { value: '240', label: 'For 4 hours' },
  { value: '1440', label: 'For 1 day' },
  { value: '10080', label: 'For 1 week' },
];

function PauseFields() {
  return (
    <>
      <TextField
        label="Reason"
        name="reason"
        required
        maxLength={500}
        placeholder="Source system is being moved"
        hint="Shown to everybody who looks at this schedule."
      />
      <fieldset>
        <legend className="mb-1 font-medium">How long</legend>
        <div className="grid grid-cols-2 gap-x-4 gap-y-1 max-sm:grid-cols-1">
          {LENGTHS.map(({ value, label }) => (
            <label key={value} className="flex items-center gap-2 first:col-span-full">
              <input
                type="radio"
                name="minutes"
                value={value}
                defaultChecked={value === ''}
                className="accent-accent"
              />
              {label}
            </label>
          ))}
        </div>
      </fieldset>
    </>
  );
}

import { Link, useFetcher } from '@remix-run/react';
import { CirclePlay, Pause, Play } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import type { PipelineDetail } from '#server/web/index.ts';
import type { ActionResult } from '../api.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { useToast } from '../ui/toast.tsx';

/** Posts to the pipeline's page and tells the outcome as a toast; `onDone` runs after a success. */
function useAction(pipelineId: string, onDone: () => void) {
  const fetcher = useFetcher<ActionResult>();
  const toast = useToast();
  const { state, data } = fetcher;
  const [told, setTold] = useState<ActionResult | undefined>(undefined);
  useEffect(() => {
    if (state !== 'idle' || data === undefined || data === told) return;
    setTold(data);
    if (data.ok) {
      onDone();
      const { runId } = data;
      const detail: ReactNode = runId ? (
        <Link to={`/data/runs/${runId}`} className="underline">
          Open the run
        </Link>
      ) : (
        data.detail
      );
      toast({ tone: 'ok', title: data.title, detail });
    } else toast({ tone: 'bad', title: data.error.title, detail: `${data.error.message} (${data.error.code})` });
  }, [state, data, told, toast, onDone]);
  return { Form: fetcher.Form, busy: state !== 'idle', action: `/data/pipelines/${pipelineId}` };
}

export function RunNow({ pipeline }: { pipeline: PipelineDetail }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy, action } = useAction(pipeline.id, () => setOpen(false));
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Run ${pipeline.name} now?`}
      description={`One run of version ${pipeline.liveVersion ?? '–'} is queued. The schedule goes on as it is: its next fire does not move.`}
      trigger={
        <Button look="primary" disabled={pipeline.liveVersion === null}>
          <CirclePlay aria-hidden /> Run now
        </Button>
      }
    >
      <Form method="post" action={action}>
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

const LENGTHS = [
  { value: '', label: 'Until somebody resumes it' },
  { value: '60', label: 'For 1 hour' },
  { value: '240', label: 'For 4 hours' },
  { value: '1440', label: 'For 1 day' },
  { value: '10080', label: 'For 1 week' },
];

export function PauseSchedule({ pipeline }: { pipeline: PipelineDetail }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy, action } = useAction(pipeline.id, () => setOpen(false));
  const effect =
    pipeline.policies?.onPause === 'queue'
      ? 'What comes due meanwhile is queued.'
      : 'What comes due meanwhile is skipped and recorded as such.';
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Pause the schedule of ${pipeline.name}?`}
      description={`It stops firing at once; a run under way goes on. ${effect}`}
      trigger={
        <Button>
          <Pause aria-hidden /> Pause
        </Button>
      }
    >
      <Form method="post" action={action} className="space-y-4">
        <input type="hidden" name="intent" value="pause" />
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
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Pause schedule
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

export function ResumeSchedule({ pipeline }: { pipeline: PipelineDetail }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy, action } = useAction(pipeline.id, () => setOpen(false));
  const reason = pipeline.paused?.reason;
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Resume the schedule of ${pipeline.name}?`}
      description={
        <>
          {reason && <p>It was paused because: “{reason}”.</p>}
          <p>It fires again from its next due time on. Nothing that was missed is made up for by resuming.</p>
        </>
      }
      trigger={
        <Button look="primary">
          <Play aria-hidden /> Resume
        </Button>
      }
    >
      <Form method="post" action={action}>
        <input type="hidden" name="intent" value="resume" />
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            Resume schedule
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

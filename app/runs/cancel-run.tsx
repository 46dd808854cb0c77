import { CircleStop } from 'lucide-react';
import { useState } from 'react';
import type { RunDetail } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.tsx';

/** Stops a run that waits or is under way. Stays mounted when it has ended, to tell what the cancelling came to. */
export function CancelRun({ run, isUnderWay }: { run: RunDetail; isUnderWay: boolean }) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  if (!isUnderWay) return null;
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Cancel this run of ${run.pipelineName}?`}
      description="Its statement is stopped and nothing that it did is kept: targets stay as they were before it. The schedule goes on."
      trigger={
        <Button disabled={run.isCancelRequested}>
          <CircleStop aria-hidden /> {run.isCancelRequested ? 'Cancelling' : 'Cancel run'}
        </Button>
      }
    >
      <Form method="post" action={`/data/runs/${run.id}`}>
        <input type="hidden" name="intent" value="cancel" />
        <DialogButtons dismiss="Keep it">
          <Button type="submit" look="danger" busy={busy}>
            Cancel run
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

import { Form, useNavigation } from '@remix-run/react';
import { Ban, Eraser, Play } from 'lucide-react';
import { useState } from 'react';
import type { DsarRequest } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { subjectWords } from './request-words.ts';

const OPEN: readonly DsarRequest['state'][] = ['waiting', 'running', 'refused', 'failed'];

/** What can be done with an open request: carry it out now, or end it. */
export function RequestActions({ request }: { request: DsarRequest }) {
  const { kind, state, isRequested } = request;
  const subject = subjectWords(request);
  const [isOpen, setOpen] = useState(false);
  const navigation = useNavigation();
  const busy = (intent: string) => navigation.formData?.get('intent') === intent;
  if (!OPEN.includes(state)) return null;
  const isUnderWay = state === 'running' || isRequested;
  return (
    <>
      {!isUnderWay && (
        <Dialog
          open={isOpen}
          onOpenChange={setOpen}
          title="Cancel the request?"
          description={kind === 'erase' ? 'What was erased so far stays erased.' : 'No bundle is made.'}
          trigger={
            <Button size="sm">
              <Ban aria-hidden /> Cancel
            </Button>
          }
        >
          <Form method="post" className="space-y-4" onSubmit={() => setOpen(false)}>
            <input type="hidden" name="intent" value="cancel" />
            <TextField
              label="Reason"
              name="reason"
              required
              maxLength={2_000}
              placeholder="Why it is not carried out"
            />
            <DialogButtons dismiss="Keep it">
              <Button type="submit" look="danger" busy={busy('cancel')}>
                Cancel request
              </Button>
            </DialogButtons>
          </Form>
        </Dialog>
      )}
      {kind === 'access' ? (
        <Form method="post">
          <input type="hidden" name="intent" value="run" />
          <Button type="submit" size="sm" look="primary" busy={busy('run')} disabled={isUnderWay}>
            <Play aria-hidden /> Make the bundle now
          </Button>
        </Form>
      ) : (
        <EraseNow isUnderWay={isUnderWay} subject={subject} />
      )}
    </>
  );
}

/** Asked about first: nothing brings back what it erases. */
function EraseNow({ isUnderWay, subject }: { isUnderWay: boolean; subject: string }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={`Erase everything of ${subject}?`}
      description="Interactions, traces, attachments, events, dead letters and exported files. Nothing brings them back. A hold that is in force refuses it."
      trigger={
        <Button size="sm" look="danger" disabled={isUnderWay}>
          <Eraser aria-hidden /> Erase now
        </Button>
      }
    >
      <Form method="post" onSubmit={() => setOpen(false)}>
        <input type="hidden" name="intent" value="run" />
        <DialogButtons dismiss="Keep it">
          <Button type="submit" look="danger">
            Erase it all
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

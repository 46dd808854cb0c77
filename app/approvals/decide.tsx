import { Check, type LucideIcon, Undo2, X } from 'lucide-react';
import { useState } from 'react';
import type { ChangeRequestDetail } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { TextField } from '../ui/field.tsx';
import { useAction } from '../ui/use-action.tsx';
import { titleOf } from './words.ts';

type Intent = 'withdraw' | 'reject' | 'approve';
interface Deed {
  label: string;
  icon: LucideIcon;
  look?: 'primary' | 'danger';
  title: string;
  description: string;
  submit: string;
  field: { label: string; name: string; required?: boolean };
}

const deedsOf = (request: ChangeRequestDetail): Record<Intent, Deed> => ({
  withdraw: {
    ...{ label: 'Withdraw', icon: Undo2, title: `Withdraw: ${titleOf(request)}?`, submit: 'Withdraw request' },
    description: 'The request ends, and the change stays unapplied. It can be asked for again.',
    field: { label: 'Why (may stay empty)', name: 'reason' },
  },
  reject: {
    ...{ label: 'Reject', icon: X, look: 'danger', title: `Reject: ${titleOf(request)}?` },
    ...{ description: 'The request ends for good, and the change stays unapplied.', submit: 'Reject change' },
    field: { label: 'Reason', name: 'reason', required: true },
  },
  approve: {
    ...{
      label: 'Approve',
      icon: Check,
      look: 'primary',
      title: `Approve: ${titleOf(request)}?`,
    },
    description: `You approve in the stage "${request.stageName ?? ''}". With the last approval that is needed ${request.subject === 'rules' ? 'the rules hold' : 'the version goes live'} at once.`,
    ...{ submit: 'Approve change', field: { label: 'Comment (may stay empty)', name: 'comment' } },
  },
});

/** What this person may do to the request. One dialog for all, because the deed's own button is gone when it is done. */
export function Decide({ request }: { request: ChangeRequestDetail }) {
  const [intent, setIntent] = useState<Intent | null>(null);
  const { Form, busy } = useAction(() => setIntent(null));
  const deeds = deedsOf(request);
  const may = { withdraw: request.canWithdraw, reject: request.canReject, approve: request.canApprove };
  const offered = (Object.keys(deeds) as Intent[]).filter((name) => may[name]);
  const deed = intent && deeds[intent];
  return (
    <>
      {offered.map((name) => {
        const { icon: Icon, label, look } = deeds[name];
        return (
          <Button
            key={name}
            look={look === 'primary' ? 'primary' : 'plain'}
            aria-haspopup="dialog"
            onClick={() => setIntent(name)}
          >
            <Icon aria-hidden /> {label}
          </Button>
        );
      })}
      <Dialog
        open={deed !== null}
        onOpenChange={(isOpen) => !isOpen && setIntent(null)}
        title={deed?.title ?? ''}
        description={deed?.description ?? ''}
      >
        <Form method="post">
          <input type="hidden" name="intent" value={intent ?? ''} />
          {deed && <TextField key={intent} maxLength={500} {...deed.field} />}
          <DialogButtons>
            <Button type="submit" look={deed?.look ?? 'plain'} busy={busy}>
              {deed?.submit}
            </Button>
          </DialogButtons>
        </Form>
      </Dialog>
    </>
  );
}

import { GitPullRequestArrow } from 'lucide-react';
import { useState } from 'react';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.tsx';
import { itemWords, type PlanItem, planWords } from './words.ts';

/** So many are named; the rest is counted. */
const NAMED = 8;

interface ApplyDialogProps {
  commitId: string;
  /** What is applied; the revisions in it are those that this page shows. */
  items: PlanItem[];
  label: string;
  /** For a button among many. */
  what?: string;
}

/** Applies documents of the checked commit, after naming what will happen. */
export function ApplyDialog({ commitId, items, label, what }: ApplyDialogProps) {
  const [isOpen, setOpen] = useState(false);
  const { Form, busy } = useAction(() => setOpen(false));
  const revisions = items.map(({ name, baseVersion }) => ({ name, baseVersion }));
  return (
    <Dialog
      open={isOpen}
      onOpenChange={setOpen}
      title={items.length === 1 ? `Apply ${items[0]?.name}?` : `Apply ${items.length} documents?`}
      description={planWords(items, commitId)}
      trigger={
        <Button
          size={what === undefined ? 'md' : 'sm'}
          look={what === undefined ? 'primary' : 'plain'}
          aria-label={what}
        >
          <GitPullRequestArrow aria-hidden /> {label}
        </Button>
      }
    >
      <Form method="post" action="/data/gitops">
        <input type="hidden" name="intent" value="apply" />
        <input type="hidden" name="commitId" value={commitId} />
        <input type="hidden" name="items" value={JSON.stringify(revisions)} />
        <ul className="max-h-48 space-y-1 overflow-y-auto break-words text-xs">
          {items.slice(0, NAMED).map((item) => (
            <li key={item.name}>{itemWords(item)}</li>
          ))}
          {items.length > NAMED && <li className="text-faint">and {items.length - NAMED} more</li>}
        </ul>
        <label className="mt-4 flex items-start gap-2">
          <input type="checkbox" name="publish" defaultChecked className="mt-0.5 size-4 accent-accent" />
          <span>
            Make live what is applied
            <span className="block text-faint text-xs">
              A document that cannot go live is then not saved either. Each is applied as a whole or not at all.
            </span>
          </span>
        </label>
        <DialogButtons>
          <Button type="submit" look="primary" busy={busy}>
            {items.length === 1 ? 'Apply' : `Apply ${items.length}`}
          </Button>
        </DialogButtons>
      </Form>
    </Dialog>
  );
}

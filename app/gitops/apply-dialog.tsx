import { GitPullRequestArrow } from 'lucide-react';
import { useState } from 'react';
import type { SourcePlan } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { Dialog, DialogButtons } from '../ui/dialog.tsx';
import { useAction } from '../ui/use-action.tsx';
import { itemWords, type PlanItem, planWords } from './words.ts';

/** So many are named; the rest is counted. */
const NAMED = 8;

/**
 * The plan as it was when somebody asked for it: the page loads itself again meanwhile, and what was shown is what is
 * applied.
 */
export interface Applying {
  checkId: string;
  commitId: string;
  items: PlanItem[];
}

/** These of the plan's items; null where nothing can be applied. */
export function applyingOf(plan: SourcePlan | null, items: PlanItem[]): Applying | null {
  if (plan === null || plan.checkId === null || plan.commitId === null || items.length === 0) return null;
  return { checkId: plan.checkId, commitId: plan.commitId, items };
}

interface ApplyButtonProps {
  applying: Applying;
  label: string;
  /** For a button among many. */
  what?: string;
  onApply: (applying: Applying) => void;
}

export const ApplyButton = ({ applying, label, what, onApply }: ApplyButtonProps) => (
  <Button
    size={what === undefined ? 'md' : 'sm'}
    look={what === undefined ? 'primary' : 'plain'}
    aria-label={what}
    aria-haspopup="dialog"
    onClick={() => onApply(applying)}
  >
    <GitPullRequestArrow aria-hidden /> {label}
  </Button>
);

/** What a page with apply buttons holds: what to give them, and the dialog, which outlives them. */
export function useApplyDialog() {
  const [applying, setApplying] = useState<Applying | null>(null);
  return { onApply: setApplying, dialog: <ApplyDialog applying={applying} onClose={() => setApplying(null)} /> };
}

/**
 * Applies documents of the checked commit, after naming what will happen. Stands outside what it changes, because a
 * document that was applied has no button any more when its outcome is told.
 */
function ApplyDialog({ applying, onClose }: { applying: Applying | null; onClose: () => void }) {
  const { Form, busy } = useAction(onClose);
  const { checkId = '', commitId = '', items = [] } = applying ?? {};
  const revisions = items.map(({ name, baseVersion }) => ({ name, baseVersion }));
  return (
    <Dialog
      open={applying !== null}
      onOpenChange={(isOpen) => !isOpen && onClose()}
      title={items.length === 1 ? `Apply ${items[0]?.name}?` : `Apply ${items.length} documents?`}
      description={planWords(items, commitId)}
    >
      <Form method="post" action="/data/gitops">
        <input type="hidden" name="intent" value="apply" />
        <input type="hidden" name="checkId" value={checkId} />
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

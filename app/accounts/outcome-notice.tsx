import { CircleAlert, CircleCheck } from 'lucide-react';
import { CodeBlock } from '../ui/copy.tsx';
import type { Outcome } from './outcome.ts';

/** What the page's last form came to, where the page begins; a link or key stands here once. */
export function OutcomeNotice({ outcome }: { outcome: Outcome | undefined }) {
  if (outcome === undefined) return null;
  if (!outcome.ok)
    return (
      <div role="alert" className="mb-4 flex items-start gap-2 rounded-lg bg-bad-soft px-4 py-3 text-bad">
        <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
        <p className="min-w-0 break-words">
          <span className="font-medium">{outcome.error.title}:</span> {outcome.error.message}
        </p>
      </div>
    );
  const { title, detail, once } = outcome;
  return (
    <div role="status" className="mb-4 rounded-lg border border-line bg-surface px-4 py-3 shadow-card">
      <p className="flex items-start gap-2 font-medium">
        <CircleCheck aria-hidden className="mt-0.5 size-4 shrink-0 text-ok" />
        <span className="min-w-0 break-words">{title}</span>
      </p>
      {detail !== undefined && <p className="mt-1 text-muted">{detail}</p>}
      {once !== undefined && (
        <div className="mt-2">
          <CodeBlock code={once.value} what={once.label} />
          <p className="mt-1.5 text-muted text-xs">{once.note}</p>
        </div>
      )}
    </div>
  );
}

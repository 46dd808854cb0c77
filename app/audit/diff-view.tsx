import { Minus, PenLine, Plus } from 'lucide-react';
import { cn } from '../ui/cn.ts';
import type { Change } from './diff.ts';

const LOOK = {
  added: { icon: Plus, tone: 'text-ok', says: 'added' },
  removed: { icon: Minus, tone: 'text-bad', says: 'removed' },
  changed: { icon: PenLine, tone: 'text-busy', says: 'changed' },
} as const;

const shown = (value: unknown) => JSON.stringify(value, null, 2) ?? '';

/** Each place that differs: what was there struck out in red, what is there now in green, with words for both. */
export function DiffView({ changes }: { changes: Change[] }) {
  return (
    <ul className="divide-y divide-line">
      {changes.map(({ place, kind, before, after }) => {
        const { icon: Icon, tone, says } = LOOK[kind];
        return (
          <li key={place} className="px-4 py-2.5">
            <p className="flex items-center gap-1.5 text-xs">
              <Icon aria-hidden className={cn('size-3.5 shrink-0', tone)} />
              <code className="min-w-0 break-all font-mono">{place || '(whole)'}</code>
              <span className="text-faint">{says}</span>
            </p>
            <div className="mt-1 space-y-1 overflow-x-auto pl-5 font-mono text-xs leading-5">
              {before !== undefined && (
                <pre className="whitespace-pre-wrap break-words rounded bg-bad-soft px-2 text-bad">
                  <span className="sr-only">before: </span>
                  <del className="no-underline">{shown(before)}</del>
                </pre>
              )}
              {after !== undefined && (
                <pre className="whitespace-pre-wrap break-words rounded bg-ok-soft px-2 text-ok">
                  <span className="sr-only">after: </span>
                  <ins className="no-underline">{shown(after)}</ins>
                </pre>
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

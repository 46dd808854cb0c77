import { Check, Copy } from 'lucide-react';
import { useEffect, useState } from 'react';
import { cn } from './cn.ts';

/** How long the tick stays after something was copied, in milliseconds. */
const COPIED_MS = 1_500;

/** Copies a text and says so, to eyes and to screen readers. */
export function CopyButton({ text, what, className }: { text: string; what: string; className?: string }) {
  const [state, setState] = useState<'idle' | 'copied' | 'refused'>('idle');
  useEffect(() => {
    if (state === 'idle') return;
    const timer = setTimeout(() => setState('idle'), COPIED_MS);
    return () => clearTimeout(timer);
  }, [state]);
  // navigator.clipboard is missing on plain http from another machine.
  const copy = () =>
    navigator.clipboard
      ? navigator.clipboard.writeText(text).then(
          () => setState('copied'),
          () => setState('refused'),
        )
      : setState('refused');
  return (
    <button
      type="button"
      onClick={copy}
      className={cn(
        'no-print inline-grid size-6 place-items-center rounded text-faint hover:bg-hover hover:text-ink',
        className,
      )}
      aria-label={`Copy ${what}`}
    >
      {state === 'copied' ? (
        <Check aria-hidden className="size-3.5 text-ok" />
      ) : (
        <Copy aria-hidden className="size-3.5" />
      )}
      <span role="status" className="sr-only">
        {state === 'copied' ? `Copied ${what}` : state === 'refused' ? 'The browser refused to copy' : ''}
      </span>
    </button>
  );
}

/** An id, shortened to its telling end (uuidv7 begins with the time, so neighbours share their start). */
export function CopyableId({ id, what = 'id', whole = false }: { id: string; what?: string; whole?: boolean }) {
  return (
    <span className="inline-flex items-center gap-0.5">
      <code className="break-all font-mono text-xs" title={id}>
        {whole || id.length <= 12 ? id : `…${id.slice(-8)}`}
      </code>
      <CopyButton text={id} what={what} />
    </span>
  );
}

/** Code as it is, scrolling sideways, with a copy button. */
export function CodeBlock({ code, what, className }: { code: string; what: string; className?: string }) {
  return (
    <div className={cn('relative min-w-0 rounded-md border border-line bg-sunken', className)}>
      <CopyButton text={code} what={what} className="absolute top-1.5 right-1.5 bg-sunken" />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <section tabIndex={0} aria-label={what} className="overflow-x-auto p-3 pr-10">
        <pre className="font-mono text-xs leading-5">{code}</pre>
      </section>
    </div>
  );
}

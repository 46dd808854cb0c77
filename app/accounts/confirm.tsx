import { Form } from '@remix-run/react';
import type { ReactNode } from 'react';
import { Button } from '../ui/button.tsx';

interface ConfirmProps {
  summary: string;
  /** What happens when it is confirmed. */
  words: ReactNode;
  intent: string;
  button: string;
  busy: boolean;
  /** Unfolded from the start. */
  isOpen?: boolean;
  /** Further fields of the form. */
  children?: ReactNode;
}

/** A deed that is asked about before it is done; folded away, and working before scripts load. */
export function Confirm({ summary, words, intent, button, busy, isOpen, children }: ConfirmProps) {
  return (
    <details open={isOpen} className="rounded-md border border-line bg-surface px-3 py-2">
      <summary className="cursor-pointer font-medium text-bad">{summary}</summary>
      <Form method="post" className="mt-2 space-y-3" preventScrollReset>
        <input type="hidden" name="intent" value={intent} />
        <div className="break-words text-muted">{words}</div>
        {children}
        <Button
          type="submit"
          look="danger"
          busy={busy}
          className="h-auto min-h-8 max-w-full whitespace-normal break-all"
        >
          {button}
        </Button>
      </Form>
    </details>
  );
}

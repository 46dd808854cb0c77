import { type InputHTMLAttributes, type ReactNode, type TextareaHTMLAttributes, useId } from 'react';
import { cn } from './cn.ts';

export const fieldStyle =
  'w-full rounded-md border border-line-strong bg-surface px-2.5 text-ink placeholder:text-faint hover:border-faint focus-visible:outline-offset-0 aria-invalid:border-bad-solid max-sm:text-base';

export interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  className?: string | undefined;
}

/** A labelled input; its hint and its error are tied to it for screen readers. */
export const Field = ({
  label,
  hint,
  error,
  className,
  ...input
}: FieldProps & InputHTMLAttributes<HTMLInputElement>) => (
  <Labelled {...{ label, hint, error, className }}>
    {(tied) => <input className={cn(fieldStyle, 'h-8')} {...tied} {...input} />}
  </Labelled>
);

export const TextField = ({
  label,
  hint,
  error,
  className,
  ...input
}: FieldProps & TextareaHTMLAttributes<HTMLTextAreaElement>) => (
  <Labelled {...{ label, hint, error, className }}>
    {(tied) => <textarea rows={2} className={cn(fieldStyle, 'py-1.5')} {...tied} {...input} />}
  </Labelled>
);

interface Tied {
  id: string;
  'aria-invalid': true | undefined;
  'aria-describedby': string | undefined;
}

/** A label above and a hint or an error below what `children` draws with the attributes that tie them to it. */
export function Labelled({
  label,
  hint,
  error,
  className,
  children,
}: FieldProps & { children: (tied: Tied) => ReactNode }) {
  const id = useId();
  const note = error ?? hint;
  const noteId = `${id}-${error === undefined ? 'hint' : 'error'}`;
  return (
    <div className={className}>
      <label htmlFor={id} className="mb-1 block font-medium">
        {label}
      </label>
      {children({
        id,
        'aria-invalid': error === undefined ? undefined : true,
        'aria-describedby': note === undefined ? undefined : noteId,
      })}
      {note !== undefined && (
        <p id={noteId} className={cn('mt-1 text-xs', error === undefined ? 'text-faint' : 'text-bad')}>
          {note}
        </p>
      )}
    </div>
  );
}

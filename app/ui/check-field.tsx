import type { InputHTMLAttributes, ReactNode } from 'react';

interface CheckFieldProps extends InputHTMLAttributes<HTMLInputElement> {
  label: string;
  hint?: ReactNode;
}

/** A box to tick, with its words beside it. */
export const CheckField = ({ label, hint, ...input }: CheckFieldProps) => (
  <label className="flex items-start gap-2">
    <input type="checkbox" className="mt-0.5 size-4 flex-none accent-accent" {...input} />
    <span>
      {label}
      {hint !== undefined && <span className="block text-faint text-xs">{hint}</span>}
    </span>
  </label>
);

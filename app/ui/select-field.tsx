import type { SelectHTMLAttributes } from 'react';
import { cn } from './cn.ts';
import { type FieldProps, fieldStyle, Labelled } from './field.tsx';

interface SelectFieldProps extends FieldProps, Omit<SelectHTMLAttributes<HTMLSelectElement>, 'className' | 'onChange'> {
  options: readonly { value: string; label: string }[];
  onChoose?: (value: string) => void;
}

/** A labelled choice of one among some. */
export const SelectField = ({ label, hint, error, className, options, onChoose, ...select }: SelectFieldProps) => (
  <Labelled {...{ label, hint, error, className }}>
    {(tied) => (
      <select
        className={cn(fieldStyle, 'h-8')}
        onChange={onChoose && ((event) => onChoose(event.currentTarget.value))}
        {...tied}
        {...select}
      >
        {options.map(({ value, label: words }) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    )}
  </Labelled>
);

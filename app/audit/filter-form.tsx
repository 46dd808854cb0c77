import { Form, Link, useSearchParams } from '@remix-run/react';
import { useId } from 'react';
import type { AuditLog } from '#server/web/index.ts';
import { Button } from '../ui/button.tsx';
import { cn } from '../ui/cn.ts';
import { fieldStyle } from '../ui/field.tsx';
import { logQuery, OUTCOMES } from './audit-filter.ts';

const TEXTS = [
  { name: 'actor', label: 'Actor', placeholder: 'ada@example.org' },
  { name: 'action', label: 'Action', placeholder: 'pipeline.publish, or pipeline.' },
  { name: 'target', label: 'Target', placeholder: 'id of what was changed' },
];
const TIMES = [
  { name: 'from', label: 'From (UTC)' },
  { name: 'to', label: 'Before (UTC)' },
];

/** Every filter is a field of the address: a view can be sent to a colleague, and works before scripts load. */
export function FilterForm({ isNarrowed, log }: { isNarrowed: boolean; log: AuditLog }) {
  const [params] = useSearchParams();
  const value = (name: string) => params.get(name) ?? '';
  return (
    // A key, so that fields show what the address says after "back" too.
    <Form
      key={params.toString()}
      method="get"
      role="search"
      aria-label="Filter the audit log"
      className="no-print mb-3 grid grid-cols-2 items-end gap-2 md:grid-cols-[repeat(3,minmax(7rem,1fr))_7rem_auto_auto_auto]"
    >
      {log === 'instance' && <input type="hidden" name="log" value="instance" />}
      {TEXTS.map(({ name, label, placeholder }) => (
        <Labelled key={name} label={label} className={name === 'target' ? 'max-md:col-span-2' : ''}>
          {(id) => (
            <input
              id={id}
              name={name}
              defaultValue={value(name)}
              placeholder={placeholder}
              className={cn(fieldStyle, 'h-8')}
            />
          )}
        </Labelled>
      ))}
      <Labelled label="Outcome" className="max-md:col-span-2">
        {(id) => (
          <select id={id} name="outcome" defaultValue={value('outcome')} className={cn(fieldStyle, 'h-8')}>
            <option value="">All</option>
            {OUTCOMES.map((outcome) => (
              <option key={outcome.value} value={outcome.value}>
                {outcome.label}
              </option>
            ))}
          </select>
        )}
      </Labelled>
      {TIMES.map(({ name, label }) => (
        <Labelled key={name} label={label}>
          {(id) => (
            <input
              id={id}
              type="datetime-local"
              name={name}
              defaultValue={value(name)}
              className={cn(fieldStyle, 'h-8')}
            />
          )}
        </Labelled>
      ))}
      <div className="flex gap-2 max-md:col-span-2">
        <Button type="submit">Filter</Button>
        {isNarrowed && (
          <Button asChild look="quiet">
            <Link to={`/ops/audit${logQuery(log)}`}>Clear</Link>
          </Button>
        )}
      </div>
    </Form>
  );
}

function Labelled({
  label,
  className,
  children,
}: {
  label: string;
  className?: string;
  children: (id: string) => React.ReactNode;
}) {
  const id = useId();
  return (
    <div className={cn('min-w-0', className)}>
      <label htmlFor={id} className="mb-0.5 block text-faint text-xs">
        {label}
      </label>
      {children(id)}
    </div>
  );
}

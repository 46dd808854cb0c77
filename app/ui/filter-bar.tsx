import { Form, Link, useSearchParams, useSubmit } from '@remix-run/react';
import { Search, Tag, X } from 'lucide-react';
import { useRef } from 'react';
import { Button } from './button.tsx';
import { cn } from './cn.ts';
import { fieldStyle } from './field.tsx';

/** Wait after the last key before a search is sent, in milliseconds. */
const TYPING_MS = 300;

interface FilterBarProps {
  /** Show the text search; its state is `?search=`. A label says what it looks for when that is not a name, a hint how. */
  search?: boolean | { label: string; hint?: string };
  /** Show the label filter; its state is `?label=key:value`, several mean all of them. */
  labels?: boolean;
  /** A choice of one, as `?name=value`. */
  choices?: { name: string; label: string; options: { value: string; label: string }[] };
  /** What else stands in the address and is not a filter's to drop. */
  keep?: string[];
}

/** Filters whose whole state is in the address, so that a view can be sent to a colleague. Works without scripts. */
export function FilterBar({ search = false, labels = false, choices, keep = [] }: FilterBarProps) {
  const [params] = useSearchParams();
  const submit = useSubmit();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const active = params.getAll('label');
  const { label: searchLabel, hint } =
    typeof search === 'object' ? search : { label: 'Search by name', hint: undefined };
  const send = (form: HTMLFormElement) => submit(form, { replace: true, preventScrollReset: true });
  return (
    <Form
      method="get"
      role="search"
      className="no-print mb-3 flex flex-wrap items-center gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        clearTimeout(timer.current);
        const form = event.currentTarget;
        send(form);
        const label = form.elements.namedItem('label');
        // The chips hold what was accepted; the box is for the next one.
        if (label instanceof HTMLInputElement && label.type === 'text') label.value = '';
      }}
    >
      {keep.map(
        (name) => params.has(name) && <input key={name} type="hidden" name={name} value={params.get(name) ?? ''} />,
      )}
      {search && (
        <div className={cn('relative max-sm:w-full', hint === undefined ? 'w-60' : 'w-72')}>
          <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint" />
          <input
            type="search"
            name="search"
            aria-label={searchLabel}
            placeholder={searchLabel}
            title={hint}
            defaultValue={params.get('search') ?? ''}
            className={cn(fieldStyle, 'h-8 pl-8')}
            onChange={(event) => {
              const form = event.currentTarget.form;
              clearTimeout(timer.current);
              if (form) timer.current = setTimeout(() => send(form), TYPING_MS);
            }}
          />
        </div>
      )}
      {choices && <Choices {...choices} />}
      {labels && <LabelFilter active={active} />}
    </Form>
  );
}

function Choices({ name, label, options }: NonNullable<FilterBarProps['choices']>) {
  const [params] = useSearchParams();
  const current = params.get(name) ?? '';
  return (
    <fieldset className="flex flex-wrap rounded-md border border-line-strong bg-surface p-0.5">
      <legend className="sr-only">{label}</legend>
      {current !== '' && <input type="hidden" name={name} value={current} />}
      {[{ value: '', label: 'All' }, ...options].map((option) => {
        const next = new URLSearchParams(params);
        next.delete('cursor');
        if (option.value === '') next.delete(name);
        else next.set(name, option.value);
        const isCurrent = option.value === current;
        return (
          <Link
            key={option.value}
            to={`?${next}`}
            replace
            aria-current={isCurrent ? 'true' : undefined}
            className={cn(
              'rounded px-2 py-0.5 text-xs leading-5',
              isCurrent ? 'bg-idle-soft font-medium text-ink' : 'text-muted hover:text-ink',
            )}
          >
            {option.label}
          </Link>
        );
      })}
    </fieldset>
  );
}

function LabelFilter({ active }: { active: string[] }) {
  const [params] = useSearchParams();
  return (
    <>
      {active.map((label) => {
        const next = new URLSearchParams(params);
        next.delete('label');
        next.delete('cursor');
        for (const other of active) if (other !== label) next.append('label', other);
        return (
          <span
            key={label}
            className="inline-flex h-8 items-center gap-1 rounded-md border border-line bg-accent-soft pr-1 pl-2.5 text-accent text-xs"
          >
            <Tag aria-hidden className="size-3" />
            {label}
            <input type="hidden" name="label" value={label} />
            <Button asChild look="quiet" size="icon-sm">
              <Link to={`?${next}`} aria-label={`Remove label ${label}`}>
                <X aria-hidden />
              </Link>
            </Button>
          </span>
        );
      })}
      <div className="relative w-44 max-sm:w-auto max-sm:flex-1">
        <Tag aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint" />
        <input
          type="text"
          name="label"
          aria-label="Filter by label"
          placeholder="Label, as env:prod"
          className={cn(fieldStyle, 'h-8 pl-8')}
        />
      </div>
      <Button type="submit">Filter</Button>
    </>
  );
}

/** A pipeline's labels; each adds itself to the filter of the page that it is on, or of `to`. */
export function Labels({ labels, to = '' }: { labels: Record<string, string>; to?: string }) {
  const entries = Object.entries(labels);
  if (entries.length === 0) return null;
  return (
    <ul className="flex flex-wrap gap-1">
      {entries.map(([key, value]) => (
        <li key={key}>
          <Link
            to={`${to}?label=${encodeURIComponent(`${key}:${value}`)}`}
            className="inline-block rounded bg-idle-soft px-1.5 text-2xs text-idle leading-4 hover:text-ink"
          >
            {key}:{value}
          </Link>
        </li>
      ))}
    </ul>
  );
}

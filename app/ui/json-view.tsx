import { type ReactNode, useState } from 'react';
import { CopyButton } from './copy.tsx';

/** A document as a tree that folds, with the whole of it to copy. Deep parts begin folded. */
export function JsonView({ value, what, openDepth = 2 }: { value: unknown; what: string; openDepth?: number }) {
  return (
    <div className="relative rounded-md border border-line bg-sunken">
      <CopyButton text={JSON.stringify(value, null, 2)} what={what} className="absolute top-1.5 right-1.5" />
      <div className="overflow-x-auto p-3 pr-10 font-mono text-xs leading-5">
        <JsonNode value={value} depth={0} openDepth={openDepth} />
      </div>
    </div>
  );
}

function JsonNode({
  name,
  value,
  depth,
  openDepth,
}: {
  name?: string;
  value: unknown;
  depth: number;
  openDepth: number;
}) {
  const label = name === undefined ? null : <span className="text-accent">{name}: </span>;
  if (value === null || typeof value !== 'object') {
    return (
      <div className="whitespace-pre-wrap break-words pl-4">
        {label}
        <Scalar value={value} />
      </div>
    );
  }
  const isList = Array.isArray(value);
  const entries: [string, unknown][] = Object.entries(value);
  if (entries.length === 0) {
    return (
      <div className="pl-4">
        {label}
        {isList ? '[]' : '{}'}
      </div>
    );
  }
  return <Branch {...{ label, isList, entries, depth, openDepth }} />;
}

interface BranchProps {
  label: ReactNode;
  isList: boolean;
  entries: [string, unknown][];
  depth: number;
  openDepth: number;
}

function Branch({ label, isList, entries, depth, openDepth }: BranchProps) {
  const [isOpen, setOpen] = useState(depth < openDepth);
  return (
    <details
      open={isOpen}
      onToggle={(event) => event.target === event.currentTarget && setOpen(event.currentTarget.open)}
    >
      <summary className="w-fit rounded pr-1 marker:text-faint hover:bg-hover">
        {label}
        <span className="text-faint">
          {isList ? `[ ${entries.length} ]` : `{ ${entries.length} }`}
          {!isOpen && !isList && hintOf(entries)}
        </span>
      </summary>
      {isOpen && (
        <div className="ml-1.5 border-line border-l pl-2">
          {entries.map(([key, child]) => (
            <JsonNode key={key} name={isList ? undefined : key} value={child} depth={depth + 1} openDepth={openDepth} />
          ))}
        </div>
      )}
    </details>
  );
}

/** What a folded object is called, so that one need not open all to find one. */
function hintOf(entries: [string, unknown][]): string {
  const [, hint] =
    entries.find(([key, value]) => /^(id|name|rule|column)$/.test(key) && typeof value === 'string') ?? [];
  return hint === undefined ? '' : ` ${String(hint)}`;
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === 'string') return <span className="text-ok">{JSON.stringify(value)}</span>;
  if (typeof value === 'number') return <span className="text-busy">{String(value)}</span>;
  return <span className="text-held">{String(value)}</span>;
}

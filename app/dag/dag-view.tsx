import type { ReactNode } from 'react';
import { useMemo } from 'react';
import { cn } from '../ui/cn.ts';
import { type DagInput, layoutDag, NODE_HEIGHT, NODE_WIDTH } from './layout.ts';

export interface DagNode extends DagInput {
  kind: string;
  name?: string | undefined;
  /** Right end of the second line: a count, a state. */
  detail?: ReactNode;
  /** Colour of the bar at the node's left. */
  mark?: string;
  isBusy?: boolean;
}

interface DagViewProps {
  nodes: DagNode[];
  label: string;
  selected?: string | null;
  /** Makes nodes pressable. */
  onSelect?: (id: string) => void;
}

/** What a node is, without its colour: sources open, targets close, the rest stands between. */
const markOfKind = (kind: string): string =>
  kind === 'source'
    ? 'var(--busy-solid)'
    : kind === 'target'
      ? 'var(--ok-solid)'
      : kind === 'validate'
        ? 'var(--held-solid)'
        : 'var(--idle-solid)';

/** A pipeline as a drawing from left to right. Each node is a button where it leads somewhere. */
export function DagView({ nodes, label, selected = null, onSelect }: DagViewProps) {
  const layout = useMemo(() => layoutDag(nodes), [nodes]);
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
    <section className="overflow-x-auto" tabIndex={0} aria-label={label}>
      <div className="relative mx-auto" style={{ width: layout.width, height: layout.height }}>
        <svg width={layout.width} height={layout.height} aria-hidden className="absolute inset-0">
          {layout.edges.map(({ from, to, path }) => (
            <path
              key={`${from} ${to}`}
              d={path}
              fill="none"
              strokeWidth="1.5"
              className={cn(selected === from || selected === to ? 'stroke-accent' : 'stroke-line-strong')}
            />
          ))}
        </svg>
        <ol>
          {layout.nodes.map(({ id, x, y }) => {
            const node = byId.get(id);
            if (node === undefined) return null;
            return (
              <li key={id} className="absolute" style={{ left: x, top: y, width: NODE_WIDTH, height: NODE_HEIGHT }}>
                <NodeBox node={node} isSelected={selected === id} onSelect={onSelect} />
              </li>
            );
          })}
        </ol>
      </div>
    </section>
  );
}

function NodeBox({
  node,
  isSelected,
  onSelect,
}: {
  node: DagNode;
  isSelected: boolean;
  onSelect: ((id: string) => void) | undefined;
}) {
  const body = (
    <>
      <span
        aria-hidden
        className={cn('absolute inset-y-0 left-0 w-1 rounded-l-md', node.isBusy && 'animate-breathe')}
        style={{ background: node.mark ?? markOfKind(node.kind) }}
      />
      <span className="block truncate font-medium leading-4.5">{node.name || node.id}</span>
      <span className="flex justify-between gap-2 text-faint text-xs leading-4.5">
        <span className="truncate">{node.kind}</span>
        {node.detail !== undefined && <span className="tabular shrink-0">{node.detail}</span>}
      </span>
    </>
  );
  const style = cn(
    'relative block h-full w-full rounded-md border bg-surface py-1 pr-2.5 pl-3.5 text-left shadow-card',
    isSelected ? 'border-accent ring-1 ring-accent' : 'border-line-strong',
  );
  if (onSelect === undefined) return <div className={style}>{body}</div>;
  return (
    <button
      type="button"
      aria-pressed={isSelected}
      onClick={() => onSelect(node.id)}
      className={cn(style, 'hover:bg-hover')}
    >
      {body}
    </button>
  );
}

import { CircleAlert, CircleCheck, LoaderCircle, TriangleAlert } from 'lucide-react';
import { Tabs } from 'radix-ui';
import type { Problem, SqlPreviewNode } from '#server/web/index.ts';
import { type DagNode, DagView } from '../dag/dag-view.tsx';
import { cn } from '../ui/cn.ts';
import { CodeBlock } from '../ui/copy.tsx';
import type { Checked } from './use-check.ts';

interface SidePanelProps {
  check: Checked & { isChecking: boolean };
  /** Puts the caret where a problem is; absent before scripts load. */
  onJump: ((problem: Problem) => void) | null;
}

const tabStyle =
  'border-b-2 border-transparent px-2.5 py-2 text-sm text-muted -outline-offset-2! hover:text-ink data-[state=active]:border-ink data-[state=active]:font-medium data-[state=active]:text-ink';

/** Beside the text: what is wrong with it, the SQL that it becomes, and its drawing. */
export function SidePanel({ check, onJump }: SidePanelProps) {
  const errors = check.problems.filter(({ severity }) => severity === 'error').length;
  return (
    <Tabs.Root
      defaultValue="problems"
      className="flex min-h-0 min-w-0 flex-col rounded-lg border border-line bg-surface shadow-card"
    >
      <div className="flex items-center justify-between gap-2 border-line border-b px-2">
        <Tabs.List aria-label="About this document" className="-mb-px flex gap-1">
          <Tabs.Trigger value="problems" className={tabStyle}>
            Problems{check.problems.length > 0 && ` (${check.problems.length})`}
          </Tabs.Trigger>
          <Tabs.Trigger value="sql" className={tabStyle}>
            SQL
          </Tabs.Trigger>
          <Tabs.Trigger value="drawing" className={tabStyle}>
            Drawing
          </Tabs.Trigger>
        </Tabs.List>
        <Verdict isChecking={check.isChecking} failure={check.failure} errors={errors} />
      </div>
      <Tabs.Content value="problems" className="min-h-0 flex-1 overflow-y-auto p-3">
        <ProblemList check={check} onJump={onJump} />
      </Tabs.Content>
      <Tabs.Content value="sql" className="min-h-0 flex-1 space-y-4 overflow-y-auto p-3">
        <Sql nodes={check.nodes} />
      </Tabs.Content>
      <Tabs.Content value="drawing" className="min-h-0 flex-1 overflow-auto p-3">
        <Drawing document={check.document} />
      </Tabs.Content>
    </Tabs.Root>
  );
}

function Verdict({ isChecking, failure, errors }: { isChecking: boolean; failure: string | null; errors: number }) {
  const [Icon, words, tone] = isChecking
    ? ([LoaderCircle, 'Checking', 'text-faint'] as const)
    : failure !== null
      ? ([CircleAlert, 'Not checked', 'text-warn'] as const)
      : errors > 0
        ? ([CircleAlert, errors === 1 ? '1 error' : `${errors} errors`, 'text-bad'] as const)
        : ([CircleCheck, 'Ready to publish', 'text-ok'] as const);
  return (
    <span role="status" className={cn('flex items-center gap-1 whitespace-nowrap pr-1 text-xs', tone)}>
      <Icon aria-hidden className={cn('size-3.5', isChecking && 'animate-spin')} />
      {words}
    </span>
  );
}

function ProblemList({ check, onJump }: SidePanelProps) {
  if (check.failure !== null) return <p className="text-warn">{check.failure}</p>;
  if (check.problems.length === 0)
    return <p className="text-muted">Nothing is wrong with it, checked against the tables as they are now.</p>;
  return (
    <ul className="space-y-1">
      {check.problems.map((problem) => (
        <li key={`${problem.pointer} ${problem.code} ${problem.message}`}>
          <ProblemLine problem={problem} onJump={onJump} />
        </li>
      ))}
    </ul>
  );
}

/** One problem with its place; a press leads there. */
export function ProblemLine({ problem, onJump }: { problem: Problem; onJump: SidePanelProps['onJump'] }) {
  const Icon = problem.severity === 'error' ? CircleAlert : TriangleAlert;
  const body = (
    <>
      <Icon
        aria-hidden
        className={cn('mt-0.5 size-3.5 shrink-0', problem.severity === 'error' ? 'text-bad' : 'text-warn')}
      />
      <span className="min-w-0">
        <span className="sr-only">{problem.severity}: </span>
        <span className="break-words">{problem.message}</span>{' '}
        <code className="break-all font-mono text-faint text-xs">{problem.pointer || '/'}</code>
      </span>
    </>
  );
  const style = 'flex w-full items-start gap-2 rounded px-1.5 py-1 text-left';
  return onJump === null ? (
    <div className={style}>{body}</div>
  ) : (
    <button type="button" onClick={() => onJump(problem)} className={cn(style, 'hover:bg-hover')}>
      {body}
    </button>
  );
}

function Sql({ nodes }: { nodes: SqlPreviewNode[] }) {
  if (nodes.length === 0) return <p className="text-muted">The SQL shows here once the document has no errors.</p>;
  return nodes.map((node) => (
    <div key={node.nodeId} className="space-y-2">
      <h3 className="font-medium">
        {node.nodeId} <span className="font-normal text-faint text-xs">{node.kind}</span>
      </h3>
      {node.statements.map(({ purpose, sql }) => (
        <CodeBlock key={purpose + sql} code={sql.trim()} what={`SQL of ${node.nodeId}, ${purpose}`} />
      ))}
      {node.statements.length === 0 && <p className="text-muted">This step runs no SQL of its own.</p>}
    </div>
  ));
}

/** The steps of whatever is being typed: only those that have an id, each once. */
function stepsOf(document: unknown): DagNode[] {
  if (typeof document !== 'object' || document === null || !('nodes' in document) || !Array.isArray(document.nodes))
    return [];
  const steps = new Map<string, DagNode>();
  for (const node of document.nodes as unknown[]) {
    if (typeof node !== 'object' || node === null || !('id' in node) || typeof node.id !== 'string') continue;
    const inputs = 'inputs' in node && Array.isArray(node.inputs) ? (node.inputs as unknown[]) : [];
    steps.set(node.id, {
      id: node.id,
      kind: 'kind' in node ? String(node.kind) : '',
      name: 'name' in node && typeof node.name === 'string' ? node.name : undefined,
      inputs: [...new Set(inputs.filter((input) => typeof input === 'string'))],
    });
  }
  return [...steps.values()];
}

function Drawing({ document }: { document: unknown }) {
  const steps = stepsOf(document);
  if (steps.length === 0) return <p className="text-muted">The steps are drawn here as soon as there are some.</p>;
  return <DagView nodes={steps} label="Steps of this document" />;
}

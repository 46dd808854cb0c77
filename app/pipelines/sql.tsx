import type { LoaderFunctionArgs } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { Code, TriangleAlert } from 'lucide-react';
import { load } from '../api.server.ts';
import { Card } from '../ui/card.tsx';
import { CodeBlock } from '../ui/copy.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { EmptyState } from '../ui/states.tsx';

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  return load(args, (api) => api.pipelines.sqlPreview({ id }));
}

/** The SQL that a run would execute, step by step, with the columns that each step gives. */
export default function SqlPreview() {
  const { version, nodes, problems } = useLoaderData<typeof loader>();
  return (
    <div className="space-y-4">
      <p className="text-muted">
        What a run of version {version} executes, compiled against the tables as they are now.
      </p>
      {problems.length > 0 && (
        <ul className="space-y-1.5 rounded-lg bg-warn-soft px-3.5 py-2.5 text-warn">
          {problems.map((problem) => (
            <li key={`${problem.pointer} ${problem.code}`} className="flex items-start gap-2">
              <TriangleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
              <span>
                {problem.message} <code className="font-mono text-xs">{problem.pointer}</code>
              </span>
            </li>
          ))}
        </ul>
      )}
      {nodes.length === 0 ? (
        <Card>
          <EmptyState icon={Code} title="There is no SQL to show">
            The document does not compile; its problems are listed above.
          </EmptyState>
        </Card>
      ) : (
        nodes.map((node) => (
          <Card key={node.nodeId} title={node.nodeId} aside={node.kind}>
            <div className="space-y-3">
              {node.statements.map(({ purpose, sql }) => (
                <div key={purpose + sql}>
                  <h3 className="mb-1 text-faint text-xs">{purpose.replaceAll('_', ' ')}</h3>
                  <CodeBlock code={sql.trim()} what={`SQL of ${node.nodeId}, ${purpose}`} />
                </div>
              ))}
            </div>
            {node.columns.length > 0 && (
              <ul className="mt-3 flex flex-wrap gap-1.5" aria-label={`Columns of ${node.nodeId}`}>
                {node.columns.map(({ name, type }) => (
                  <li key={name} className="rounded bg-idle-soft px-1.5 font-mono text-2xs leading-5">
                    {name} <span className="text-idle">{type}</span>
                  </li>
                ))}
              </ul>
            )}
          </Card>
        ))
      )}
    </div>
  );
}

export const ErrorBoundary = RouteErrorBoundary;

import { Link, useNavigation } from '@remix-run/react';
import type { ConnectionUses } from '#server/web/index.ts';
import { Confirm } from '../accounts/confirm.tsx';
import { Card } from '../ui/card.tsx';

/** So many are named in a sentence. */
const IN_WORDS = 5;

/** The pipelines whose documents name the connection, and the comparison with its repository. */
export function UsedBy({ uses: { items, total, isGitSource } }: { uses: ConnectionUses }) {
  return (
    <Card title="Used by" aside={total > 0 && `${total} ${total === 1 ? 'pipeline' : 'pipelines'}`}>
      {isGitSource && (
        <p className="mb-2">
          <Link to="/data/gitops" className="text-accent underline">
            The repository of the documents
          </Link>
          : pipelines are compared with it.
        </p>
      )}
      {total === 0 ? (
        <p className="text-muted">No pipeline names it.</p>
      ) : (
        <ul className="space-y-1">
          {items.map(({ pipelineId, pipelineName, isLive }) => (
            <li key={pipelineId} className="flex min-w-0 items-baseline justify-between gap-2">
              <Link to={`/data/pipelines/${pipelineId}`} className="min-w-0 truncate hover:underline">
                {pipelineName}
              </Link>
              <span className="shrink-0 text-faint text-xs">{isLive ? 'live' : 'draft only'}</span>
            </li>
          ))}
          {total > items.length && <li className="text-faint text-xs">and {total - items.length} more</li>}
        </ul>
      )}
    </Card>
  );
}

/** What its deletion does, with the pipelines by name. */
function deleteWords(name: string, { items, total, isGitSource }: ConnectionUses): string {
  const source = isGitSource
    ? 'It is the repository of the documents: pipelines are no longer compared with it, and none can be applied. '
    : '';
  if (total === 0)
    return `${name} and its secrets are gone for good. ${source}No pipeline names it; what else was given its name fails from then on.`;
  const named = items.slice(0, IN_WORDS).map(({ pipelineName }) => pipelineName);
  const rest = total - named.length;
  const list = rest > 0 ? `${named.join(', ')} and ${rest} more` : named.join(', ');
  return `${name} and its secrets are gone for good. ${source}${total === 1 ? 'One pipeline names' : `${total} pipelines name`} it and ${total === 1 ? 'fails' : 'fail'} from then on: ${list}.`;
}

export function DeleteConnection({ name, uses }: { name: string; uses: ConnectionUses }) {
  const { state, formData } = useNavigation();
  return (
    <Confirm
      summary="Delete this connection …"
      words={deleteWords(name, uses)}
      intent="delete"
      button={`Delete ${name}`}
      busy={state !== 'idle' && formData?.get('intent') === 'delete'}
    />
  );
}

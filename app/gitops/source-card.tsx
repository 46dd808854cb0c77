import type { GitopsStatus } from '#server/web/index.ts';
import { Card, Facts } from '../ui/card.tsx';
import { CopyableId } from '../ui/copy.tsx';
import { Pill } from '../ui/status-pill.tsx';
import { Dash, Time } from '../ui/time.tsx';
import { overallLook } from './words.ts';

interface SourceCardProps {
  source: NonNullable<GitopsStatus['source']>;
  check: GitopsStatus['check'];
  state: GitopsStatus['state'];
}

/** Where the documents are, what was read last, and what went wrong. */
export function SourceCard({ source, check, state }: SourceCardProps) {
  const commit = check?.commit;
  const gone = <Dash why="The connection was removed" />;
  return (
    <Card title="Repository" aside={<Pill {...overallLook[state]} />} className="mb-4">
      {check?.error && (
        <div role="alert" className="mb-4 rounded-md bg-bad-soft px-3 py-2 text-bad">
          <p className="font-medium">The repository cannot be read, so nothing is known of its documents.</p>
          <p className="mt-0.5 break-words">{check.error.message}</p>
          <p className="mt-0.5 font-mono text-xs">{check.error.code}</p>
        </div>
      )}
      {check?.isOutdated && (
        <p role="status" className="mb-4 rounded-md bg-warn-soft px-3 py-2 text-warn">
          The connection was changed since the last check. Check again before you apply anything.
        </p>
      )}
      <Facts
        facts={[
          { term: 'Connection', value: source.connection ?? gone },
          { term: 'Address', value: source.url === null ? gone : <span className="break-all">{source.url}</span> },
          { term: 'Branch', value: source.branch ?? gone },
          { term: 'Folder', value: source.folder === null ? gone : source.folder || 'the whole repository' },
          { term: 'Checked', value: check ? <Time at={check.checkedAt} /> : <Dash why="Not checked yet" /> },
          ...(commit
            ? [
                { term: 'Commit', value: <CopyableId id={commit.id} what="commit id" /> },
                { term: 'Says', value: `${commit.subject} (${commit.author})` },
                { term: 'Committed', value: <Time at={commit.committedAt} /> },
                { term: 'YAML files', value: check?.files ?? 0 },
              ]
            : []),
        ]}
      />
    </Card>
  );
}

import { Link } from '@remix-run/react';
import { GitCompareArrows } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { DocumentDiff } from './document-diff.tsx';
import type { SaveFailure } from './save.server.ts';

interface StaleNoticeProps {
  theirs: NonNullable<SaveFailure['theirs']>;
  mine: string;
  baseVersion: number | null;
}

/** Somebody saved first: what they saved against what was typed here, which is still in the editor below. */
export function StaleNotice({ theirs, mine, baseVersion }: StaleNoticeProps) {
  return (
    <Card
      title={
        <span role="alert" className="flex items-center gap-2 text-warn">
          <GitCompareArrows aria-hidden className="size-4" />
          Not saved: version {theirs.version} was saved by {theirs.by || 'somebody'} since you opened version{' '}
          {baseVersion}
        </span>
      }
      aside={
        <Button asChild size="sm">
          <Link to="." reloadDocument>
            Drop mine, edit theirs
          </Link>
        </Button>
      }
      flush
    >
      <p className="px-4 pt-3 text-muted">
        Your text is below, as you typed it. Take over what you want of theirs, then save on top of it.
      </p>
      <DocumentDiff
        before={theirs.text}
        after={mine}
        beforeName={`their version ${theirs.version}`}
        afterName="your text"
      />
    </Card>
  );
}

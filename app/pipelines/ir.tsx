import type { LoaderFunctionArgs } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { load } from '../api.server.ts';
import { Actor } from '../ui/actor.tsx';
import { Card, Facts } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Time } from '../ui/time.tsx';

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const version = Number(new URL(args.request.url).searchParams.get('version'));
  const wanted = Number.isInteger(version) && version > 0 ? { version } : {};
  return load(args, (api) => api.pipelines.ir({ id, ...wanted }));
}

/** The saved document. */
export default function Document() {
  const { version, liveVersion, latestVersion, createdAt, createdBy, document } = useLoaderData<typeof loader>();
  return (
    <div className="space-y-4">
      <Card>
        <Facts
          facts={[
            { term: 'Shown', value: `version ${version}` },
            { term: 'Live', value: liveVersion === null ? 'none yet' : `version ${liveVersion}` },
            { term: 'Latest', value: `version ${latestVersion}` },
            { term: 'Saved', value: <Time at={createdAt} /> },
            { term: 'By', value: createdBy ? <Actor name={createdBy} /> : 'the system' },
          ]}
        />
      </Card>
      <JsonView value={document} what="pipeline document" openDepth={2} />
    </div>
  );
}

export const ErrorBoundary = RouteErrorBoundary;

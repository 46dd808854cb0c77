import type { LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { useLoaderData } from '@remix-run/react';
import { GitBranch, RefreshCw } from 'lucide-react';
import { useState } from 'react';
import type { GitopsStatus } from '#server/web/index.ts';
import { load } from '../api.server.ts';
import { count } from '../time/format.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { FilterBar } from '../ui/filter-bar.tsx';
import { Live } from '../ui/live.tsx';
import { PageHeader } from '../ui/page.tsx';
import { EmptyState } from '../ui/states.tsx';
import { useAction } from '../ui/use-action.tsx';
import { gitopsAction } from './action.server.ts';
import { ApplyButton, applyingOf, useApplyDialog } from './apply-dialog.tsx';
import { DocumentsCard } from './documents-card.tsx';
import { SourceCard } from './source-card.tsx';
import { SourceButton, SourceDialog } from './source-dialog.tsx';
import { STATES, stateLook } from './words.ts';

export { clientAction } from '../lost-answer.ts';

export const meta: MetaFunction = () => [{ title: 'Git · Mainspring' }];

const DOCUMENTS = 50;

export async function loader(args: LoaderFunctionArgs) {
  const params = new URL(args.request.url).searchParams;
  const state = STATES.find((name) => name === params.get('state'));
  const [search, cursor] = [params.get('search')?.trim(), params.get('cursor')];
  const role = args.context.session?.role;
  const canApply = role === 'admin';
  const found = await load(args, async (api) => {
    const status = await api.gitops.status();
    const isKnown = status.counts !== null;
    const [documents, plan, connections] = await Promise.all([
      isKnown
        ? api.gitops.documents({
            limit: DOCUMENTS,
            ...(state ? { state } : {}),
            ...(search ? { search } : {}),
            ...(cursor ? { cursor } : {}),
          })
        : null,
      isKnown && canApply ? api.gitops.planSource() : null,
      canApply ? api.connections.list({ kind: 'git' }) : { items: [] },
    ]);
    return { status, documents, plan, connections: connections.items };
  });
  return {
    ...found,
    ...{ canApply, canCheck: role !== 'viewer', isFiltered: state !== undefined || !!search },
    loadedAtMs: args.context.now.getTime(),
  };
}

export const action = gitopsAction;

export default function Gitops() {
  const { status, documents, plan, connections, canApply, canCheck, isFiltered, loadedAtMs } =
    useLoaderData<typeof loader>();
  const { source, check, state, counts } = status;
  const [isSourceOpen, setSourceOpen] = useState(false);
  const { onApply, dialog } = useApplyDialog();
  const all = applyingOf(plan, plan?.items ?? []);
  const setUp = canApply && <SourceButton isSet={source !== null} onClick={() => setSourceOpen(true)} />;
  return (
    <>
      <PageHeader
        title="Git"
        detail={detailOf(status)}
        actions={
          source === null ? undefined : (
            <>
              <Live loadedAtMs={loadedAtMs} />
              {setUp}
              {canCheck && <CheckNow />}
              {all && <ApplyButton applying={all} label={`Apply all ${all.items.length}`} onApply={onApply} />}
            </>
          )
        }
      />
      {dialog}
      {canApply && (
        <SourceDialog connections={connections} current={source} isOpen={isSourceOpen} onOpenChange={setSourceOpen} />
      )}
      {source === null ? (
        <Card>
          <EmptyState icon={GitBranch} title="No repository is set" action={setUp}>
            Keep pipelines as YAML documents in Git, and see every day what was changed here or there. Nothing is
            applied unless somebody says so.
          </EmptyState>
        </Card>
      ) : (
        <SourceCard source={source} check={check} state={state} />
      )}
      {counts !== null && documents !== null && (
        <>
          <FilterBar
            search={{ label: 'Name or file contains' }}
            choices={{
              ...{ name: 'state', label: 'State' },
              options: STATES.map((value) => ({
                value,
                label: `${stateLook[value].label} ${count(counts[value] ?? 0)}`,
              })),
            }}
          />
          <DocumentsCard documents={documents} isFiltered={isFiltered} plan={plan} onApply={onApply} />
        </>
      )}
    </>
  );
}

function detailOf({ state, counts }: GitopsStatus): string {
  if (state === 'not_configured') return 'Pipelines compared with documents in a repository.';
  if (state === 'unchecked') return 'Not checked yet: the job gitopsDriftCheck does so daily.';
  if (state === 'broken' || counts === null) return 'The last check could not read the repository.';
  if (state === 'in_sync') return `All ${count(counts.in_sync ?? 0)} documents and pipelines are in sync.`;
  const { in_sync: inSync = 0, ...rest } = counts;
  const drifted = Object.values(rest).reduce((sum, number) => sum + number, 0);
  return `${count(drifted)} not in sync, ${count(inSync)} in sync. Checked daily by gitopsDriftCheck.`;
}

function CheckNow() {
  const { Form, busy } = useAction(() => {});
  return (
    <Form method="post" action="/data/gitops">
      <input type="hidden" name="intent" value="check" />
      <Button type="submit" busy={busy}>
        {!busy && <RefreshCw aria-hidden />} Check now
      </Button>
    </Form>
  );
}

export const ErrorBoundary = RouteErrorBoundary;

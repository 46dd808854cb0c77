import type { ActionFunctionArgs, LoaderFunctionArgs, MetaFunction } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import { useActionData } from '@remix-run/react';
import { loginPath } from '../api.server.ts';
import { EditorForm } from '../editor/editor-form.tsx';
import { saveText } from '../editor/save.server.ts';
import { TEMPLATE } from '../editor/template.ts';
import { useKept } from '../editor/use-kept.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';
import { PageHeader } from '../ui/page.tsx';

export { clientAction } from '../editor/lost-save.ts';

export const meta: MetaFunction = () => [{ title: 'New pipeline · Mainspring' }];

export function loader({ request, context }: LoaderFunctionArgs) {
  if (context.session === null) throw redirect(loginPath(request));
  return null;
}

export const action = (args: ActionFunctionArgs) =>
  saveText(args, async (api, document) => {
    const { id } = await api.pipelines.create({ document });
    return `/data/pipelines/${id}/publish?version=1`;
  });

export default function NewPipeline() {
  const failure = useKept(useActionData<typeof action>());
  return (
    <>
      <PageHeader
        crumbs={[{ to: '/data/pipelines', label: 'Pipelines' }]}
        title="New pipeline"
        detail="It is saved as a draft. It runs once it is published."
      />
      <EditorForm
        saved={TEMPLATE}
        baseVersion={null}
        failure={failure}
        saveLabel="Create pipeline"
        cancelTo="/data/pipelines"
      />
    </>
  );
}

export const ErrorBoundary = RouteErrorBoundary;

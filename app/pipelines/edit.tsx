import type { ActionFunctionArgs, LoaderFunctionArgs } from '@remix-run/node';
import { useActionData, useLoaderData } from '@remix-run/react';
import { load, text } from '../api.server.ts';
import { EditorForm } from '../editor/editor-form.tsx';
import { formatDocument } from '../editor/format-document.ts';
import { saveText } from '../editor/save.server.ts';
import { useKept } from '../editor/use-kept.ts';
import { RouteErrorBoundary } from '../ui/error-boundary.tsx';

export { clientAction } from '../editor/lost-save.ts';

export async function loader(args: LoaderFunctionArgs) {
  const id = args.params.id ?? '';
  const { version, document } = await load(args, (api) => api.pipelines.ir({ id }));
  return { version, text: formatDocument(document) };
}

export const action = (args: ActionFunctionArgs) => {
  const id = args.params.id ?? '';
  return saveText(
    args,
    async (api, document, form) => {
      const saved = await api.pipelines.saveIr({ id, baseVersion: Number(text(form, 'baseVersion')), document });
      return `/data/pipelines/${saved.id}/publish?version=${saved.version}`;
    },
    id,
  );
};

/** The text that is being edited must not be taken away by a refresh of what is saved. */
export const shouldRevalidate = () => false;

export default function EditPipeline() {
  const { version, text: saved } = useLoaderData<typeof loader>();
  const failure = useKept(useActionData<typeof action>());
  return (
    <EditorForm
      saved={saved}
      baseVersion={version}
      failure={failure}
      saveLabel={`Save as version ${version + 1}`}
      cancelTo=".."
    >
      <p className="mr-auto text-faint text-xs">
        Saving keeps version {version} as it is. Nothing runs differently until a version is published.
      </p>
    </EditorForm>
  );
}

export const ErrorBoundary = RouteErrorBoundary;

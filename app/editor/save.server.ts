// Saving what was typed. Whatever goes wrong, the text comes back with the answer: nothing that was typed is lost.
import type { ActionFunctionArgs } from '@remix-run/node';
import { data, redirect } from '@remix-run/node';
import type { PagesApi, Problem } from '#server/web/index.ts';
import { loginPath } from '../api.server.ts';
import { type PageError, titleOf } from '../page-error.ts';
import { formatDocument } from './format-document.ts';

export interface SaveFailure {
  text: string;
  error: PageError;
  problems: Problem[];
  /** What somebody else saved meanwhile. */
  theirs: { version: number; by: string; text: string } | null;
}

const failure = (text: string, error: PageError, more: Partial<SaveFailure> = {}): SaveFailure => ({
  text,
  error,
  problems: [],
  theirs: null,
  ...more,
});

/** Runs `save` with the document in the form; redirects to the path that it gives. */
export async function saveText(
  { request, context }: ActionFunctionArgs,
  save: (api: PagesApi, document: unknown, form: FormData) => Promise<string>,
  theirId?: string,
) {
  const form = await request.formData();
  const typed = form.get('document');
  const text = typeof typed === 'string' ? typed : '';
  if (context.api === null) {
    const message = 'Sign in in another tab and save again; the text stays here.';
    const error = { title: 'You are signed out', code: 'UNAUTHENTICATED', message, errorId: null };
    // Without scripts there is no other way to keep the text than to show it again.
    return text === '' ? redirect(loginPath(request)) : data(failure(text, error), { status: 401 });
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const message = `The text is not JSON: ${error instanceof Error ? error.message : ''}`;
    return data(failure(text, { title: titleOf(400), code: 'INPUT_INVALID', message, errorId: null }), { status: 400 });
  }
  try {
    return redirect(await save(context.api, document, form));
  } catch (error) {
    const { status, code, message, errorId, details } = context.toProblem(error);
    const theirs = code === 'VERSION_STALE' && theirId ? await readTheirs(context.api, theirId) : null;
    const problems = problemsIn(details);
    return data(failure(text, { title: titleOf(status), code, message, errorId }, { problems, theirs }), { status });
  }
}

async function readTheirs(api: PagesApi, id: string): Promise<SaveFailure['theirs']> {
  const { version, createdBy, document } = await api.pipelines.ir({ id });
  return { version, by: createdBy, text: formatDocument(document) };
}

function problemsIn(details: unknown): Problem[] {
  if (typeof details !== 'object' || details === null || !('problems' in details)) return [];
  return Array.isArray(details.problems) ? (details.problems as Problem[]) : [];
}

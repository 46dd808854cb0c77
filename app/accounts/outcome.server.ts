// What the forms of the settings come to. Their pages show it in place, so that they work before scripts load.
import type { ActionFunctionArgs } from '@remix-run/node';
import { data, redirect } from '@remix-run/node';
import type { PagesApi } from '#server/web/index.ts';
import { loginPath } from '../api.server.ts';
import { titleOf } from '../page-error.ts';
import type { Outcome } from './outcome.ts';

/** Runs `write` with the API and the form; a refusal becomes an outcome that the page shows. */
export async function settle(
  { request, context }: ActionFunctionArgs,
  write: (api: PagesApi, form: FormData, intent: string) => Promise<Outcome>,
) {
  const form = await request.formData();
  if (context.api === null) throw redirect(loginPath(request));
  try {
    return data(await write(context.api, form, String(form.get('intent') ?? '')));
  } catch (error) {
    if (error instanceof Response) throw error;
    const { status, code, message, errorId } = context.toProblem(error);
    const outcome: Outcome = { ok: false, error: { title: titleOf(status), code, message, errorId } };
    return data(outcome, { status });
  }
}

/** The address that the browser itself uses: a request with a body is only taken from our own origin. */
export const linkFrom = (request: Request, path: string | null): string =>
  path === null ? '' : new URL(path, request.headers.get('origin') ?? request.url).href;

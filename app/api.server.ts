// How pages reach the API: in process, as the signed-in user, with every failure turned into one shape.
import type { ActionFunctionArgs, AppLoadContext } from '@remix-run/node';
import { data, redirect } from '@remix-run/node';
import type { PagesApi } from '#server/web/index.ts';
import { type ActionResult, type PageError, titleOf, unknownIntent } from './page-error.ts';

interface Args {
  request: Request;
  context: AppLoadContext;
}

/** The address of the sign-in page that comes back to where the person wanted to go. */
export function loginPath(request: Request): string {
  const { pathname, search } = new URL(pageOf(request));
  // Single-fetch asks for data under `<path>.data`; the person wants the page.
  const path = pathname.replace(/(\/_root)?\.data$/, '') || '/';
  return path === '/' ? '/login' : `/login?next=${encodeURIComponent(path + search)}`;
}

/** A form may post elsewhere than to the page it stands on, and without that page's filters; its origin is always ours. */
function pageOf({ method, headers, url }: Request): string {
  const page = method === 'GET' ? null : headers.get('referer');
  return page !== null && URL.canParse(page) ? page : url;
}

/** Runs `read` with the API; without a session goes to sign-in, with a failure throws what the error page shows. */
export async function load<T>({ request, context }: Args, read: (api: PagesApi) => Promise<T>): Promise<T> {
  if (context.api === null) throw redirect(loginPath(request));
  try {
    return await read(context.api);
  } catch (error) {
    const { status, code, message, errorId } = context.toProblem(error);
    if (code === 'UNAUTHENTICATED') throw redirect(loginPath(request));
    throw data({ title: titleOf(status), code, message, errorId } satisfies PageError, { status });
  }
}

/** Runs `write` with the API; a refusal becomes a result that the page shows beside what was tried. */
export async function act({ request, context }: Args, write: (api: PagesApi) => Promise<ActionResult>) {
  if (context.api === null) throw redirect(loginPath(request));
  try {
    return data(await write(context.api));
  } catch (error) {
    const { status, code, message, errorId } = context.toProblem(error);
    const result: ActionResult = { ok: false, error: { title: titleOf(status), code, message, errorId } };
    return data(result, { status });
  }
}

/** What a form may ask for; `id` is the address's, or the form's. */
type Deed = (api: PagesApi, form: FormData, id: string) => Promise<ActionResult>;

/** The action of a page with several forms: the field `intent` of each names its deed. */
export async function actByIntent(args: ActionFunctionArgs, deeds: Readonly<Record<string, Deed>>) {
  const form = await args.request.formData();
  const intent = text(form, 'intent');
  const deed = Object.hasOwn(deeds, intent) ? deeds[intent] : undefined;
  return act(args, (api) =>
    deed === undefined ? Promise.resolve(unknownIntent(intent)) : deed(api, form, args.params.id ?? text(form, 'id')),
  );
}

/** What a loader throws for an address that names nothing. */
export const notFound = (code: string, message: string) =>
  data({ title: titleOf(404), code, message, errorId: null } satisfies PageError, { status: 404 });

/** A text field of a form, trimmed; '' when it is missing. */
export function text(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value.trim() : '';
}

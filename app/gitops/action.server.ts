// What the forms of the pages about the repository do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { Applied, PagesApi } from '#server/web/index.ts';
import { act, text } from '../api.server.ts';
import type { ActionResult } from '../page-error.ts';

const refused = (message: string, title = 'This could not be done', code = 'INPUT_INVALID'): ActionResult => ({
  ok: false,
  error: { title, code, message, errorId: null },
});

export async function gitopsAction(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  return act(args, (api) => {
    switch (text(form, 'intent')) {
      case 'check':
        return check(api);
      case 'source':
        return setSource(api, text(form, 'connection'));
      case 'remove':
        return removeSource(api);
      case 'apply':
        return apply(api, form);
      default:
        return Promise.resolve(refused(`There is no action "${text(form, 'intent').slice(0, 40)}".`));
    }
  });
}

async function check(api: PagesApi): Promise<ActionResult> {
  const { check: found, counts } = await api.gitops.check();
  if (found?.error) return refused(found.error.message, 'The repository cannot be read', found.error.code);
  if (!counts) return { ok: true, title: 'The source was changed meanwhile', detail: 'Check again.' };
  const { in_sync: inSync, ...rest } = counts;
  const drifted = Object.values(rest).reduce((sum, number) => sum + number, 0);
  return {
    ...{ ok: true, title: drifted === 0 ? 'Everything is in sync' : `${drifted} not in sync` },
    detail: `${inSync} in sync.`,
  };
}

/** Read first: a source that cannot be read is not taken. */
async function setSource(api: PagesApi, connection: string): Promise<ActionResult> {
  if (connection === '') return refused('Choose a Git connection.');
  const tested = await api.gitops.testSource({ connection });
  if (!tested.ok) return refused(tested.message, 'The repository cannot be read', 'REPOSITORY_UNREADABLE');
  await api.gitops.setSource({ connection });
  await api.gitops.check();
  return { ok: true, title: 'Repository set and checked', detail: tested.message };
}

async function removeSource(api: PagesApi): Promise<ActionResult> {
  await api.gitops.removeSource();
  return { ok: true, title: 'The repository is no longer compared', detail: 'Pipelines stay as they are.' };
}

async function apply(api: PagesApi, form: FormData): Promise<ActionResult> {
  const items = itemsOf(text(form, 'items'));
  if (items === null) return refused('The form does not say what to apply. Load the page again.');
  const publish = form.get('publish') !== null;
  const done = await api.gitops.applySource({ checkId: text(form, 'checkId'), items, publish });
  const failed = done.items.filter(({ result }) => result === 'refused' || result === 'stale');
  if (failed.length > 0) return notAll(failed, done.items.length);
  const waiting = done.items.filter(({ result }) => result === 'waiting').length;
  return {
    ...{ ok: true, title: done.items.length === 1 ? `${done.items[0]?.name} applied` : `${done.items.length} applied` },
    detail: publish ? wentLive(done.items.length, waiting) : 'Nothing went live.',
  };
}

function wentLive(all: number, waiting: number): string {
  if (waiting === 0) return 'What was applied is live.';
  const saved = 'saved and waiting for approval: see Approvals.';
  return waiting === all ? `It is ${saved}` : `${waiting} of ${all} are ${saved} The others are live.`;
}

function notAll(failed: Applied[], all: number): ActionResult {
  const named = failed.slice(0, 3).map(({ name, message }) => `${name}: ${message}`);
  const rest = failed.length - named.length;
  const isStale = failed.every(({ result }) => result === 'stale');
  return refused(
    named.join('; ') + (rest > 0 ? `; and ${rest} more` : ''),
    `${failed.length} of ${all} not applied`,
    isStale ? 'VERSION_STALE' : 'DOCUMENT_INVALID',
  );
}

/** As the page wrote them; the API checks them. */
function itemsOf(json: string): { name: string; baseVersion: number | null }[] | null {
  try {
    const items: unknown = JSON.parse(json);
    return Array.isArray(items) ? items : null;
  } catch {
    return null;
  }
}

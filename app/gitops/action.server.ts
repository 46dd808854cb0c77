// What the forms of the pages about the repository do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { Applied, PagesApi } from '#server/web/index.ts';
import { actByIntent, text } from '../api.server.ts';
import { type ActionResult, badInput } from '../page-error.ts';

export const gitopsAction = (args: ActionFunctionArgs) =>
  actByIntent(args, { check, source: setSource, remove: removeSource, apply });

async function check(api: PagesApi): Promise<ActionResult> {
  const { check: found, counts } = await api.gitops.check();
  if (found?.error) return badInput(found.error.message, 'The repository cannot be read', found.error.code);
  if (!counts) return { ok: true, title: 'The source was changed meanwhile', detail: 'Check again.' };
  const { in_sync: inSync, ...rest } = counts;
  const drifted = Object.values(rest).reduce((sum, number) => sum + number, 0);
  return {
    ...{ ok: true, title: drifted === 0 ? 'Everything is in sync' : `${drifted} not in sync` },
    detail: `${inSync} in sync.`,
  };
}

/** Read first: a source that cannot be read is not taken. */
async function setSource(api: PagesApi, form: FormData): Promise<ActionResult> {
  const connection = text(form, 'connection');
  if (connection === '') return badInput('Choose a Git connection.');
  const tested = await api.gitops.testSource({ connection });
  if (!tested.ok) return badInput(tested.message, 'The repository cannot be read', 'REPOSITORY_UNREADABLE');
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
  if (items === null) return badInput('The form does not say what to apply. Load the page again.');
  const publish = form.get('publish') !== null;
  const done = await api.gitops.applySource({ checkId: text(form, 'checkId'), items, publish });
  const failed = done.items.filter(({ result }) => result === 'refused' || result === 'stale');
  if (failed.length > 0) return notAll(failed, done.items.length);
  const waiting = done.items.filter(({ result }) => result === 'waiting');
  const requestId = waiting.length === 1 ? waiting[0]?.changeRequestId : null;
  return {
    ...{ ok: true, title: done.items.length === 1 ? `${done.items[0]?.name} applied` : `${done.items.length} applied` },
    detail: publish ? wentLive(done.items.length, waiting.length) : 'Nothing went live.',
    ...(requestId ? { requestId } : {}),
  };
}

function wentLive(all: number, waiting: number): string {
  if (waiting === 0) return 'What was applied is live.';
  if (waiting < all) return `${waiting} of ${all} are saved and wait for approval. The others are live.`;
  return all === 1 ? 'It is saved and waits for approval.' : 'They are saved and wait for approval.';
}

function notAll(failed: Applied[], all: number): ActionResult {
  const named = failed.slice(0, 3).map(({ name, message }) => `${name}: ${message}`);
  const rest = failed.length - named.length;
  const isStale = failed.every(({ result }) => result === 'stale');
  return badInput(
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

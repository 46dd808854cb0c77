// What the buttons of the outbox's pages do. `intent` says which, `by` whether ids or a filter say to what.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { PagesApi } from '#server/web/index.ts';
import { act, text } from '../api.server.ts';
import type { ActionResult } from '../page-error.ts';
import { count, counted } from '../time/format.ts';
import { filterOf } from './event-filter.ts';

/** Calls of one press; each does at most 500 events in a transaction of its own. */
const MAX_CALLS = 20;
type Failed = Parameters<PagesApi['outbox']['requeue']>[0];

const badInput = (message: string): ActionResult => ({
  ok: false,
  error: { title: 'This could not be done', code: 'INPUT_INVALID', message, errorId: null },
});

export async function outboxAction(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  const intent = text(form, 'intent');
  const which = whichOf(form);
  return act(args, async (api) => {
    if (which === null) return badInput('Select at least one failed event.');
    switch (intent) {
      case 'preview': {
        const { remaining } = await api.outbox.requeue({ ...which, dryRun: true });
        return { ok: true, title: '', matching: remaining };
      }
      case 'requeue':
        return told('requeued', await repeat(api.outbox.requeue, which));
      case 'discard':
        return told('discarded', await repeat(api.outbox.discard, which));
      default:
        return badInput(`There is no action "${intent.slice(0, 40)}".`);
    }
  });
}

function whichOf(form: FormData): Failed | null {
  if (text(form, 'by') === 'filter') return { filter: filterOf((name) => text(form, name)) };
  const ids = form.getAll('id').filter((id) => typeof id === 'string');
  return ids.length > 0 ? { ids } : null;
}

async function repeat(change: PagesApi['outbox']['requeue'], which: Failed) {
  const total = { changed: 0, remaining: 0 };
  for (let calls = 0; calls < MAX_CALLS; calls += 1) {
    const { changed, remaining } = await change(which);
    total.changed += changed;
    total.remaining = remaining;
    if (changed === 0 || remaining === 0) break;
  }
  return total;
}

const NOTHING = {
  requeued: 'None of these events is failed any more.',
  discarded: 'None of these events is failed or waits after a failure. One that is in flight now can be tried again.',
};

/** For one event and for several. */
const EFFECTS = {
  requeued: ['It is published in the next seconds.', 'They are published in the next seconds.'],
  discarded: ['It is never published.', 'They are never published.'],
} as const;

type Settled = { changed: number; remaining: number };

function told(done: keyof typeof NOTHING, { changed, remaining }: Settled): ActionResult {
  if (changed === 0) return { ok: true, title: `Nothing was ${done}`, detail: NOTHING[done] };
  const title = `${counted(changed, 'event')} ${done}`;
  const detail =
    remaining > 0
      ? `${count(remaining)} more ${remaining === 1 ? 'matches' : 'match'}: press again.`
      : EFFECTS[done][changed === 1 ? 0 : 1];
  return { ok: true, title, detail };
}

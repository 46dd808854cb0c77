// What the forms of a request's page do. They are plain forms, so that they work before scripts load.
import type { ActionFunctionArgs } from '@remix-run/node';
import { linkFrom, settle } from '../accounts/outcome.server.ts';
import { text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';

export function requestAction(args: ActionFunctionArgs) {
  const id = args.params.id ?? '';
  return settle(args, async (api, form, intent) => {
    if (intent === 'run') {
      await api.dsar.run({ id });
      return { ok: true, title: 'A worker takes it up', detail: 'It begins within some seconds.' };
    }
    if (intent === 'cancel') {
      await api.dsar.cancel({ id, reason: text(form, 'reason') });
      return { ok: true, title: 'The request is cancelled', detail: 'The reason is on record.' };
    }
    if (intent !== 'link') return unknownIntent(intent);
    const { path } = await api.dsar.link({ id });
    return {
      ok: true,
      title: 'Here is the link for the person',
      once: {
        label: 'Download link',
        value: linkFrom(args.request, path),
        note: 'Send it by a way you trust: who has it can download the bundle until it expires. It is shown only now; a link made before no longer works.',
      },
    };
  });
}

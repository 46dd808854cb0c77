// What the buttons of a pipeline's page do. One form field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import { act, text } from '../api.server.ts';
import type { ActionResult } from '../page-error.ts';

/** Lengths after which a pause ends by itself, in minutes; '' holds it until somebody resumes. */
const PAUSE_MINUTES = new Set([60, 240, 1_440, 10_080]);

const badInput = (message: string): ActionResult => ({
  ok: false,
  error: { title: 'This could not be done', code: 'INPUT_INVALID', message, errorId: null },
});

export async function pipelineAction(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  const id = args.params.id ?? '';
  return act(args, async (api) => {
    switch (text(form, 'intent')) {
      case 'run': {
        const { runId } = await api.pipelines.run({ id });
        return { ok: true, title: 'Run queued', detail: 'It starts as soon as a runner is free.', runId };
      }
      case 'pause': {
        const reason = text(form, 'reason');
        if (reason === '') return badInput('Say why, for whoever comes next.');
        const minutes = Number(text(form, 'minutes'));
        const until = PAUSE_MINUTES.has(minutes)
          ? new Date(args.context.now.getTime() + minutes * 60_000).toISOString()
          : null;
        await api.pipelines.pause({ id, reason, ...(until ? { until } : {}) });
        return {
          ok: true,
          title: 'Schedule paused',
          detail: until === null ? 'It stays so until somebody resumes it.' : 'It resumes by itself.',
          undo: { action: `/data/pipelines/${id}`, fields: { intent: 'resume' } },
        };
      }
      case 'resume':
        await api.pipelines.resume({ id });
        return { ok: true, title: 'Schedule resumed', detail: 'It fires again from its next due time on.' };
      default:
        return badInput(`There is no action "${text(form, 'intent').slice(0, 40)}".`);
    }
  });
}

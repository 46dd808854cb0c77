// What the forms of the reports page do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { PagesApi, ReportScheduleInput } from '#server/web/index.ts';
import { channelsOf } from '../alerts/channels-of.server.ts';
import { act, text } from '../api.server.ts';
import { type ActionResult, badInput, unknownIntent } from '../page-error.ts';

export async function reportAction(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  return act(args, async (api) => {
    const id = text(form, 'id');
    switch (text(form, 'intent')) {
      case 'save':
        return save(api, id, form);
      case 'delete':
        await api.reports.deleteSchedule({ id });
        return { ok: true, title: 'Report schedule deleted', detail: 'The reports it made stay.' };
      case 'run':
        await api.reports.runNow({ id });
        return { ok: true, title: 'Report made', detail: 'It is the first of the list, and on its way.' };
      default:
        return unknownIntent(text(form, 'intent'));
    }
  });
}

async function save(api: PagesApi, id: string, form: FormData): Promise<ActionResult> {
  const channels = channelsOf(form);
  if (channels.length === 0)
    return badInput('Name at least one destination: a webhook, an e-mail address, or the log.');
  const schedule: ReportScheduleInput = {
    ...{ name: text(form, 'name'), template: text(form, 'template') as ReportScheduleInput['template'] },
    ...{ cron: text(form, 'cron'), timezone: text(form, 'timezone') },
    ...{ channels, enabled: form.get('enabled') !== null },
  };
  if (id === '') {
    await api.reports.createSchedule(schedule);
    return { ok: true, title: `Report schedule "${schedule.name}" created` };
  }
  await api.reports.updateSchedule({ ...schedule, id });
  return { ok: true, title: `Report schedule "${schedule.name}" saved` };
}

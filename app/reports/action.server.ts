// What the forms of the reports page do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { PagesApi, ReportScheduleInput } from '#server/web/index.ts';
import { channelsOf } from '../alerts/channels-of.server.ts';
import { actByIntent, text } from '../api.server.ts';
import { type ActionResult, badInput } from '../page-error.ts';

export const reportAction = (args: ActionFunctionArgs) =>
  actByIntent(args, {
    save,
    async delete(api, _form, id) {
      await api.reports.deleteSchedule({ id });
      return { ok: true, title: 'Report schedule deleted', detail: 'The reports it made stay.' };
    },
    async run(api, _form, id) {
      await api.reports.runNow({ id });
      return { ok: true, title: 'Report made', detail: 'It is the first of the list, and on its way.' };
    },
  });

async function save(api: PagesApi, form: FormData, id: string): Promise<ActionResult> {
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

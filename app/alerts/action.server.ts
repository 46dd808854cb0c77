// What the forms of the alerts page do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { AlertRuleInput, PagesApi } from '#server/web/index.ts';
import { actByIntent, text } from '../api.server.ts';
import { type ActionResult, badInput } from '../page-error.ts';
import { channelsOf } from './channels-of.server.ts';

export const alertAction = (args: ActionFunctionArgs) =>
  actByIntent(args, {
    save,
    async delete(api, _form, id) {
      await api.alerts.deleteRule({ id });
      return { ok: true, title: 'Alert rule deleted', detail: 'What it said stays in the history.' };
    },
    async test(api, _form, id) {
      await api.alerts.testRule({ id });
      return { ok: true, title: 'Test notification sent', detail: 'It shows in the history when it has arrived.' };
    },
  });

async function save(api: PagesApi, form: FormData, id: string): Promise<ActionResult> {
  const numbers = ['threshold', 'windowMinutes', 'cooldownMinutes'].map((name) =>
    Number(text(form, name) || 'missing'),
  );
  const [threshold = Number.NaN, windowMinutes = Number.NaN, cooldownMinutes = Number.NaN] = numbers;
  if (numbers.some((number) => !Number.isFinite(number)))
    return badInput('Threshold, window and cool-down must be numbers.');
  const channels = channelsOf(form);
  if (channels.length === 0) return badInput('Name at least one channel: a webhook, an e-mail address, or the log.');
  const rule: AlertRuleInput = {
    ...{ name: text(form, 'name'), metric: text(form, 'metric') as AlertRuleInput['metric'] },
    ...{ operator: text(form, 'operator') as AlertRuleInput['operator'], threshold, windowMinutes, cooldownMinutes },
    ...{ channels, enabled: form.get('enabled') !== null },
  };
  if (id === '') {
    await api.alerts.createRule(rule);
    return { ok: true, title: `Alert rule "${rule.name}" created`, detail: 'It is evaluated within a minute.' };
  }
  await api.alerts.updateRule({ ...rule, id });
  return { ok: true, title: `Alert rule "${rule.name}" saved` };
}

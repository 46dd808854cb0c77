// What the forms of the retention page do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { DataClass, PagesApi } from '#server/web/index.ts';
import { actByIntent, text } from '../api.server.ts';
import { type ActionResult, badInput } from '../page-error.ts';
import { CLASSES, classLook, dayWords } from './words.ts';

export const retentionAction = (args: ActionFunctionArgs) =>
  actByIntent(args, {
    ...{ policy: setPolicy, mode: setMode, 'due-days': setDueDays },
    ...{ hold: placeHold, release: releaseHold, request: takeRequest },
  });

const classOf = (form: FormData): DataClass | undefined => CLASSES.find((name) => name === text(form, 'dataClass'));

async function setPolicy(api: PagesApi, form: FormData): Promise<ActionResult> {
  const dataClass = classOf(form);
  if (dataClass === undefined) return badInput('Choose a data class.');
  const days = text(form, 'retentionDays');
  if (!/^\d{1,5}$/.test(days)) return badInput('Days must be a whole number from 0 to 36500; 0 sets no limit.');
  const { effectiveDays, isHeld } = await api.retention.setPolicy({
    dataClass,
    retentionDays: Number(days),
    legalHold: form.get('legalHold') !== null,
    note: text(form, 'note'),
  });
  const detail = isHeld
    ? 'It is on hold: nothing of it is deleted.'
    : effectiveDays === null
      ? 'Nothing of it is deleted.'
      : `What was recorded more than ${dayWords(effectiveDays)} ago goes with the next purge.`;
  return { ok: true, title: `Policy of ${classLook[dataClass].label.toLowerCase()} set`, detail };
}

async function setMode(api: PagesApi, form: FormData): Promise<ActionResult> {
  const mode = text(form, 'mode');
  if (mode !== 'strictest' && mode !== 'per_class') return badInput('Choose strictest or per class.');
  await api.retention.setMode({ mode });
  return {
    ok: true,
    title: mode === 'strictest' ? 'The strictest days apply to all classes' : 'Each class keeps its own days',
  };
}

async function setDueDays(api: PagesApi, form: FormData): Promise<ActionResult> {
  const days = text(form, 'requestDueDays');
  if (!/^\d{1,2}$/.test(days)) return badInput('Days must be a whole number from 1 to 45.');
  const { requestDueDays } = await api.retention.setRequestDueDays({ requestDueDays: Number(days) });
  return {
    ok: true,
    title: `Data requests are due in ${dayWords(requestDueDays)}`,
    detail: 'Those that are there keep their day.',
  };
}

async function placeHold(api: PagesApi, form: FormData): Promise<ActionResult> {
  const reason = text(form, 'reason');
  if (reason === '') return badInput('Say why, for whoever comes next.');
  const what = text(form, 'what');
  const dataClass = CLASSES.find((name) => name === what);
  if (dataClass !== undefined) {
    await api.retention.placeHold({ kind: 'class', dataClass, reason });
    return { ok: true, title: `${classLook[dataClass].label} is on hold`, detail: 'Nothing of it is deleted.' };
  }
  const customerId = text(form, 'customerId');
  if (customerId === '') return badInput('Name the customer whose records are to be held.');
  const acceptEmpty = form.get('acceptEmpty') !== null;
  const { covered } = await api.retention.placeHold({ kind: 'subject', customerId, reason, acceptEmpty });
  const rows = covered.reduce((sum, one) => sum + one.rows, 0);
  return {
    ok: true,
    title: `Customer ${customerId} is on hold`,
    detail: `It keeps ${rows} records that are there now.`,
  };
}

async function releaseHold(api: PagesApi, form: FormData): Promise<ActionResult> {
  const reason = text(form, 'reason');
  if (reason === '') return badInput('Say why it may end.');
  await api.retention.releaseHold({ id: text(form, 'id'), reason });
  return { ok: true, title: 'Hold released', detail: 'Other holds on the same data stay.' };
}

async function takeRequest(api: PagesApi, form: FormData): Promise<ActionResult> {
  const kind = text(form, 'kind');
  if (kind !== 'access' && kind !== 'erase') return badInput('Choose whether the data is to be given or erased.');
  const customerId = text(form, 'customerId');
  if (customerId === '') return badInput('Name the customer who asks.');
  const due = text(form, 'due');
  if (due !== '' && !/^\d{4}-\d{2}-\d{2}$/.test(due)) return badInput('Give the day as YYYY-MM-DD, or leave it empty.');
  await api.dsar.create({
    ...{ customerId, kind, note: text(form, 'note'), acceptEmpty: form.get('acceptEmpty') !== null },
    // The whole of the day, wherever the person reads it: its last second in UTC.
    ...(due === '' ? {} : { dueAt: `${due}T23:59:59.000Z` }),
  });
  return {
    ok: true,
    title: kind === 'access' ? 'Access request taken' : 'Erasure request taken',
    detail:
      kind === 'access'
        ? 'The next cleanup makes the bundle.'
        : 'It is carried out two days before it is due, or when you say so.',
  };
}

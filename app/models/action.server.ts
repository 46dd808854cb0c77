// What the forms of the models' pages do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import type { ModelInput, PagesApi } from '#server/web/index.ts';
import { act, text } from '../api.server.ts';
import { type ActionResult, badInput, unknownIntent } from '../page-error.ts';
import { percent } from './words.ts';

export async function modelAction(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  const id = args.params.id ?? text(form, 'id');
  const result = await act(args, (api) => write(api, id, form));
  if (text(form, 'intent') === 'delete' && result.data.ok) return redirect('/data/models');
  return result;
}

async function write(api: PagesApi, id: string, form: FormData): Promise<ActionResult> {
  switch (text(form, 'intent')) {
    case 'save':
      return save(api, id, form);
    case 'train': {
      const { version, status, promoted, reason } = await api.models.train({ id });
      const what = status === 'failed' ? 'could not be trained' : promoted ? 'is live' : 'is not promoted';
      return { ok: true, title: `Version ${version} ${what}`, detail: reason ?? '' };
    }
    case 'promote': {
      const version = Number(text(form, 'version'));
      const [acceptWorse, acceptOther] = [form.get('acceptWorse') !== null, form.get('acceptOther') !== null];
      await api.models.promote({ id, version, reason: text(form, 'reason'), acceptWorse, acceptOther });
      return { ok: true, title: `Version ${version} is live` };
    }
    case 'score':
      return score(api, id, form);
    case 'delete':
      await api.models.delete({ id });
      return { ok: true, title: 'Model deleted' };
    default:
      return unknownIntent(text(form, 'intent'));
  }
}

async function save(api: PagesApi, id: string, form: FormData): Promise<ActionResult> {
  const features = form.getAll('features').map(String);
  if (features.length === 0) return badInput('Choose at least one column to learn from.');
  const cron = text(form, 'cron');
  const input: ModelInput = {
    ...{ name: text(form, 'name'), kind: text(form, 'kind') as ModelInput['kind'] },
    ...{ sourceTable: text(form, 'sourceTable'), features, label: text(form, 'label') },
    schedule: cron === '' ? null : { cron, timezone: text(form, 'timezone') },
    ...(text(form, 'positive') === '' ? {} : { positive: text(form, 'positive') }),
  };
  if (id === '') {
    await api.models.create(input);
    return { ok: true, title: `Model "${input.name}" created`, detail: 'Train it, or wait for its schedule.' };
  }
  await api.models.update({ ...input, id, revision: Number(text(form, 'revision')) });
  return { ok: true, title: `Model "${input.name}" saved`, detail: 'The next version goes by it.' };
}

/** Fields of the row are named `value:<feature>`; what is left empty is missing. */
async function score(api: PagesApi, id: string, form: FormData): Promise<ActionResult> {
  const row: Record<string, number | boolean | string> = {};
  for (const [name, raw] of form) {
    const [, kind, feature] = /^(number|boolean|category):(.+)$/s.exec(name) ?? [];
    const value = String(raw);
    if (kind === undefined || feature === undefined || value === '') continue;
    if (kind === 'number' && !Number.isFinite(Number(value)))
      return badInput(`${feature}: "${value.slice(0, 40)}" is not a number; leave it empty when it is not known.`);
    row[feature] = kind === 'number' ? Number(value) : kind === 'boolean' ? value === 'true' : value;
  }
  const { version, positive, scores } = await api.models.score({ id, rows: [row] });
  return {
    ok: true,
    title: `${percent(scores[0]!.probability)} for "${positive}"`,
    detail: `By version ${version}.`,
  };
}

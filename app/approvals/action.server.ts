// What the forms of both pages do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import type { PagesApi } from '#server/web/index.ts';
import { act, text } from '../api.server.ts';
import { type ActionResult, badInput, unknownIntent } from '../page-error.ts';
import { selectorsOf, wrongSelectors } from './words.ts';

export async function approvalAction(args: ActionFunctionArgs) {
  const form = await args.request.formData();
  const id = args.params.id ?? '';
  return act(args, async (api): Promise<ActionResult> => {
    switch (text(form, 'intent')) {
      case 'approve':
        return approve(api, id, text(form, 'comment'));
      case 'reject':
        await api.approvals.reject({ id, reason: text(form, 'reason') });
        return { ok: true, title: 'Change request rejected', detail: 'The change stays unapplied.' };
      case 'withdraw':
        await api.approvals.withdraw({ id, reason: text(form, 'reason') });
        return { ok: true, title: 'Change request withdrawn', detail: 'The change stays unapplied.' };
      case 'settings':
        return setSettings(api, form);
      default:
        return unknownIntent(text(form, 'intent'));
    }
  });
}

async function approve(api: PagesApi, id: string, comment: string): Promise<ActionResult> {
  const { state, version, pipelineId } = await api.approvals.approve({ id, comment });
  return state === 'applied'
    ? { ok: true, title: `Approved: version ${version} ${pipelineId === null ? 'of the rules holds' : 'is live'}` }
    : { ok: true, title: 'Approved', detail: 'More approvals are needed before it goes live.' };
}

async function setSettings(api: PagesApi, form: FormData): Promise<ActionResult> {
  const of = (name: string) => form.getAll(name).map(String);
  const [names, approvers, roles] = [of('stageName'), of('stageApprovers'), of('stageRoles')];
  const stages = names.flatMap((name, at) =>
    // A row without a name is one that was not wanted.
    name.trim() === ''
      ? []
      : [
          {
            ...{ name: name.trim(), approvers: Number(approvers[at]) },
            roles: (roles[at] ?? '').split(',') as ('operator' | 'admin')[],
          },
        ],
  );
  const selectors = selectorsOf(text(form, 'selectors'));
  const problem = wrongSelectors(selectors, form.get('none') !== null);
  if (problem !== null) return badInput(problem);
  const set = await api.approvals.setSettings({
    ...{ version: Number(text(form, 'version')), stages, expiryHours: Number(text(form, 'expiryHours')) },
    selectors,
    allowSamePerson: form.get('allowSamePerson') !== null,
  });
  const detail =
    set.state === 'set'
      ? 'They hold for requests to come; open ones keep theirs.'
      : `They ask for less, so another admin must approve them: ${set.loosens.join('; ')}.`;
  return {
    ok: true,
    title: set.state === 'set' ? 'Rules of approval set' : 'Sent for approval; nothing is changed yet',
    detail: set.hint === null ? detail : `${detail} ${set.hint}.`,
  };
}

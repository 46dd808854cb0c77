// What the forms of the connections' pages do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import { redirect } from '@remix-run/node';
import type { PagesApi } from '#server/web/index.ts';
import { settle } from '../accounts/outcome.server.ts';
import type { Outcome } from '../accounts/outcome.ts';
import { text } from '../api.server.ts';
import { badInput, unknownIntent } from '../page-error.ts';
import { kindOf } from './kinds.ts';
import { FormProblem, readParts } from './read-form.ts';

export const connectionAction = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    const id = args.params.id ?? text(form, 'id');
    try {
      switch (intent) {
        case 'create':
          return await create(api, form);
        case 'save':
          return await save(api, id, form);
        case 'test':
          return await test(api, id);
        case 'delete':
          await api.connections.delete({ id });
          throw redirect('/settings/connections');
        case 'rotate':
          return await rotate(api);
        default:
          return unknownIntent(intent);
      }
    } catch (error) {
      if (error instanceof FormProblem) return badInput(error.message);
      throw error;
    }
  });

async function create(api: PagesApi, form: FormData): Promise<Outcome> {
  const kind = kindOf(text(form, 'kind'));
  if (kind === undefined) return badInput('Choose what kind of connection it is.');
  const named = { name: text(form, 'name'), description: text(form, 'description') };
  const { id } = await api.connections.create({ ...named, kind, ...readParts(kind, form) });
  throw redirect(`/settings/connections/${id}?made`);
}

async function save(api: PagesApi, id: string, form: FormData): Promise<Outcome> {
  // The stored kind decides: a form that was made up cannot change it.
  const { kind } = await api.connections.get({ id });
  const parts = readParts(kind, form);
  const { name } = await api.connections.update({
    ...{ id, name: text(form, 'name'), description: text(form, 'description') },
    // What another admin saved while this form was open is not overwritten.
    ifUpdatedAt: text(form, 'updatedAt'),
    ...parts,
  });
  const secrets = Object.keys(parts.secrets).length;
  return {
    ok: true,
    title: `${name} is saved`,
    detail: `${secrets === 0 ? 'Its secrets stay as they were.' : 'What was given is sealed and is not shown again.'} Test it, so that its first use is no surprise.`,
  };
}

async function test(api: PagesApi, id: string): Promise<Outcome> {
  const { ok, message, durationMs } = await api.connections.test({ id });
  if (ok) return { ok: true, title: `The test went well: ${message}`, detail: `It took ${durationMs} ms.` };
  return { ok: false, error: { title: 'The test failed', code: 'CONNECTION_TEST_FAILED', message, errorId: null } };
}

async function rotate(api: PagesApi): Promise<Outcome> {
  const { keyId, resealed, remaining } = await api.connections.rotateKeys();
  return {
    ok: true,
    title: `${resealed} secrets are sealed with the key ${keyId} now`,
    detail: remaining === 0 ? 'None is left on an older key.' : `${remaining} are left: rotate again to finish.`,
  };
}

// What the forms of the emergency stop do. One field, `intent`, says which.
import type { ActionFunctionArgs } from '@remix-run/node';
import { settle } from '../accounts/outcome.server.ts';
import type { Outcome } from '../accounts/outcome.ts';
import { text } from '../api.server.ts';
import { unknownIntent } from '../page-error.ts';

const WHOSE = { tenant: 'of this tenant', instance: 'of this installation' } as const;

export const stopAction = (args: ActionFunctionArgs) =>
  settle(args, async (api, form, intent) => {
    const input = {
      reason: text(form, 'reason'),
      running: text(form, 'running') === 'cancel' ? ('cancel' as const) : ('leave' as const),
      holdPublishing: form.get('holdPublishing') !== null,
    };
    switch (intent) {
      case 'stop-tenant':
        return stopped('tenant', await api.fleet.stop(input), input.running);
      case 'stop-instance':
        return stopped('instance', await api.fleet.stopInstance(input), input.running);
      case 'resume-tenant': {
        const { instance } = await api.fleet.resume();
        return instance === null
          ? resumed('tenant')
          : {
              ok: true,
              title: 'The stop of this tenant is over',
              detail: 'Nothing goes on yet: all work of this installation is stopped still.',
            };
      }
      case 'resume-instance': {
        const { tenant } = await api.fleet.resumeInstance();
        return tenant === null
          ? resumed('instance')
          : {
              ok: true,
              title: 'The stop of the installation is over',
              detail: 'This tenant was stopped by itself as well, and stays so.',
            };
      }
      default:
        return unknownIntent(intent);
    }
  });

function stopped(whose: keyof typeof WHOSE, { cancelling }: { cancelling: number }, running: string): Outcome {
  const told = cancelling === 1 ? 'One running run is told to end.' : `${cancelling} running runs are told to end.`;
  return {
    ok: true,
    title: `All work ${WHOSE[whose]} is stopped`,
    detail: running === 'cancel' ? told : 'What was running goes on to its end.',
  };
}

const resumed = (whose: keyof typeof WHOSE): Outcome => ({
  ok: true,
  title: `Work ${WHOSE[whose]} goes on`,
  detail: 'Schedules fire from their next due time on; what fell due meanwhile was skipped.',
});

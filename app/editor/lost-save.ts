import type { ClientActionFunctionArgs } from '@remix-run/react';
import { answerOr } from '../lost-answer.ts';
import type { SaveFailure } from './save.server.ts';

/** What was typed stays when no answer comes. */
export async function clientAction(args: ClientActionFunctionArgs) {
  const typed = (await args.request.clone().formData()).get('document');
  const text = typeof typed === 'string' ? typed : '';
  return answerOr(args, (error): SaveFailure => ({ text, error, problems: [], theirs: null }));
}

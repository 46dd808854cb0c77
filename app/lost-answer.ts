// What a form comes to whose answer never came: the network is gone, or a proxy spoke in the server's place.
import type { ClientActionFunctionArgs } from '@remix-run/react';
import { isServerReachable } from './live/reach.ts';
import type { ActionResult, PageError } from './page-error.ts';

const LOST: PageError = {
  title: 'No answer came',
  code: 'ANSWER_LOST',
  message: 'The server answers again. It is not known whether this was done: look before you do it again.',
  errorId: null,
};

/** Pause between two looks whether the server is there again, in milliseconds. */
const LOOK_AGAIN_MS = 1_000;

const listeners = new Set<() => void>();

/** Calls `listener` as soon as an answer is lost; gives what ends that. */
export function onLostAnswer(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** `fetch` fails with a TypeError; an answer that is not the server's own cannot be decoded. One that was given up is neither. */
const isLost = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof Error && error.message.startsWith('Unable to decode'));

/**
 * The server's answer, or what `failureOf` makes of its absence, once the server is there again: after any answer the
 * router asks the page's loaders, and their failure would put an error in the page's place, with all that was selected
 * and typed there gone.
 */
export async function answerOr(
  { serverAction, request }: Pick<ClientActionFunctionArgs, 'serverAction' | 'request'>,
  failureOf: (error: PageError) => unknown,
  isReachable = isServerReachable,
): Promise<unknown> {
  try {
    return await serverAction();
  } catch (error) {
    if (!isLost(error)) throw error;
    for (const tell of listeners) tell();
    while (!request.signal.aborted && !(await isReachable()))
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    return Response.json(failureOf(LOST), { status: 503 });
  }
}

/** For every page with an action that comes to an `ActionResult`. */
export const clientAction = (args: ClientActionFunctionArgs) =>
  answerOr(args, (error): ActionResult => ({ ok: false, error }));

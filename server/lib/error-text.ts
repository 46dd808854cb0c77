// What an error says without what a statement was given. Drizzle puts the statement's parameters, which may be
// anybody's data, into its message; Node copies the message into the stack, and whoever wraps the error into its own.

const FAILED_QUERY = 'Failed query: ';
const PARAMETERS = '\nparams: ';

/** The message of an error of any origin: a failed statement keeps its text and loses its parameters. */
export const messageOf = (error: unknown): string =>
  withoutParameters(error instanceof Error ? error.message : String(error));

/** The stack in the same way; its frames stay. */
export function stackOf({ message, stack }: Error): string | undefined {
  // Found by the whole message, because a parameter can look like a frame. Had the message changed since, frames go too.
  const at = stack?.indexOf(message) ?? -1;
  if (stack === undefined || at < 0) return stack && withoutParameters(stack);
  return stack.slice(0, at) + withoutParameters(message) + withoutParameters(stack.slice(at + message.length));
}

/** Cut to the end of the text: a parameter can have several lines, and nothing tells where the last one ends. */
function withoutParameters(text: string): string {
  const statement = text.indexOf(FAILED_QUERY);
  const end = statement < 0 ? -1 : text.indexOf(PARAMETERS, statement);
  return end < 0 ? text : text.slice(0, end);
}

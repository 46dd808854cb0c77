// The words of a failure. Apart from api.server.ts, because the browser shows them too.
/** What an error page and an error toast show. */
export interface PageError {
  title: string;
  code: string;
  message: string;
  errorId: string | null;
}

/** A form that takes a deed back: what the toast's button posts. */
export interface Undo {
  action: string;
  fields: Record<string, string>;
}

/** What a form's action came to. */
export type ActionResult =
  /** `requestId`: it was not done, and waits for approval. `matching`: for a preview, how many things it would be done to. */
  | { ok: true; title: string; detail?: string; runId?: string; requestId?: string; matching?: number; undo?: Undo }
  | { ok: false; error: PageError };

/** A heading for an HTTP status. */
export function titleOf(status: number): string {
  if (status === 404) return 'Not found';
  if (status === 403) return 'Not allowed';
  if (status === 429) return 'Too many requests';
  if (status === 503) return 'The database does not answer';
  return status < 500 ? 'This could not be done' : 'Something went wrong';
}

/** What a form comes to whose fields make no sense; `message` says what to do. */
export const badInput = (message: string, title = titleOf(400), code = 'INPUT_INVALID') =>
  ({ ok: false, error: { title, code, message, errorId: null } }) as const;

export const unknownIntent = (intent: string) => badInput(`There is no action "${intent.slice(0, 40)}".`);

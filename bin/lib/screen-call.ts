/** What the pictures need of an answer. */
export interface Answer {
  items?: Item[];
  id?: string;
  state?: string;
  version?: number;
  interactionId?: string;
  linkPath?: string;
  document?: unknown;
  changeRequest?: { id: string };
}
type Item = { id: string; kind?: string; name?: string; state?: string };

/** Asks the REST API: `call('POST', '/connections', {…})`. A refusal is an answer too: what is made may be there. */
export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** As whoever the headers name. */
export function callerOf(baseUrl: string, credential: Record<string, string>): Call {
  const headers = { ...credential, 'content-type': 'application/json', origin: baseUrl };
  return async (method, path, body) => {
    const answer = await fetch(`${baseUrl}/api/v1${path}`, {
      ...{ method, headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Answer;
  };
}

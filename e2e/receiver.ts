// What the installation under test publishes its events to and posts its alerts to: a real HTTP receiver that takes
// everything, but for events that a test has asked it to answer otherwise. Each test names its own by a text of its own.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Receiver = { url: string; close(): Promise<void> };

/** `status` for events whose body contains `text`; 200 takes the rule back. */
export type Rule = { text: string; status: 200 | 422 | 503 };

/**
 * Starts it on a free port. `POST <url>/events` takes events, `POST <url>/rules` a Rule; what is posted to
 * `<url>/hooks/…` is kept, and answered to a GET of the same address as a list.
 */
export async function startReceiver(): Promise<Receiver> {
  const rules = new Map<string, number>();
  const kept = new Map<string, string[]>();
  const server = createServer(async (request, response) => {
    const body = await textOf(request);
    if (request.url === '/rules') {
      const { text, status } = JSON.parse(body) as Rule;
      rules.set(text, status);
      response.end();
      return;
    }
    const { url = '' } = request;
    if (url.startsWith('/hooks/') && request.method === 'GET') {
      response.end(`[${(kept.get(url) ?? []).join(',')}]`);
      return;
    }
    if (url.startsWith('/hooks/')) kept.set(url, [...(kept.get(url) ?? []), body]);
    const [, status = 200] = [...rules].find(([text]) => body.includes(text)) ?? [];
    const reason = { 422: 'unknown offer', 503: 'closed for now' }[status] ?? '';
    response.writeHead(status, status === 503 ? { 'retry-after': '1' } : {}).end(reason);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** Tells the receiver of this run how to answer some events. */
export async function answerEvents(rule: Rule): Promise<void> {
  const answer = await fetch(`${process.env.E2E_RECEIVER}/rules`, { method: 'POST', body: JSON.stringify(rule) });
  if (!answer.ok) throw new Error(`the receiver answered ${answer.status}`);
}

/** What was posted to an address below `<url>/hooks/` of the receiver, in its order. */
export async function postedTo(url: string): Promise<Record<string, unknown>[]> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the receiver answered ${answer.status}`);
  return (await answer.json()) as Record<string, unknown>[];
}

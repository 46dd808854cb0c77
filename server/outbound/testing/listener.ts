import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Listener = {
  port: number;
  /** Connections taken so far: a refusal must leave it as it was. */
  connections(): number;
  /** What the next requests are answered with. */
  answerWith(answer: RequestListener): void;
  close(): Promise<void>;
};

const PLAIN: RequestListener = (_request, response) => void response.end('reached');

/** A server on every address of this machine that counts who connects. */
export async function startListener(): Promise<Listener> {
  let connections = 0;
  let answer = PLAIN;
  const server = createServer((request, response) => answer(request, response));
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    answerWith(next) {
      answer = next;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { Hono } from 'hono';

export type Listening = { port: number; close(): Promise<void> };

/** A request may take this long to arrive in full; a slow sender holds no socket for ever. */
const REQUEST_TIMEOUT_MS = 60_000;

/** @throws with the port's number when it is taken. */
export function listen(app: Pick<Hono, 'fetch'>, options: { host: string; port: number }): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server = serve({
      fetch: app.fetch,
      hostname: options.host,
      port: options.port,
      overrideGlobalObjects: false,
    });
    if ('requestTimeout' in server) server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${options.port} on ${options.host} is taken by another program`, { cause: error })
          : error,
      ),
    );
    server.once('listening', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, close: () => closeServer(server) });
    });
  });
}

function closeServer(server: ReturnType<typeof serve>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    // Idle keep-alive connections would hold the close for minutes; those in a request may finish it.
    if ('closeIdleConnections' in server) server.closeIdleConnections();
  });
}

import { createServer } from 'node:net';

/** A TCP port that somebody else has; the message names it and the variable that sets it. */
export class PortTakenError extends Error {
  override name = 'PortTakenError';
}

/** Throws PortTakenError when something listens on the port already. */
export async function checkPortFree(host: string, port: number, variable: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(
          new PortTakenError(`Port ${port} is in use by another program. Free it, or set ${variable} to another port.`),
        );
      } else if (error.code === 'EACCES') {
        reject(
          new PortTakenError(`Port ${port} may not be opened by this user. Set ${variable} to a port above 1023.`),
        );
      } else reject(error);
    });
    server.listen({ host, port }, () => server.close(() => resolve()));
  });
}

/**
 * Waits until the address answers 200.
 * Throws after `timeoutMs` with the last answer, and at once when `signal` is aborted.
 */
export async function waitForOk(url: string, timeoutMs: number, signal?: AbortSignal): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let last = 'no answer';
  for (;;) {
    signal?.throwIfAborted();
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      if (response.ok) return;
      last = `${response.status} ${(await response.text()).slice(0, 300)}`;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline)
      throw new Error(`${url} did not become ready within ${timeoutMs / 1000} s; last: ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

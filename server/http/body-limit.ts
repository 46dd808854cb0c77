import type { MiddlewareHandler } from 'hono';
import { ServiceError } from '#server/lib/index.ts';

/**
 * Refuses a body of more than `maxBytes`, also one whose length is not said before. Hono's own cannot do the
 * latter here: it makes a Request from the node server's, which is none for the platform's constructor.
 */
export function limitBody(maxBytes: number): MiddlewareHandler {
  const refuse = () => {
    throw new ServiceError('BODY_TOO_LARGE', `a request body has at most ${maxBytes} bytes`);
  };
  return async (c, next) => {
    const { url, method, headers, signal, body } = c.req.raw;
    // HTTP/1.1: without a length and without chunks there is no body.
    if (Number(headers.get('content-length') ?? 0) > maxBytes) refuse();
    if (headers.has('transfer-encoding') && body && method !== 'GET' && method !== 'HEAD') {
      const parts: Uint8Array[] = [];
      let size = 0;
      // The DOM's type does not know that streams can be iterated.
      for await (const part of body as unknown as AsyncIterable<Uint8Array>) {
        size += part.byteLength;
        if (size > maxBytes) refuse();
        parts.push(part);
      }
      c.req.raw = new Request(url, { method, headers, signal, body: new Blob(parts as BlobPart[]) });
    }
    await next();
  };
}

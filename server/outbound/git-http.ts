// Git over HTTP for isomorphic-git, through the outbound client: what its own plugin does, with our guard, our deadline
// and no redirect to anywhere.
import type { GitHttpRequest, GitHttpResponse, HttpClient } from 'isomorphic-git';
import { ServiceError } from '#server/lib/index.ts';
import type { Trust } from './check-host.ts';
import { type OutboundClient, statusText } from './client.ts';

export type GitHttpOptions = {
  trust: Trust;
  /** For each request. Default 60,000. */
  deadlineMs?: number;
  /** Of one answer: a larger pack is refused, not cut. Default 64,000,000. */
  maxPackBytes?: number;
  signal?: AbortSignal;
};

const DEADLINE_MS = 60_000;
const MAX_PACK_BYTES = 64_000_000;

/**
 * The `http` option of isomorphic-git's clone, fetch, push and getRemoteInfo. Credentials go in by its `onAuth`.
 * @throws (from its requests) ServiceError ADDRESS_REFUSED, OUTBOUND_UNREACHABLE, OUTBOUND_DEADLINE
 */
export function gitHttp(client: OutboundClient, options: GitHttpOptions): HttpClient {
  const maxPackBytes = options.maxPackBytes ?? MAX_PACK_BYTES;
  return {
    async request({ url, method = 'GET', headers = {}, body }: GitHttpRequest): Promise<GitHttpResponse> {
      if (method !== 'GET' && method !== 'POST') throw new Error(`Git does not ask by ${method}`);
      const answer = await client.request({
        ...{ url, method, headers, trust: options.trust },
        ...(body ? { body: await collect(body) } : {}),
        ...{ deadlineMs: options.deadlineMs ?? DEADLINE_MS, maxResponseBytes: maxPackBytes },
        ...(options.signal ? { signal: options.signal } : {}),
      });
      if (answer.isCut)
        throw new ServiceError('OUTBOUND_UNREACHABLE', `the repository sent more than ${maxPackBytes} bytes at once`);
      return {
        ...{ url, method, statusCode: answer.status, statusMessage: statusText(answer.status) },
        ...{ headers: answer.headers, body: oneChunk(answer.body) },
      };
    },
  };
}

async function collect(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}

async function* oneChunk(body: Buffer): AsyncGenerator<Uint8Array> {
  yield body;
}

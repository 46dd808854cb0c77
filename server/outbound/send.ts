// One request over a guarded agent: a deadline over all of it, and a limit on what is read.
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { ServiceError } from '#server/lib/index.ts';
import type { Agents } from './agents.ts';
import { parseOutboundUrl } from './parse-url.ts';

export type OutboundRequest = {
  url: string;
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** For name, connection, request and the whole answer together. Default 10,000. */
  deadlineMs?: number;
  /** Of the body; the rest is not read. Default 1,000,000. */
  maxResponseBytes?: number;
  signal?: AbortSignal;
};

export type OutboundAnswer = {
  status: number;
  /** Names in lower case; a repeated header is joined by commas. */
  headers: Record<string, string>;
  body: Buffer;
  /** The other side had more to say than maxResponseBytes. */
  isCut: boolean;
};

const DEADLINE_MS = 10_000;
const MAX_RESPONSE_BYTES = 1_000_000;

/** What decides where a request goes or where it ends is not the caller's to say. */
const OURS = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);

/** @throws ServiceError ADDRESS_REFUSED, OUTBOUND_UNREACHABLE, OUTBOUND_DEADLINE; the signal's reason */
export function send(input: OutboundRequest, agents: Agents): Promise<OutboundAnswer> {
  const deadlineMs = input.deadlineMs ?? DEADLINE_MS;
  return new Promise((resolve, reject) => {
    input.signal?.throwIfAborted();
    const url = parseOutboundUrl(input.url);
    const request = open(url, input, agents);
    const timer = setTimeout(() => end(tooLate(url, deadlineMs)), deadlineMs);
    const abort = () => end(input.signal?.reason);
    input.signal?.addEventListener('abort', abort);
    const settle = () => {
      clearTimeout(timer);
      input.signal?.removeEventListener('abort', abort);
    };
    // While a name is asked for there is no socket yet that could say that the request was ended.
    const end = (reason: unknown) => {
      settle();
      reject(reason);
      request.destroy();
    };
    request.on('error', (error) => end(unreachable(url, error)));
    request.on('response', (response) =>
      read(response, input.maxResponseBytes ?? MAX_RESPONSE_BYTES).then(
        (answer) => {
          settle();
          resolve(answer);
          if (answer.isCut) request.destroy();
        },
        (error: unknown) => end(unreachable(url, error)),
      ),
    );
    request.end(input.body);
  });
}

function open(url: URL, input: OutboundRequest, agents: Agents): ClientRequest {
  const headers: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(input.headers ?? {})) {
    if (OURS.has(name.toLowerCase())) throw new ServiceError('ADDRESS_REFUSED', `the header "${name}" is not taken`);
    headers[name] = value;
  }
  const length = typeof input.body === 'string' ? Buffer.byteLength(input.body) : (input.body?.byteLength ?? 0);
  const method = input.method ?? (input.body === undefined ? 'GET' : 'POST');
  if (method !== 'GET' && method !== 'HEAD') headers['content-length'] = length;
  const options = { method, headers };
  return url.protocol === 'https:'
    ? https.request(url, { ...options, agent: agents.https })
    : http.request(url, { ...options, agent: agents.http });
}

/** Reads up to the limit; the caller ends the connection when there is more. */
function read(response: IncomingMessage, maxBytes: number): Promise<OutboundAnswer> {
  const headers = Object.fromEntries(
    Object.entries(response.headersDistinct).map(([name, values]) => [name, (values ?? []).join(', ')]),
  );
  const status = response.statusCode ?? 0;
  const parts: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    const finish = (isCut: boolean) =>
      resolve({ status, headers, body: Buffer.concat(parts).subarray(0, maxBytes), isCut });
    response.on('data', (part: Buffer) => {
      size += part.byteLength;
      parts.push(part);
      if (size <= maxBytes) return;
      response.pause();
      finish(true);
    });
    response.on('end', () => finish(false));
    response.on('error', reject);
    // A connection that ends in the middle of an answer.
    response.on('close', () => reject(new BrokenAnswerError()));
  });
}

class BrokenAnswerError extends Error {
  constructor() {
    super('the answer broke off');
    this.name = 'BrokenAnswerError';
  }
}

/** Whether there was a connection, and no answer: none in time, none before it was cut, or none that is HTTP. */
export function isUnanswered(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  if (error.code === 'OUTBOUND_DEADLINE') return true;
  const { cause } = error;
  if (error.code !== 'OUTBOUND_UNREACHABLE' || !(cause instanceof Error)) return false;
  const code = 'code' in cause ? String(cause.code) : '';
  return cause instanceof BrokenAnswerError || /^(ECONNRESET$|EPIPE$|HPE_)/.test(code);
}

const tooLate = (url: URL, deadlineMs: number) =>
  new ServiceError('OUTBOUND_DEADLINE', `${url.origin} did not answer in full within ${deadlineMs} ms`);

/** Only the origin is named: a path or query may be a secret, as chat systems' webhook addresses are. */
function unreachable(url: URL, error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = [code, error instanceof Error ? error.message : String(error)].find((text) => text !== '');
  return new ServiceError('OUTBOUND_UNREACHABLE', `${url.origin} could not be reached: ${why}`, undefined, {
    cause: error,
  });
}

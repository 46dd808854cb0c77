// Receivers of the three backends for tests, written from the vendors' published rules and sharing nothing with the
// shipping code: they check what arrives as strictly as the documents say, keep it, and can be told to be ill.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { gunzipSync } from 'node:zlib';

export type Fault =
  /** Answers this and takes nothing. */
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  /** Takes it, and the answer is lost. */
  | { kind: 'dropReply' }
  /** Takes nothing and never answers. */
  | { kind: 'silence' };

export type Receiver = {
  url: string;
  /** Audit ids in the order they were kept, with repeats. */
  kept: string[];
  /** Requests that came, whatever became of them. */
  requests: number;
  /** Used up one request after the other. */
  faults: Fault[];
  /** Rows, by audit id, that the backend does not take; for elastic with the item's status, once or always. */
  refuse: (auditId: string) => boolean;
  putOff: (auditId: string) => boolean;
  /** What broke the vendor's rules. */
  complaints: string[];
  close(): Promise<void>;
};

type Reply = { status: number; body: unknown; keep: string[] };
type Take = (request: IncomingMessage, body: Buffer, receiver: Receiver) => Reply;

/** https://docs.splunk.com: HTTP Event Collector, `/services/collector/event`. */
const takeSplunk: Take = (request, body, receiver) => {
  if (request.url !== '/services/collector/event') return { status: 404, body: 'Not Found', keep: [] };
  if (request.headers.authorization !== 'Splunk the-key')
    return { status: 403, body: { text: 'Invalid token', code: 4 }, keep: [] };
  if (body.byteLength > 1_000_000) return { status: 413, body: 'Request Entity Too Large', keep: [] };
  const events = concatenated(body.toString('utf8'));
  if (events === null) return { status: 400, body: { text: 'Invalid data format', code: 6 }, keep: [] };
  const known = new Set(['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields']);
  for (const [number, event] of events.entries()) {
    const stray = Object.keys(event).filter((key) => !known.has(key));
    if (stray.length > 0) receiver.complaints.push(`splunk: unknown keys ${stray.join()}`);
    if (typeof event.time !== 'number' || event.time > 4_000_000_000)
      receiver.complaints.push('splunk: time is not epoch seconds');
    if (event.index !== 'audit')
      return { status: 400, body: { text: 'Incorrect index', code: 7, 'invalid-event-number': number }, keep: [] };
    if (event.event === undefined)
      return {
        status: 400,
        body: { text: 'Event field is required', code: 12, 'invalid-event-number': number },
        keep: [],
      };
    const fields = (event.fields ?? {}) as Record<string, unknown>;
    if (Object.values(fields).some((value) => typeof value === 'object'))
      receiver.complaints.push('splunk: fields must be flat');
    if (receiver.refuse(idOf(event.event)))
      return {
        status: 400,
        body: { text: 'Error in handling indexed fields', code: 15, 'invalid-event-number': number },
        keep: [],
      };
  }
  return { status: 200, body: { text: 'Success', code: 0 }, keep: events.map((event) => idOf(event.event)) };
};

/** JSON objects one after the other, as the collector reads them: no list around them, no commas between. */
function concatenated(text: string): Record<string, unknown>[] | null {
  const found: Record<string, unknown>[] = [];
  let depth = 0;
  let start = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (isInText) {
      if (sign === '\\') at += 1;
      else if (sign === '"') isInText = false;
    } else if (sign === '"') isInText = true;
    else if (sign === '{') {
      if (depth === 0) start = at;
      depth += 1;
    } else if (sign === '}') {
      depth -= 1;
      if (depth === 0) found.push(JSON.parse(text.slice(start, at + 1)) as Record<string, unknown>);
    } else if (depth === 0 && !/\s/.test(sign ?? '')) return null;
  }
  return depth === 0 ? found : null;
}

/** https://docs.datadoghq.com/api/latest/logs: `POST /api/v2/logs`. */
const takeDatadog: Take = (request, body, receiver) => {
  if (request.url !== '/api/v2/logs') return { status: 404, body: 'Not Found', keep: [] };
  if (request.headers['dd-api-key'] !== 'the-key') return { status: 403, body: { errors: ['Forbidden'] }, keep: [] };
  const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  if (plain.byteLength > 5_000_000) return { status: 413, body: { errors: ['Payload too large'] }, keep: [] };
  const logs: unknown = JSON.parse(plain.toString('utf8'));
  if (!Array.isArray(logs)) return { status: 400, body: { errors: ['not a list'] }, keep: [] };
  if (logs.length > 1_000) return { status: 413, body: { errors: ['more than 1000 logs'] }, keep: [] };
  for (const log of logs as Record<string, unknown>[]) {
    if (typeof log.message !== 'string') return { status: 400, body: { errors: ['message is required'] }, keep: [] };
    if (typeof log.ddtags !== 'string' || typeof log.ddsource !== 'string')
      receiver.complaints.push('datadog: tags or source missing');
    if (typeof log.timestamp === 'number' && Date.now() - log.timestamp > 18 * 3_600_000)
      receiver.complaints.push('datadog: older than 18 hours, dropped');
    if (receiver.refuse(idOf(log.audit))) return { status: 400, body: { errors: ['malformed log'] }, keep: [] };
  }
  return { status: 202, body: {}, keep: (logs as Record<string, unknown>[]).map((log) => idOf(log.audit)) };
};

/** The bulk interface of Elasticsearch and OpenSearch: pairs of lines, each answered for itself. */
const takeElastic: Take = (request, body, receiver) => {
  if (request.url !== '/_bulk') return { status: 405, body: {}, keep: [] };
  if (request.headers.authorization !== 'ApiKey the-key')
    return { status: 401, body: { error: 'security_exception' }, keep: [] };
  const text = body.toString('utf8');
  if (request.headers['content-type'] !== 'application/x-ndjson') return { status: 406, body: {}, keep: [] };
  if (!text.endsWith('\n'))
    return { status: 400, body: { error: 'The bulk request must be terminated by a newline [\\n]' }, keep: [] };
  const lines = text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, Record<string, unknown>>);
  if (lines.length % 2 !== 0) return { status: 400, body: { error: 'Malformed action' }, keep: [] };
  const keep: string[] = [];
  const items = [];
  for (let at = 0; at < lines.length; at += 2) {
    const { create } = lines[at]!;
    const id = String(create?._id);
    if (create?._index !== 'audit')
      items.push({ create: { _id: id, status: 404, error: { type: 'index_not_found_exception' } } });
    else if (receiver.kept.includes(id))
      items.push({ create: { _id: id, status: 409, error: { type: 'version_conflict_engine_exception' } } });
    else if (receiver.putOff(id))
      items.push({ create: { _id: id, status: 429, error: { type: 'es_rejected_execution_exception' } } });
    else if (receiver.refuse(id))
      items.push({
        create: { _id: id, status: 400, error: { type: 'mapper_parsing_exception', reason: 'failed to parse' } },
      });
    else {
      if (idOf(lines[at + 1]!.event) !== id) receiver.complaints.push('elastic: the id is not the audit row’s');
      keep.push(id);
      items.push({ create: { _id: id, status: 201, result: 'created' } });
    }
  }
  return { status: 200, body: { took: 1, errors: items.some((item) => item.create.status >= 400), items }, keep };
};

const idOf = (event: unknown): string => String((event as { id?: unknown } | undefined)?.id);
const TAKE: Record<'splunk' | 'datadog' | 'elastic', Take> = {
  splunk: takeSplunk,
  datadog: takeDatadog,
  elastic: takeElastic,
};

/** Listens on a free port of this machine until it is closed. */
export async function openReceiver(backend: keyof typeof TAKE): Promise<Receiver> {
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      receiver.requests += 1;
      const fault = receiver.faults.shift();
      if (fault?.kind === 'silence') return;
      if (fault?.kind === 'status') return void response.writeHead(fault.status, fault.headers).end('{"said": "no"}');
      const reply = TAKE[backend](request, Buffer.concat(parts), receiver);
      receiver.kept.push(...reply.keep);
      if (fault?.kind === 'dropReply') return void request.socket.destroy();
      response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
    });
  });
  const receiver: Receiver = {
    ...{ url: '', kept: [], requests: 0, faults: [], complaints: [] },
    ...{ refuse: () => false, putOff: () => false },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  receiver.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  return receiver;
}

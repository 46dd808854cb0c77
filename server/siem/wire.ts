// The three wire formats, and what each answer means. Pure: rows in, request out; answer in, verdicts out.
import { gzipSync } from 'node:zlib';
import { scrub, storableText } from '#server/lib/index.ts';
import type { SiemBackend, SiemTarget } from './config.ts';

export type AuditRow = {
  id: string;
  /** The writing transaction: the first half of the cursor. */
  tx: string;
  tenantId: string;
  tenant: string;
  at: string;
  actorKind: string;
  actorId: string;
  action: string;
  outcome: string;
  targetKind: string;
  targetId: string;
  requestId: string;
  beforeDigest: string | null;
  afterDigest: string | null;
  details: Record<string, unknown>;
};

export type WireRequest = { url: string; headers: Record<string, string>; body: string | Uint8Array };

/** What one request may carry. Bytes before compression; the vendors' own limits are a little above. */
export const LIMITS: Record<SiemBackend, { maxBytes: number; maxRows: number }> = {
  splunk: { maxBytes: 900_000, maxRows: 500 },
  datadog: { maxBytes: 4_500_000, maxRows: 500 },
  elastic: { maxBytes: 5_000_000, maxRows: 500 },
};
/** Datadog drops what says it is older than 18 hours: older rows are dated by their arrival. */
const DATADOG_MAX_AGE_MS = 17 * 3_600_000;

/** One row as it stands in the body. */
export function encodeRow(target: SiemTarget, row: AuditRow, nowMs: number): string {
  switch (target.backend) {
    case 'splunk':
      return JSON.stringify({
        ...{ time: Date.parse(row.at) / 1_000, host: 'mainspring', source: 'mainspring:audit' },
        ...{ sourcetype: target.sourcetype, index: target.index, event: eventOf(row) },
        fields: { audit_id: row.id, tenant: row.tenant, action: row.action, outcome: row.outcome },
      });
    case 'datadog':
      return JSON.stringify({
        ...{ message: sentenceOf(row), ddsource: 'mainspring', service: 'mainspring', hostname: 'mainspring' },
        ...{ ddtags: `tenant:${row.tenant},action:${row.action}`, audit: eventOf(row) },
        ...(nowMs - Date.parse(row.at) < DATADOG_MAX_AGE_MS ? { timestamp: Date.parse(row.at) } : {}),
      });
    case 'elastic':
      // `create` with the row's own id: what is there already answers 409 and is not there twice.
      return `${JSON.stringify({ create: { _index: target.index, _id: row.id } })}\n${JSON.stringify({
        ...{ '@timestamp': row.at, message: sentenceOf(row), event: eventOf(row) },
      })}`;
  }
}

const eventOf = ({ tx: _tx, ...event }: AuditRow) => event;
const sentenceOf = (row: AuditRow) =>
  `${row.actorId} ${row.action} ${row.targetKind} ${row.targetId} ${row.outcome}`.replaceAll(/\s+/g, ' ').trim();

/** The whole request of rows that were encoded. */
export function toRequest(target: SiemTarget, encoded: readonly string[]): WireRequest {
  const { endpoint, apiKey } = target;
  switch (target.backend) {
    case 'splunk':
      return {
        url: `${endpoint}/services/collector/event`,
        headers: { authorization: `Splunk ${apiKey}`, 'content-type': 'application/json' },
        body: encoded.join(''),
      };
    case 'datadog':
      return {
        url: `${endpoint}/api/v2/logs`,
        headers: { 'dd-api-key': apiKey, 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: gzipSync(`[${encoded.join(',')}]`),
      };
    case 'elastic':
      return {
        url: `${endpoint}/_bulk`,
        headers: { authorization: `ApiKey ${apiKey}`, 'content-type': 'application/x-ndjson' },
        body: encoded.map((lines) => `${lines}\n`).join(''),
      };
  }
}

/** `retry`: as it is, later. `split`: in halves; one alone is set aside. `stop`: nothing will be taken until an operator acts. */
export type RowVerdict = { kind: 'shipped' } | { kind: 'retry' } | { kind: 'refused'; status: number; reason: string };
export type Verdict =
  | { kind: 'rows'; rows: RowVerdict[] }
  | { kind: 'retry'; afterMs: number | null; reason: string }
  | { kind: 'split'; status: number; reason: string }
  | { kind: 'stop'; reason: string };

export type WireAnswer = { status: number; headers: Record<string, string>; body: string };

/** What the answer to a request of `count` rows says of each. */
export function judge(backend: SiemBackend, answer: WireAnswer, count: number): Verdict {
  const { status } = answer;
  // It may repeat what it was told, the key too. Cut afterwards: half a key would not be known for one.
  const reason = `${backend} answered ${status}: ${storableText(scrub(answer.body.slice(0, 2_000)), 300)}`;
  if (status === 413) return { kind: 'split', status, reason };
  if (status === 408 || status === 429 || status >= 500)
    return { kind: 'retry', afterMs: retryAfterMs(answer), reason };
  if (status === 400) return { kind: 'split', status, reason };
  if (status < 200 || status > 299) return { kind: 'stop', reason };
  const all = (): Verdict => ({ kind: 'rows', rows: Array.from({ length: count }, () => ({ kind: 'shipped' })) });
  if (backend === 'datadog') return status === 202 || status === 200 ? all() : { kind: 'retry', afterMs: null, reason };
  const body = parse(answer.body);
  if (backend === 'splunk') return body?.code === 0 ? all() : { kind: 'retry', afterMs: null, reason };
  return judgeItems(body, count) ?? { kind: 'retry', afterMs: null, reason };
}

/** A bulk answer is 200 even when items failed. */
function judgeItems(body: Record<string, unknown> | null, count: number): Verdict | null {
  const items = body?.items;
  if (!Array.isArray(items) || items.length !== count) return null;
  return {
    kind: 'rows',
    rows: items.map((item): RowVerdict => {
      const { status = 0, error } = (item as { create?: { status?: number; error?: unknown } }).create ?? {};
      if ((status >= 200 && status < 300) || status === 409) return { kind: 'shipped' };
      // A right that is missing and an index that is not there are the destination's fault, not the row's.
      if ([0, 401, 403, 404, 408, 429].includes(status) || status >= 500) return { kind: 'retry' };
      return { kind: 'refused', status, reason: storableText(JSON.stringify(error ?? null), 500) };
    }),
  };
}

function parse(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Seconds, as all three send it; a date is left to our own backoff. */
function retryAfterMs({ headers }: WireAnswer): number | null {
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : null;
}

import { describe, expect, it } from 'vitest';
import { type AuditRow, encodeRow, judge, toRequest } from './wire.ts';

const row: AuditRow = {
  ...{ id: 'a-1', tx: '7', tenantId: 't', tenant: 'acme', at: '2026-03-01T04:30:00.250Z', actorKind: 'user' },
  ...{ actorId: 'ada', action: 'run.cancel', outcome: 'done', targetKind: 'run', targetId: 'r', requestId: 'q' },
  ...{ beforeDigest: null, afterDigest: null, details: { note: '}{"' } },
};
const target = { endpoint: 'https://siem.example', apiKey: 'key', index: 'audit', sourcetype: 'ms' };
const NOW = Date.parse('2026-03-01T05:00:00Z');

describe('the wire', () => {
  it('of splunk dates an event in seconds and joins events with nothing between', () => {
    const splunk = { ...target, backend: 'splunk' as const };
    const text = encodeRow(splunk, row, NOW);
    expect(JSON.parse(text)).toMatchObject({
      time: 1772339400.25,
      index: 'audit',
      sourcetype: 'ms',
      event: { id: 'a-1' },
    });
    expect(toRequest(splunk, [text, text])).toMatchObject({
      ...{ url: 'https://siem.example/services/collector/event', body: text + text },
      headers: { authorization: 'Splunk key' },
    });
  });

  it('of datadog leaves the time away where it would be dropped as too old', () => {
    const datadog = { ...target, backend: 'datadog' as const };
    expect(JSON.parse(encodeRow(datadog, row, NOW))).toMatchObject({
      timestamp: 1772339400250,
      ddsource: 'mainspring',
    });
    expect(JSON.parse(encodeRow(datadog, row, NOW + 86_400_000))).not.toHaveProperty('timestamp');
  });

  it('of elastic ends with a newline and names the audit row as the id', () => {
    const elastic = { ...target, backend: 'elastic' as const };
    const { body } = toRequest(elastic, [encodeRow(elastic, row, NOW)]);
    const lines = String(body).split('\n');
    expect([lines.length, lines[2]]).toEqual([3, '']);
    expect(JSON.parse(lines[0]!)).toEqual({ create: { _index: 'audit', _id: 'a-1' } });
  });

  it('never carries the number of the transaction, which means nothing outside', () => {
    for (const backend of ['splunk', 'datadog', 'elastic'] as const)
      expect(encodeRow({ ...target, backend }, row, NOW)).not.toContain('"tx"');
  });
});

describe('an answer', () => {
  const answer = (status: number, body = '', headers = {}) => ({ status, body, headers });

  it.each([
    ['splunk', 200, '{"text":"Success","code":0}', 'rows'],
    ['splunk', 200, '{"text":"Server is busy","code":9}', 'retry'],
    ['splunk', 200, 'not json', 'retry'],
    ['datadog', 202, '{}', 'rows'],
    ['elastic', 200, '{"errors":false,"items":[{"create":{"status":201}}]}', 'rows'],
    ['elastic', 200, '{"errors":false,"items":[]}', 'retry'],
    ['elastic', 400, '', 'split'],
    ['datadog', 413, '', 'split'],
    ['splunk', 401, '', 'stop'],
    ['datadog', 302, '', 'stop'],
    ['splunk', 503, '', 'retry'],
  ] as const)('of %s with %i %s means %s', (backend, status, body, kind) => {
    expect(judge(backend, answer(status, body), 1).kind).toBe(kind);
  });

  it('of a bulk is read item by item', () => {
    const items = [201, 200, 409, 429, 503, 400, 404, 403].map((status) => ({ create: { status } }));
    const verdict = judge('elastic', answer(200, JSON.stringify({ errors: true, items })), items.length);
    expect(verdict.kind === 'rows' && verdict.rows.map((one) => one.kind)).toEqual([
      ...['shipped', 'shipped', 'shipped', 'retry', 'retry', 'refused', 'retry', 'retry'],
    ]);
  });

  it('that asks for a pause is given it', () => {
    expect(judge('splunk', answer(429, '', { 'retry-after': '7' }), 1)).toMatchObject({
      kind: 'retry',
      afterMs: 7_000,
    });
  });
});

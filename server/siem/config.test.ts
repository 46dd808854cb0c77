import { describe, expect, it } from 'vitest';
import { createLogger } from '#server/lib/index.ts';
import { createOutboundClient } from '#server/outbound/index.ts';
import { readSiemConfig, type SiemEnvironment, warnOfUnknownSiem } from './index.ts';

const client = createOutboundClient({ allowCidrs: [] });
const read = (env: SiemEnvironment) => readSiemConfig(env, client);
const splunk = {
  ...{ SIEM_BACKEND: 'splunk', SIEM_ENDPOINT: 'https://splunk.example/', SIEM_API_KEY: 'k' },
  ...{ SIEM_INDEX: 'audit', SIEM_SOURCETYPE: 'mainspring' },
};

describe('the environment of the SIEM', () => {
  it('ships nothing without a backend or with one that there is not, and says why', () => {
    expect(read({})).toEqual({ skipped: 'SIEM_BACKEND is not set' });
    expect(read({ SIEM_BACKEND: 'syslog' })).toEqual({ skipped: expect.stringContaining('"syslog" is not one of') });
  });

  it('is warned of where a backend is named that there is not, and not where none or a known one is', () => {
    const said = (env: SiemEnvironment) => {
      const lines: string[] = [];
      const log = createLogger({ level: 'warn', tier: 'test', write: (line) => lines.push(line) });
      warnOfUnknownSiem(log, env, read(env));
      return lines;
    };
    expect(said({ SIEM_BACKEND: 'Splunk' })).toEqual([
      expect.stringContaining('"Splunk\\" is not one of splunk, datadog, elastic: nothing is shipped'),
    ]);
    expect([said({}), said({ SIEM_BACKEND: '' }), said(splunk)]).toEqual([[], [], []]);
  });

  it.each([
    ['SIEM_ENDPOINT', splunk],
    ['SIEM_API_KEY', splunk],
    ['SIEM_INDEX', splunk],
    ['SIEM_SOURCETYPE', splunk],
    ['SIEM_API_KEY', { ...splunk, SIEM_BACKEND: 'datadog' }],
    ['SIEM_INDEX', { ...splunk, SIEM_BACKEND: 'elastic' }],
  ])('names %s when a known backend lacks it', (name, env) => {
    expect(() => read({ ...env, [name]: undefined })).toThrow(name);
  });

  it('needs an index for splunk and elastic only, and a sourcetype for splunk only', () => {
    const { SIEM_INDEX: _index, SIEM_SOURCETYPE: _type, ...rest } = splunk;
    expect(read({ ...rest, SIEM_BACKEND: 'datadog' })).toMatchObject({
      backend: 'datadog',
      endpoint: 'https://splunk.example',
    });
    expect(read({ ...rest, SIEM_BACKEND: 'elastic', SIEM_INDEX: 'a' })).toMatchObject({
      backend: 'elastic',
      index: 'a',
    });
    expect(() => read({ ...splunk, SIEM_ENDPOINT: 'splunk.example' })).toThrow('SIEM_ENDPOINT');
  });
});

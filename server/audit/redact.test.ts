import { describe, expect, it } from 'vitest';
import { toKeep, withoutSecrets } from './redact.ts';

describe('what the audit log keeps of a change', () => {
  it('has no value whose name says that it is secret, at any depth', () => {
    const change = {
      name: 'warehouse',
      config: { password: 'p1', accessToken: 't1', list: [{ api_key: 'k1', clientSecret: { inner: 's1' } }] },
      hasSecret: true,
      tokens: 3,
      secret: null,
    };
    const kept = JSON.stringify(withoutSecrets(change));
    for (const secret of ['p1', 't1', 'k1', 's1']) expect(kept).not.toContain(secret);
    expect(withoutSecrets(change)).toMatchObject({ name: 'warehouse', hasSecret: true, tokens: 3, secret: null });
  });

  it('has no API key and no user of an address inside a text', () => {
    const said = withoutSecrets(`use ms_${'a'.repeat(43)} at postgres://ada:hunter2@db/x`);
    expect(said).toBe('use [redacted] at postgres://[redacted]@db/x');
  });

  it('cuts long texts, refuses what is large all the same, and takes what jsonb does not', () => {
    expect(toKeep('x'.repeat(5_000))).toBe(`${'x'.repeat(4_000)}… (5000 characters)`);
    expect(toKeep(Array.from({ length: 100 }, () => 'x'.repeat(1_000)))).toBeNull();
    expect(toKeep({ 'a\0': 'b\0\ud800' })).toEqual({ 'a\\0': 'b\\0\ufffd' });
  });

  it('keeps instants as text and ends at a depth that nobody reads', () => {
    expect(withoutSecrets({ at: new Date(0), gone: undefined })).toEqual({ at: '1970-01-01T00:00:00.000Z' });
    let deep: unknown = 'bottom';
    for (let depth = 0; depth < 5_000; depth += 1) deep = { deep };
    expect(JSON.stringify(withoutSecrets(deep))).not.toContain('bottom');
  });
});

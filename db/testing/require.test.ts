import { afterEach, describe, expect, it, vi } from 'vitest';
import { requireComponent } from './require.ts';

describe('requireComponent', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });

  it('lets a test run when the component is there', () => {
    expect(requireComponent('Kafka', true, 'bin/tools kafka')).toBe(true);
  });

  it('skips with a printed reason and the remedy when it is not', () => {
    vi.stubEnv('REQUIRE_ALL', '');
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    expect(requireComponent('Kafka', false, 'bin/tools kafka')).toBe(false);
    expect(written.join('')).toContain('SKIPPED: Kafka is missing: get it with `bin/tools kafka`');
  });

  it('fails instead of skipping when everything is required', () => {
    vi.stubEnv('REQUIRE_ALL', '1');
    expect(() => requireComponent('Kafka', false, 'bin/tools kafka')).toThrow(/Kafka is missing.*REQUIRE_ALL/);
  });
});

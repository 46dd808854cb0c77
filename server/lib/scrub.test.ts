import { describe, expect, it } from 'vitest';
import { createLogger, logError } from './log.ts';
import { keepOutOfLogs, scrub } from './scrub.ts';

const CANARY = 'cAnArY-0f3b9d2c77e1';
const lines: string[] = [];
const log = createLogger({ level: 'trace', tier: 'test', write: (line) => lines.push(line) });
const said = (write: () => void): string => {
  lines.length = 0;
  write();
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  return lines.join('');
};

describe('a log line', () => {
  it.each<[string, () => void]>([
    ['a field by its name', () => log.info({ password: CANARY }, 'x')],
    ['a field far inside', () => log.info({ a: { b: { c: { d: [{ clientSecret: CANARY }] } } } }, 'x')],
    ['a header by its name', () => log.info({ headers: { 'x-api-key': CANARY, Cookie: CANARY } }, 'x')],
    ['a field with quotes in its value', () => log.info({ apiToken: `"${CANARY}\\"${CANARY}` }, 'x')],
    ['JSON quoted in a message', () => log.info(`sent ${JSON.stringify({ user: 'u', password: CANARY })}`)],
    ['a URL with a user', () => log.info({ url: `postgres://owner:${CANARY}@db/x` }, 'x')],
    ['a URL with a user alone', () => log.info(`clone of https://${CANARY}@git.example/r failed`)],
    ['a URL with a query', () => log.info(`GET https://hooks.example/a?b=1&access_token=${CANARY}&c=2`)],
    ['a URL with a signature', () => log.info(`GET https://s3.example/a?X-Amz-Signature=${CANARY}`)],
    ['a connection string', () => log.info(`host=db user=u password=${CANARY} dbname=x`)],
    ['an Authorization header', () => log.info(`Authorization: Bearer ${CANARY}`)],
    ['Basic credentials', () => log.info(`Basic ${Buffer.from(`u:${CANARY}`).toString('base64')}`)],
    ['a session cookie', () => log.info(`cookie: mainspring_session=${CANARY}; other=1`)],
    ['a key of ours in prose', () => log.info(`the key ms_${CANARY} is unknown`)],
    [
      'an error and its cause',
      () => {
        logError(log, new Error(`token=${CANARY}`, { cause: new Error(`https://u:${CANARY}@h/`) }), 'failed');
      },
    ],
    ['the bindings of a child', () => log.child({ secret: CANARY, url: `https://a:${CANARY}@h/` }).warn('x')],
  ])('does not hold %s', (_what, write) => {
    const text = said(write);
    expect(text).not.toContain(CANARY);
    expect(text).not.toContain(Buffer.from(`u:${CANARY}`).toString('base64'));
  });

  it.each([
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'AKIAIOSFODNN7EXAMPLE',
    'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
    'glpat-abcdefghijklmnopqrst',
    'xoxb-123456789012-abcdefghijkl',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P',
    '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04f\n-----END EC PRIVATE KEY-----',
  ])('does not hold %s, by its shape', (token) => {
    const text = said(() => log.info({ note: `it was ${token} here` }, token));
    expect(text).not.toContain(token.slice(8, 30));
  });

  it('does not hold a value that the process was told to keep', () => {
    const odd = `odd "${CANARY}" value\\`;
    keepOutOfLogs([odd, undefined, 'short']);
    expect(said(() => log.info({ a: odd }, `it is ${odd}`))).not.toContain(CANARY);
    expect(said(() => log.info('short is kept'))).toContain('short');
  });

  it('keeps what is no secret', () => {
    const text = said(() =>
      log.info({ runId: '01a1ff3a-a6b9-7321-881d-4bc5223e9c43', attempt: 2, key: 'customer-7' }, 'run ended'),
    );
    for (const kept of ['01a1ff3a-a6b9-7321-881d-4bc5223e9c43', '"attempt":2', 'customer-7', 'run ended'])
      expect(text).toContain(kept);
    const harmless = 'https://hooks.example/a?b=1 took 5 ms, code=137, key=customer-7, mail to a@b.example';
    expect(scrub(harmless)).toBe(harmless);
  });

  it('of 100 kB is scrubbed in no time', () => {
    const long = `{"a":"${'password token secret https:// '.repeat(3_200)}"}`;
    const started = performance.now();
    scrub(long);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

it('takes time in proportion to a line made to make it slow', () => {
  const hostile = '-token'.repeat(3_000);
  const startedMs = performance.now();
  scrub(JSON.stringify({ path: hostile, err: { message: `${hostile} "${hostile}"` } }));
  // Unbounded repetition takes minutes for it.
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

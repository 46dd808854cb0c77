import { describe, expect, it } from 'vitest';
import { loginPath } from './api.server.ts';

const pathFor = (url: string) => loginPath(new Request(`http://x.test${url}`));

describe('the way back from sign-in', () => {
  it('leads to the page with its filters, also when only its data was asked for', () => {
    expect(pathFor('/data/runs?status=failed')).toBe('/login?next=%2Fdata%2Fruns%3Fstatus%3Dfailed');
    expect(pathFor('/data/runs.data?status=failed')).toBe('/login?next=%2Fdata%2Fruns%3Fstatus%3Dfailed');
  });
  it('leads from a form to the page that it stood on', () => {
    const posted = (referer: string) =>
      loginPath(new Request('http://x.test/ops/outbox.data', { method: 'POST', headers: { referer } }));
    expect(posted('http://x.test/data/runs?status=failed')).toBe('/login?next=%2Fdata%2Fruns%3Fstatus%3Dfailed');
    expect(posted('nonsense')).toBe('/login?next=%2Fops%2Foutbox');
  });
  it('is left away for the start page', () => {
    expect(pathFor('/')).toBe('/login');
    expect(pathFor('/_root.data')).toBe('/login');
  });
});

import { describe, expect, it } from 'vitest';
import { loginPath } from './api.server.ts';

const pathFor = (url: string) => loginPath(new Request(`http://x.test${url}`));

describe('the way back from sign-in', () => {
  it('leads to the page with its filters, also when only its data was asked for', () => {
    expect(pathFor('/data/runs?status=failed')).toBe('/login?next=%2Fdata%2Fruns%3Fstatus%3Dfailed');
    expect(pathFor('/data/runs.data?status=failed')).toBe('/login?next=%2Fdata%2Fruns%3Fstatus%3Dfailed');
  });
  it('is left away for the start page', () => {
    expect(pathFor('/')).toBe('/login');
    expect(pathFor('/_root.data')).toBe('/login');
  });
});

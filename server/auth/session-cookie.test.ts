import { describe, expect, it } from 'vitest';
import { sessionCookie, sessionTokenOf } from './session-cookie.ts';

const withCookie = (cookie: string) => sessionTokenOf(new Headers({ cookie }));

describe('the session cookie', () => {
  it('is HttpOnly, SameSite=Lax and for the whole site, and Secure exactly with https', () => {
    const plain = sessionCookie('abc', { isSecure: false, lifetimeSeconds: 600 });
    expect(plain).toBe('mainspring_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=600');
    const secure = sessionCookie('abc', { isSecure: true, lifetimeSeconds: 600 });
    expect(secure).toBe('__Host-mainspring_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure');
  });

  it('is forgotten at once when its token is null', () => {
    const forgotten = sessionCookie(null, { isSecure: true, lifetimeSeconds: 600 });
    expect(forgotten).toContain('__Host-mainspring_session=;');
    expect(forgotten).toContain('Max-Age=0');
  });

  it('is found among other cookies, and nowhere else', () => {
    expect(withCookie('theme=dark; mainspring_session=abc; x=y')).toBe('abc');
    expect(withCookie('__Host-mainspring_session=abc')).toBe('abc');
    expect(withCookie('not_mainspring_session=abc')).toBeNull();
    expect(withCookie('mainspring_session=')).toBeNull();
    expect(sessionTokenOf(new Headers())).toBeNull();
  });

  it('counts in its host-bound form where another site of the domain has planted a plain one', () => {
    expect(withCookie('mainspring_session=planted; __Host-mainspring_session=mine')).toBe('mine');
  });
});

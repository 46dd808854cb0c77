/** `__Host-` binds the cookie to this host where https lets us; over plain http the prefix is not allowed. */
export const cookieName = (isSecure: boolean) => (isSecure ? '__Host-mainspring_session' : 'mainspring_session');

/** The whole Set-Cookie header of a session; `token` null forgets it. */
export function sessionCookie(token: string | null, options: { isSecure: boolean; lifetimeSeconds: number }): string {
  const parts = [
    `${cookieName(options.isSecure)}=${token ?? ''}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Lax',
    `Max-Age=${token === null ? 0 : options.lifetimeSeconds}`,
  ];
  if (options.isSecure) parts.push('Secure');
  return parts.join('; ');
}

/** The session token that a request's cookies carry, or null. Where both are there, the one bound to the host counts. */
export function sessionTokenOf(headers: Headers): string | null {
  const pairs = (headers.get('cookie') ?? '').split(';').map((pair) => pair.trim().split('=', 2));
  for (const name of [cookieName(true), cookieName(false)]) {
    const value = pairs.find((pair) => pair[0] === name)?.[1];
    if (value) return value;
  }
  return null;
}

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

/** The session token that a request's cookies carry, or null. */
export function sessionTokenOf(headers: Headers): string | null {
  for (const pair of (headers.get('cookie') ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if ((name === cookieName(true) || name === cookieName(false)) && value) return value;
  }
  return null;
}

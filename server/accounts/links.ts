// Links that let somebody in: 256 random bits, shown once to who makes them, stored hashed, good once and not for long.
import { hashToken, newToken } from '#server/lib/index.ts';

export const INVITE_HOURS = 7 * 24;
export const RESET_HOURS = 24;

type Kind = 'invite' | 'reset';

/** The token stands in the query, not in the path: paths are logged with errors. */
export function newLink(kind: Kind): { path: string; hash: Buffer } {
  const token = newToken();
  return { path: `/${kind}?token=${token}`, hash: hashToken(token) };
}

import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** SHA-256 of a high-entropy token: what is stored of keys and session tokens. */
export const hashToken = (token: string): Buffer => createHash('sha256').update(token, 'utf8').digest();

/** 256 random bits, base64url. */
export const newToken = (): string => randomBytes(32).toString('base64url');

/** Compares secrets without telling by time where they differ or how long they are. */
export function isSameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(hashToken(given), hashToken(expected));
}

// scrypt with N=2^15, r=8, p=1: 32 MiB and some 60 ms, OWASP's password storage figures for scrypt allow it
// with p=3; the login limit stands before it.
const COST = { N: 32_768, r: 8, p: 3, maxmem: 96 * 1024 * 1024 };

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key))),
  );
}

/** `scrypt$<salt>$<key>`, both base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  return `scrypt$${salt.toString('base64url')}$${(await derive(password, salt)).toString('base64url')}`;
}

// Compared against when the user is unknown or has no password, so that the answer takes as long.
const NOBODY = `scrypt$${Buffer.alloc(16).toString('base64url')}$${Buffer.alloc(32).toString('base64url')}`;

/** Takes as long for an unknown user (`stored` null) as for a wrong password. */
export async function isPasswordRight(password: string, stored: string | null): Promise<boolean> {
  const [, salt, key] = (stored ?? NOBODY).split('$');
  const derived = await derive(password, Buffer.from(salt ?? '', 'base64url'));
  const expected = Buffer.from(key ?? '', 'base64url');
  const isSame = expected.length === derived.length && timingSafeEqual(derived, expected);
  return isSame && stored !== null;
}

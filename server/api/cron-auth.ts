import { isSameSecret, ServiceError } from '#server/lib/index.ts';

const bearerOf = (headers: Headers) => headers.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1];

/**
 * Lets a cron caller in by `Authorization: Bearer <secret>` or `x-cron-secret`. Without a configured secret
 * nobody is let in.
 * @throws ServiceError UNAUTHENTICATED
 */
export function requireCronSecret(headers: Headers, secret: string | undefined): void {
  const given = bearerOf(headers) ?? headers.get('x-cron-secret');
  if (!secret)
    throw new ServiceError('UNAUTHENTICATED', 'CRON_SECRET is not set on this server: cron routes are closed');
  if (!given || !isSameSecret(given, secret))
    throw new ServiceError('UNAUTHENTICATED', 'send the cron secret as Authorization: Bearer or x-cron-secret');
}

/**
 * For the legacy route alone: CRON_TOKEN or CRON_SECRET, as Bearer, `x-cron-token` or `x-cron-secret`.
 * @throws ServiceError UNAUTHENTICATED
 */
export function requireCronToken(headers: Headers, secrets: readonly (string | undefined)[]): void {
  const known = secrets.filter((secret) => secret !== undefined && secret !== '');
  if (known.length === 0)
    throw new ServiceError('UNAUTHENTICATED', 'neither CRON_TOKEN nor CRON_SECRET is set on this server: it is closed');
  const given = bearerOf(headers) ?? headers.get('x-cron-token') ?? headers.get('x-cron-secret');
  // Each is compared, whichever fits: how long it takes says nothing.
  const fits = known.map((secret) => given !== null && isSameSecret(given, secret ?? ''));
  if (!fits.includes(true)) {
    throw new ServiceError(
      'UNAUTHENTICATED',
      'send CRON_TOKEN or CRON_SECRET as Authorization: Bearer, x-cron-token or x-cron-secret',
    );
  }
}

import { isSameSecret, ServiceError } from '#server/lib/index.ts';

/**
 * Lets a cron caller in by `Authorization: Bearer <secret>` or `x-cron-secret`. Without a configured secret
 * nobody is let in.
 * @throws ServiceError UNAUTHENTICATED
 */
export function requireCronSecret(headers: Headers, secret: string | undefined): void {
  const given = headers.get('authorization')?.match(/^Bearer\s+(\S+)$/i)?.[1] ?? headers.get('x-cron-secret');
  if (!secret)
    throw new ServiceError('UNAUTHENTICATED', 'CRON_SECRET is not set on this server: cron routes are closed');
  if (!given || !isSameSecret(given, secret))
    throw new ServiceError('UNAUTHENTICATED', 'send the cron secret as Authorization: Bearer or x-cron-secret');
}

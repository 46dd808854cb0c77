// What the room needs of its process: the master keys and the way out. Given once at boot, since operations are
// called through one router and know only their context.
import { ServiceError } from '#server/lib/index.ts';
import type { OutboundClient } from '#server/outbound/index.ts';
import type { MasterKeys } from './master-key.ts';

export type ConnectionServices = { masters: MasterKeys; outbound: OutboundClient };

let given: ConnectionServices | null = null;

/** Call at boot, before the first request. */
export function serveConnectionsWith(services: ConnectionServices): void {
  given = services;
}

/** @throws ServiceError SECRETS_UNAVAILABLE when the process has no ENCRYPTION_KEY */
export function services(): ConnectionServices {
  if (!given) throw new ServiceError('SECRETS_UNAVAILABLE', 'ENCRYPTION_KEY is not set on this server');
  return given;
}

/** The way out that tenants' connections are used through. @throws ServiceError SECRETS_UNAVAILABLE */
export const outboundClient = (): OutboundClient => services().outbound;

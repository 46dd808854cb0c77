import type { OutboundClient } from '#server/outbound/index.ts';
import type { AlertChannel } from './schemas.ts';

/**
 * Asks for every new address of a webhook whether a tenant may reach it. It asks resolvers, so not inside a
 * transaction. An address that is stored already is not asked again, or nobody could switch off what tells a host that
 * is gone; what is sent is checked each time anyway.
 * @throws ServiceError ADDRESS_REFUSED, OUTBOUND_UNREACHABLE; what `open` throws, which is called for a webhook only
 */
export async function checkChannels(
  open: () => OutboundClient,
  channels: readonly AlertChannel[],
  stored: readonly AlertChannel[] = [],
): Promise<void> {
  const known = new Set(stored.flatMap((channel) => (channel.kind === 'webhook' ? [channel.url] : [])));
  for (const channel of channels)
    if (channel.kind === 'webhook' && !known.has(channel.url)) await open().checkUrl(channel.url, { trust: 'tenant' });
}

/** What may go wrong when addresses are checked. */
export const ADDRESS_ERRORS = ['ADDRESS_REFUSED', 'OUTBOUND_UNREACHABLE', 'SECRETS_UNAVAILABLE'] as const;

import type { OutboundClient } from '#server/outbound/index.ts';
import type { AlertChannel } from './schemas.ts';

/**
 * Asks for every address of a webhook whether a tenant may reach it. It asks resolvers, so not inside a transaction.
 * What is sent later is checked again.
 * @throws ServiceError ADDRESS_REFUSED, OUTBOUND_UNREACHABLE; what `open` throws, which is called for a webhook only
 */
export async function checkChannels(open: () => OutboundClient, channels: readonly AlertChannel[]): Promise<void> {
  for (const channel of channels)
    if (channel.kind === 'webhook') await open().checkUrl(channel.url, { trust: 'tenant' });
}

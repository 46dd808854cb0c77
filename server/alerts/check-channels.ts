import type { OutboundClient } from '#server/outbound/index.ts';
import type { AlertChannelInput } from './schemas.ts';
import { matchChannels, type OpenedWebhook } from './stored-channels.ts';

/**
 * Asks for every new address of a webhook whether a tenant may reach it. It asks resolvers, so not inside a
 * transaction. An address that is stored already is not asked again, or nobody could switch off what tells a host that
 * is gone; what is sent is checked each time anyway.
 * @throws ServiceError ADDRESS_REFUSED, OUTBOUND_UNREACHABLE, INPUT_INVALID; what `open` throws, which is called for a
 * webhook only
 */
export async function checkChannels(
  open: () => OutboundClient,
  channels: readonly AlertChannelInput[],
  stored: readonly OpenedWebhook[] = [],
): Promise<void> {
  for (const wanted of matchChannels(channels, stored))
    if (wanted.kind === 'webhook' && 'url' in wanted) await open().checkUrl(wanted.url, { trust: 'tenant' });
}

/** What may go wrong when addresses are checked. */
export const ADDRESS_ERRORS = ['ADDRESS_REFUSED', 'OUTBOUND_UNREACHABLE', 'SECRETS_UNAVAILABLE'] as const;

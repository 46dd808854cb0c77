// Channels as they are stored and as they are shown. Whoever knows a webhook's address can write there, so it is sealed
// and nobody is answered it again: shown are its origin and a mask, and who saves sends the mask back to keep it.
import type { AlertChannel as StoredChannel, WebhookChannel } from '#db/schema/index.ts';
import { readAddresses, sealAddress } from '#server/connections/index.ts';
import { ServiceError, type Tx } from '#server/lib/index.ts';
import type { AlertChannel, AlertChannelInput } from './schemas.ts';

const originOf = (channel: WebhookChannel) => ('id' in channel ? channel.origin : new URL(channel.url).origin);
const maskOf = (channel: WebhookChannel) => `${originOf(channel)}/…`;
/** As it is answered, and as a URL parser writes it. */
const MASK = /^https?:\/\/[^/?#]+\/(…|%E2%80%A6)$/i;
const isSame = (url: string, other: string) => new URL(url).href === new URL(other).href;

/** What answers and the audit log have of channels. */
export const shownChannels = (channels: readonly StoredChannel[]): AlertChannel[] =>
  channels.map((channel) =>
    channel.kind === 'webhook'
      ? { kind: 'webhook', ...('id' in channel ? { id: channel.id } : {}), url: maskOf(channel) }
      : channel,
  );

/** A stored webhook with its whole address; null when that cannot be opened: it can still be kept or replaced. */
export type OpenedWebhook = { channel: WebhookChannel; url: string | null };

/** Opens what is stored of the webhooks among the channels. */
export async function openWebhooks(
  tx: Tx,
  tenantId: string,
  channels: readonly StoredChannel[],
): Promise<OpenedWebhook[]> {
  const webhooks = channels.filter((channel) => channel.kind === 'webhook');
  const open = await readAddresses(tx, tenantId, idsOf(webhooks));
  return webhooks.map((channel) => {
    if (!('id' in channel)) return { channel, url: channel.url };
    try {
      return { channel, url: open(channel.id) };
    } catch {
      return { channel, url: null };
    }
  });
}

/** The sealed addresses that channels name. */
export const idsOf = (channels: readonly StoredChannel[]): string[] =>
  channels.flatMap((channel) => (channel.kind === 'webhook' && 'id' in channel ? [channel.id] : []));

/** A channel that is to be stored; a webhook is the one that is stored, or has an address that is to be sealed. */
export type WantedChannel =
  | Exclude<AlertChannelInput, { kind: 'webhook' }>
  | { kind: 'webhook'; kept: WebhookChannel }
  | { kind: 'webhook'; url: string };

/**
 * Tells kept webhooks from new ones: kept is one whose mask, or whole address, comes back.
 * @throws ServiceError INPUT_INVALID for a mask that stands for none of the stored ones, or for several
 */
export const matchChannels = (
  channels: readonly AlertChannelInput[],
  stored: readonly OpenedWebhook[],
): WantedChannel[] =>
  channels.map((channel) => {
    if (channel.kind !== 'webhook') return channel;
    const kept = findKept(channel, stored);
    return kept === null ? { kind: 'webhook', url: channel.url } : { kind: 'webhook', kept: kept.channel };
  });

function findKept(
  { id, url }: Extract<AlertChannelInput, { kind: 'webhook' }>,
  stored: readonly OpenedWebhook[],
): OpenedWebhook | null {
  if (!MASK.test(url)) return stored.find((one) => one.url === url) ?? null;
  const alike = stored.filter(
    ({ channel }) => isSame(url, maskOf(channel)) && (id === undefined || !('id' in channel) || channel.id === id),
  );
  const [only, another] = alike;
  if (only !== undefined && another === undefined) return only;
  throw new ServiceError(
    'INPUT_INVALID',
    only === undefined
      ? `"${url}" is what is shown of a webhook's address, and stands here for none that is stored; give the whole address`
      : `"${url}" stands for ${alike.length} webhooks; give the "id" of the one that is kept`,
  );
}

/**
 * The channels as they are to be stored in the place of `before`, with every new address sealed.
 * @throws ServiceError INPUT_INVALID, SECRETS_UNAVAILABLE
 */
export async function sealChannels(
  tx: Tx,
  tenantId: string,
  channels: readonly AlertChannelInput[],
  before: readonly StoredChannel[] = [],
): Promise<StoredChannel[]> {
  const stored: StoredChannel[] = [];
  for (const wanted of matchChannels(channels, await openWebhooks(tx, tenantId, before))) {
    if (wanted.kind !== 'webhook') stored.push(wanted);
    else stored.push(await sealWebhook(tx, tenantId, 'kept' in wanted ? wanted.kept : wanted));
  }
  return stored;
}

/** The webhook with its address sealed, as it may be already. @throws ServiceError SECRETS_UNAVAILABLE */
export async function sealWebhook(tx: Tx, tenantId: string, channel: WebhookChannel): Promise<WebhookChannel> {
  if ('id' in channel) return channel;
  return { kind: 'webhook', id: await sealAddress(tx, tenantId, channel.url), origin: originOf(channel) };
}

// What the forms of alerts and reports have in common.
import type { AlertChannelInput } from '#server/web/index.ts';
import { text } from '../api.server.ts';

/** The channels of ChannelFields' form. */
export function channelsOf(form: FormData): AlertChannelInput[] {
  const to = text(form, 'email')
    .split(/[\s,;]+/)
    .filter((address) => address !== '');
  const url = text(form, 'webhook');
  return [
    ...(form.get('log') === null ? [] : [{ kind: 'log' } as const]),
    ...carried(text(form, 'keptWebhook') && `[${text(form, 'keptWebhook')}]`),
    ...(url === '' ? [] : [{ kind: 'webhook', url } as const]),
    ...(to.length === 0 ? [] : [{ kind: 'email', to } as const]),
    ...carried(text(form, 'moreChannels')),
  ];
}

/**
 * Channels that the form carries as they were shown: the webhook that is kept, and those beyond one of each kind. The
 * API checks what they are.
 */
function carried(json: string): AlertChannelInput[] {
  try {
    const channels: unknown = JSON.parse(json || '[]');
    return Array.isArray(channels) ? (channels as AlertChannelInput[]) : [];
  } catch {
    return [];
  }
}

// What the forms of alerts and reports have in common.
import type { AlertChannel } from '#server/web/index.ts';
import { text } from '../api.server.ts';

/** The channels of ChannelFields' form. */
export function channelsOf(form: FormData): AlertChannel[] {
  const to = text(form, 'email')
    .split(/[\s,;]+/)
    .filter((address) => address !== '');
  const url = text(form, 'webhook');
  return [
    ...(form.get('log') === null ? [] : [{ kind: 'log' } as const]),
    ...(url === '' ? [] : [{ kind: 'webhook', url } as const]),
    ...(to.length === 0 ? [] : [{ kind: 'email', to } as const]),
    ...moreOf(form),
  ];
}

/** Channels beyond one of each kind, which the form carries and does not show. The API checks what they are. */
function moreOf(form: FormData): AlertChannel[] {
  try {
    const more: unknown = JSON.parse(text(form, 'moreChannels') || '[]');
    return Array.isArray(more) ? (more as AlertChannel[]) : [];
  } catch {
    return [];
  }
}

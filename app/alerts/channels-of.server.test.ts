import { expect, it } from 'vitest';
import { channelsOf } from './channels-of.server.ts';

const form = (fields: Record<string, string>) => {
  const made = new FormData();
  for (const [name, value] of Object.entries(fields)) made.set(name, value);
  return made;
};
const kept = { kind: 'webhook', id: 'w', url: 'https://chat.example.org/…' };

it('a form that shows a stored webhook sends it back as it was shown, before the channels that it does not show', () => {
  const more = [{ kind: 'email', to: ['b@example.org'] }];
  const fields = { keptWebhook: JSON.stringify(kept), email: 'a@example.org', moreChannels: JSON.stringify(more) };
  expect(channelsOf(form(fields))).toEqual([kept, { kind: 'email', to: ['a@example.org'] }, ...more]);
});

it('a form that replaces a webhook sends the new address alone, and an empty one takes it away', () => {
  const url = 'https://chat.example.org/new';
  expect(channelsOf(form({ webhook: url, log: 'on' }))).toEqual([{ kind: 'log' }, { kind: 'webhook', url }]);
  expect(channelsOf(form({ webhook: '', log: 'on' }))).toEqual([{ kind: 'log' }]);
});

it('what is no list of channels is none', () => {
  expect(channelsOf(form({ log: 'on', moreChannels: '{"kind":', keptWebhook: 'no' }))).toEqual([{ kind: 'log' }]);
});

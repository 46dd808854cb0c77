import { expect, it } from 'vitest';
import { channelsFor } from './queue-deliveries.ts';

const channels = [
  { kind: 'log' as const },
  { kind: 'webhook' as const, url: 'https://chat.example.org/hooks/secret?key=1' },
];
const key = (...scopes: string[]) => ({ kind: 'api_key' as const, id: 'k', scopes });

it('of a webhook shows its path, which may be a secret, to who may change it and to nobody else', () => {
  expect(channelsFor(key('alerts:read', 'alerts:write'), 'alerts:write', channels)).toEqual(channels);
  expect(channelsFor(key('alerts:read', 'reports:write'), 'alerts:write', channels)).toEqual([
    { kind: 'log' },
    { kind: 'webhook', url: 'https://chat.example.org/' },
  ]);
});

import { describe, expect, it } from 'vitest';
import { parseEnvironment } from '#server/env.ts';
import { requireWebhookUrl } from './publisher-settings.ts';

const requireUrl = (url: string, more: Record<string, string> = {}) =>
  requireWebhookUrl(parseEnvironment({ OUTBOX_WEBHOOK_URL: url, ...more }));

describe('the address of the webhook', () => {
  it.each([
    'http://169.254.169.254/a-canary',
    'https://[::ffff:169.254.169.254]/a-canary',
    'http://0xa9fea9fe/a-canary',
    'http://[64:ff9b::a9fe:a9fe]/a-canary',
    'http://[2002:a9fe:a9fe::1]/a-canary',
    'http://[fe80::1]:8080/a-canary',
    'http://100.100.100.200/a-canary',
    'http://192.0.0.192/a-canary',
    'http://168.63.129.16./a-canary',
    'https://a-canary@receiver.example/',
    'https://user:a-canary@receiver.example/',
    'http://receiver.example:0/a-canary',
  ])('is named at the start, without its value, when every request would be refused: %s', (url) => {
    expect(() => requireUrl(url)).toThrow('\n  OUTBOX_WEBHOOK_URL: ');
    expect(() => requireUrl(url)).not.toThrow('a-canary');
  });

  it('may lie inside, be a name, be absent, or be in a range that was opened', () => {
    for (const url of ['http://10.1.2.3:8080/events', 'http://[fd12::1]/', 'https://receiver.example/', ''])
      expect(() => requireUrl(url)).not.toThrow();
    const opened = { OUTBOUND_ALLOW_CIDRS: '169.254.7.0/24' };
    expect(() => requireUrl('http://169.254.7.1/', opened)).not.toThrow();
    expect(() => requireUrl('http://169.254.8.1/', opened)).toThrow('OUTBOX_WEBHOOK_URL');
  });
});

// The signature of Standard Webhooks (standardwebhooks.com): what a receiver checks with any of its libraries.
import { createHmac } from 'node:crypto';

/** The three headers of a message. `secret` is "whsec_" and base64; `at` must be near the receiver's clock. */
export function signWebhook(secret: string, id: string, body: string, at: Date): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}

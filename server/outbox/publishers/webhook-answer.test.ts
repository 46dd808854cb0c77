import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { judgeAnswer } from './webhook-answer.ts';
import { signWebhook } from './webhook-signature.ts';

const now = new Date('2026-11-21T12:00:00Z');
const judge = (status: number, headers: Record<string, string> = {}, body = '') =>
  judgeAnswer({ status, headers, body: Buffer.from(body) }, now);

describe('what an answer says', () => {
  it.each([
    [200, 'taken'],
    [204, 'taken'],
    [301, 'misdirected'],
    [400, 'refused'],
    [401, 'misdirected'],
    [404, 'misdirected'],
    [413, 'refused'],
    [422, 'refused'],
    [429, 'later'],
    [425, 'later'],
    [500, 'failed'],
    [502, 'failed'],
    [504, 'failed'],
    [524, 'failed'],
    [503, 'later'],
  ])('%i: the event is %s', (status, kind) => {
    expect(judge(status).kind).toBe(kind);
  });

  it.each([
    ['7', 7_000],
    ['Sat, 21 Nov 2026 12:00:20 GMT', 20_000],
    ['0', 1_000],
    ['86400', 60_000],
    ['soon', 1_000],
  ])('waits as it is asked to by Retry-After: %s, within bounds', (text, delayMs) => {
    expect(judge(503, { 'retry-after': text })).toMatchObject({ kind: 'later', delayMs });
  });

  it('gives its words as the reason, and not all of them', () => {
    const verdict = judge(422, {}, `no such\n customer ${'x'.repeat(1_000)}`);
    expect(verdict).toMatchObject({
      error: {
        message: expect.stringMatching(/^the receiver answered 422 Unprocessable Entity: no such customer x{50}/),
      },
    });
    expect('error' in verdict && verdict.error.message.length).toBeLessThan(400);
  });
});

describe('the signature', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  it('is one that the libraries of Standard Webhooks accept, and only for this body and secret', () => {
    const body = '{"id":"e1","payload":{"price": 1.10}}';
    const headers = signWebhook(secret, 'e1', body, new Date());
    expect(new Webhook(secret).verify(body, headers)).toEqual({ id: 'e1', payload: { price: 1.1 } });
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow();
    expect(() => new Webhook(`whsec_${Buffer.alloc(32, 8).toString('base64')}`).verify(body, headers)).toThrow();
    expect(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'e2' })).toThrow();
  });
  it('takes a secret without its prefix as the same', () => {
    const at = new Date();
    expect(signWebhook(secret.slice(6), 'e', '{}', at)).toEqual(signWebhook(secret, 'e', '{}', at));
  });
});

import { describe, expect, it } from 'vitest';
import { matchChannels, shownChannels } from './stored-channels.ts';

const origin = 'https://chat.example.org';
const id = '01980000-0000-7000-8000-000000000001';
const otherId = '01980000-0000-7000-8000-000000000002';
const log = { kind: 'log' as const };
const mail = { kind: 'email' as const, to: ['ops@example.org'] };
const sealed = (of: string) => ({ kind: 'webhook' as const, id: of, origin });
const plain = (path: string) => ({ kind: 'webhook' as const, url: `${origin}/hooks/${path}?key=1` });
const mask = `${origin}/…`;
const sent = (url: string, of?: string) => ({ kind: 'webhook' as const, url, ...(of ? { id: of } : {}) });

it('of a webhook the origin is shown, of one that is not sealed yet too, and of the others everything', () => {
  expect(shownChannels([log, sealed(id), plain('secret'), mail])).toEqual([
    log,
    { kind: 'webhook', id, url: mask },
    { kind: 'webhook', url: mask },
    mail,
  ]);
});

describe('a webhook that is sent', () => {
  const one = { channel: sealed(id), url: `${origin}/hooks/one` };
  const other = { channel: sealed(otherId), url: `${origin}/hooks/other` };

  it('masked, as it was shown, is the one that is stored, with its id or alone', () => {
    for (const channel of [sent(mask), sent(mask, id), sent(`${origin}/%E2%80%A6`), sent('HTTPS://Chat.Example.org/…')])
      expect(matchChannels([log, channel, mail], [one])).toEqual([log, { kind: 'webhook', kept: one.channel }, mail]);
    expect(matchChannels([sent(mask, otherId), sent(mask, id)], [one, other])).toEqual([
      { kind: 'webhook', kept: other.channel },
      { kind: 'webhook', kept: one.channel },
    ]);
  });

  it('masked is kept before it is sealed, and when it cannot be opened', () => {
    const early = { channel: plain('a'), url: plain('a').url };
    expect(matchChannels([sent(mask)], [early])).toEqual([{ kind: 'webhook', kept: early.channel }]);
    expect(matchChannels([sent(mask, id)], [{ ...one, url: null }])).toEqual([{ kind: 'webhook', kept: one.channel }]);
  });

  it('with its whole address is kept when it is the stored one, and is a new one otherwise', () => {
    expect(matchChannels([sent(one.url)], [one, other])).toEqual([{ kind: 'webhook', kept: one.channel }]);
    const url = `${origin}/hooks/new`;
    expect(matchChannels([sent(url, id)], [one])).toEqual([{ kind: 'webhook', url }]);
    expect(matchChannels([sent(one.url)], [{ ...one, url: null }])).toEqual([{ kind: 'webhook', url: one.url }]);
  });

  it('masked is refused when it stands for none of the stored ones', () => {
    const wrong = { code: 'INPUT_INVALID', message: expect.stringContaining('give the whole address') };
    const refusal = (channel: ReturnType<typeof sent>, stored: (typeof one)[]) => {
      try {
        return matchChannels([channel], stored);
      } catch (error) {
        return error;
      }
    };
    expect(refusal(sent(mask), [])).toMatchObject(wrong);
    expect(refusal(sent('https://another.example.org/…'), [one])).toMatchObject(wrong);
    expect(refusal(sent(mask, otherId), [one])).toMatchObject(wrong);
    const several = { code: 'INPUT_INVALID', message: expect.stringContaining('2 webhooks; give the "id"') };
    expect(refusal(sent(mask), [one, other])).toMatchObject(several);
  });
});

import { describe, expect, it } from 'vitest';
import { readPreferences } from './preference-cookies.ts';
import { action } from './preferences.ts';

const withCookie = (cookie: string) => readPreferences(new Request('http://x.test/', { headers: { cookie } }));
const post = (form: Record<string, string>) =>
  action({
    request: new Request('http://x.test/preferences', { method: 'POST', body: new URLSearchParams(form) }),
  } as unknown as Parameters<typeof action>[0]);

describe('theme and zone of a browser', () => {
  it('are read from its cookies', () => {
    expect(withCookie('a=b; ms_theme=dark; ms_zone=Asia%2FTokyo')).toEqual({ theme: 'dark', zone: 'Asia/Tokyo' });
  });
  it('fall back where a cookie names nothing that exists or is broken', () => {
    expect(withCookie('ms_theme=pink; ms_zone=Mars%2FOlympus')).toEqual({ theme: 'system', zone: 'UTC' });
    expect(withCookie('ms_zone=%E0%A4%A')).toEqual({ theme: 'system', zone: 'UTC' });
  });
  it('are stored only when they exist', async () => {
    const answer = (await post({ theme: 'dark', zone: 'Mars/Olympus', back: '/data/runs' })) as Response;
    expect(answer.headers.getSetCookie()).toHaveLength(1);
    expect(answer.headers.get('Location')).toBe('/data/runs');
  });
  it.each(['//elsewhere.example', '/\\elsewhere.example', 'https://elsewhere.example'])(
    'never send a person to %s',
    async (back) => {
      const answer = await post({ theme: 'dark', back });
      expect(answer instanceof Response && answer.headers.has('Location')).toBe(false);
    },
  );
});

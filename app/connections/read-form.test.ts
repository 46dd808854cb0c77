import { describe, expect, it } from 'vitest';
import { addressOf, KIND_FORMS, KINDS, shownLines } from './kinds.ts';
import { FormProblem, readParts } from './read-form.ts';

const formOf = (fields: Record<string, string>) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  return form;
};

describe('the form of a connection', () => {
  it('leaves out what was left empty, so that defaults hold and stored secrets stay', () => {
    const form = formOf({ 'config.bucket': ' raw ', 'config.region': '', 'secrets.accessKeyId': '' });
    expect(readParts('s3', form)).toEqual({ config: { bucket: 'raw', forcePathStyle: false }, secrets: {} });
  });
  it('sends a secret that was given, and null for one that is to go', () => {
    const form = formOf({ 'secrets.url': 'https://hooks.example/a', 'drop.authorization': '1', 'drop.url': '1' });
    expect(readParts('webhook', form).secrets).toEqual({ url: 'https://hooks.example/a', authorization: null });
  });
  it('reads brokers and headers line by line, and shows them as they were written', () => {
    const brokers = 'k1.example:9092\n[2001:db8::1]:9093';
    const read = readParts('kafka', formOf({ 'config.brokers': `${brokers}\n\n`, 'config.ssl': '1' })).config;
    expect(read).toEqual({
      brokers: [
        { host: 'k1.example', port: 9092 },
        { host: '2001:db8::1', port: 9093 },
      ],
      ssl: true,
    });
    expect(shownLines('brokers', read.brokers)).toBe(brokers);
    const headers = readParts('webhook', formOf({ 'config.headers': 'X-Team: data\nX-Link: a:b' })).config.headers;
    expect(headers).toEqual({ 'X-Team': 'data', 'X-Link': 'a:b' });
    expect(shownLines('headers', headers)).toBe('X-Team: data\nX-Link: a:b');
  });
  it('says which line or number is wrong', () => {
    expect(() => readParts('kafka', formOf({ 'config.brokers': 'k1.example' }))).toThrow(FormProblem);
    expect(() => readParts('webhook', formOf({ 'config.headers': 'no colon' }))).toThrow('no colon');
    expect(() => readParts('smtp', formOf({ 'config.port': 'x25' }))).toThrow('"x25"');
  });
  it('has an address to show for every kind, and no secret among it', () => {
    const filled = (kind: (typeof KINDS)[number]) => {
      const { config, secrets } = KIND_FORMS[kind];
      const form = formOf({
        ...Object.fromEntries(config.map(({ name, type }) => [`config.${name}`, type === 'lines' ? 'a:1' : '1'])),
        ...Object.fromEntries(secrets.map(({ name }) => [`secrets.${name}`, 'hidden'])),
      });
      return addressOf(kind, { origin: 'https://hooks.example', ...readParts(kind, form).config });
    };
    for (const kind of KINDS) {
      expect(filled(kind), kind).not.toBe('');
      expect(filled(kind), kind).not.toContain('hidden');
    }
  });
});

import { ServiceError } from '#server/lib/index.ts';

const MAX_URL_CHARS = 2_048;

/**
 * A URL as the platform reads it: hosts in decimal, octal, hexadecimal or full-width digits come out as the address
 * they mean, so what is checked afterwards is what would be connected to. The fragment is dropped.
 * @throws ServiceError ADDRESS_REFUSED
 */
export function parseOutboundUrl(text: string): URL {
  const refuse = (what: string) => new ServiceError('ADDRESS_REFUSED', what);
  if (text.length > MAX_URL_CHARS) throw refuse(`a URL has at most ${MAX_URL_CHARS} characters`);
  const url = URL.parse(text);
  if (!url) throw refuse('this is no URL; write it as https://host/path');
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw refuse(`"${url.protocol}" is not taken; write https://host/path`);
  if (url.username !== '' || url.password !== '')
    throw refuse(
      'a URL must not carry a user or password: leave them out; what a connection needs is given as its secrets',
    );
  if (url.port === '0') throw refuse('port 0 is not taken');
  url.hash = '';
  return url;
}

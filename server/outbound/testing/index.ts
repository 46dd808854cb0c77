export { certificate, key } from './certificate.ts';
export { BAD_URLS, INNER_ANSWERS, INNER_URLS } from './inner-addresses.ts';
export { type Listener, startListener } from './listener.ts';

export { baseApp, type Variables } from './base-app.ts';
export { type Listening, listen } from './listen.ts';
export { privateApp } from './private-app.ts';
export { type WebOptions, webApp } from './web-app.ts';

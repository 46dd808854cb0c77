export { parseCidrs } from './address.ts';
export type { Agents } from './agents.ts';
export type { Resolve, Trust } from './check-host.ts';
export { createOutboundClient, type OutboundClient, type OutboundOptions, statusText } from './client.ts';
export { type GitHttpOptions, gitHttp } from './git-http.ts';
export { operatorUrlProblem } from './operator-url.ts';
export { isUnanswered, type OutboundAnswer, type OutboundRequest } from './send.ts';

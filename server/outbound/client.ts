// The one way out of this installation over HTTP. No redirect is followed, no proxy of the environment is used.
import { STATUS_CODES } from 'node:http';
import { parseCidrs } from './address.ts';
import { type Agents, createAgents } from './agents.ts';
import { checkHost, type Resolve, resolveBySystem, type Trust } from './check-host.ts';
import { parseOutboundUrl } from './parse-url.ts';
import { type OutboundAnswer, type OutboundRequest, send } from './send.ts';

export type OutboundOptions = {
  /** Ranges that tenants' addresses may lie in besides the internet: OUTBOUND_ALLOW_CIDRS. */
  allowCidrs: readonly string[];
  /** Default: the system's resolver. */
  resolve?: Resolve;
  /** Certificates in PEM that are trusted instead of the system's. */
  ca?: string;
};

export type OutboundClient = {
  /**
   * For the moment a URL is saved: its form, and for a tenant's every address of its host. The URL to store.
   * @throws ServiceError ADDRESS_REFUSED; OUTBOUND_UNREACHABLE when a tenant's name does not resolve
   */
  checkUrl(url: string, options: { trust: Trust }): Promise<string>;
  /**
   * The addresses of a host that may be connected to, for what speaks no HTTP: connect to one of these and to
   * nothing that a resolver says later. `isPlain`: without TLS a tenant's may only lie in a range that was opened.
   * @throws ServiceError ADDRESS_REFUSED, OUTBOUND_UNREACHABLE
   */
  checkHost(host: string, options: { trust: Trust; isPlain?: boolean }): Promise<string[]>;
  /**
   * One request, checked again. Any status is an answer, a redirect too: it is not followed.
   * @throws ServiceError ADDRESS_REFUSED (never try again), OUTBOUND_UNREACHABLE, OUTBOUND_DEADLINE; the signal's reason
   */
  request(request: OutboundRequest & { trust: Trust }): Promise<OutboundAnswer>;
  /** Agents of node:http with the same guard, for libraries that take one. */
  agents(trust: Trust): Agents;
  /** Closes idle connections. */
  close(): void;
};

/** @throws Error naming a range that is none. */
export function createOutboundClient(options: OutboundOptions): OutboundClient {
  const rules = { allowed: parseCidrs(options.allowCidrs), resolve: options.resolve ?? resolveBySystem };
  const tls = options.ca === undefined ? {} : { ca: options.ca };
  const agents = {
    tenant: createAgents('tenant', rules, tls),
    operator: createAgents('operator', rules, tls),
  };
  return {
    async checkUrl(text, { trust }) {
      const url = parseOutboundUrl(text);
      await checkHost(url.hostname, { trust, isPlain: url.protocol === 'http:' }, rules);
      return url.href;
    },
    checkHost: (host, { trust, isPlain = false }) => checkHost(host, { trust, isPlain }, rules),
    request: ({ trust, ...request }) => send(request, agents[trust]),
    agents: (trust) => agents[trust],
    close() {
      for (const pair of Object.values(agents)) for (const agent of Object.values(pair)) agent.destroy();
    },
  };
}

/** `503 Service Unavailable`, for messages. */
export const statusText = (status: number): string => [status, STATUS_CODES[status]].filter(Boolean).join(' ');

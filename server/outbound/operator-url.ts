import { isIP } from 'node:net';
import { ServiceError } from '#server/lib/index.ts';
import { isNobodys, parseCidrs } from './address.ts';
import { bare } from './check-host.ts';
import { parseOutboundUrl } from './parse-url.ts';

/**
 * For the start of a process: why every request to an operator's URL would be refused, as far as the URL alone tells,
 * for no name is resolved here. Without the URL; null when it may be sent to.
 */
export function operatorUrlProblem(text: string, allowCidrs: readonly string[]): string | null {
  const allowed = parseCidrs(allowCidrs);
  try {
    const host = bare(parseOutboundUrl(text).hostname);
    if (!isIP(host) || !isNobodys(host, allowed)) return null;
    return "must not lead to a link-local or metadata address; give a receiver's, or open the range (OUTBOUND_ALLOW_CIDRS)";
  } catch (error) {
    if (error instanceof ServiceError) return error.message;
    throw error;
  }
}

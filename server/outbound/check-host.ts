// From a host to the addresses that a connection may go to. Every address that the name resolves to is checked:
// one bad one refuses the name, since which of them a connection takes is chance.
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { ServiceError } from '#server/lib/index.ts';
import { type Cidr, isNobodys, judgeAddress } from './address.ts';

/** Who wrote the address: the operator's environment may point inside (not to link-local and metadata addresses), what a tenant sets may not. */
export type Trust = 'tenant' | 'operator';
/** All addresses of a name. */
export type Resolve = (host: string) => Promise<string[]>;
export type HostRules = { allowed: readonly Cidr[]; resolve: Resolve };

/** As the system resolves it, /etc/hosts included: what a connection would ask. */
export const resolveBySystem: Resolve = async (host) =>
  (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);

/** The names of the machine itself, whatever a resolver says of them (RFC 6761). */
const LOCALHOST = /(^|\.)localhost$/i;
const LOOPBACK = ['127.0.0.1', '::1'];

/** A host as it stands in a URL, without brackets and the dot of a whole name. */
export const bare = (host: string) => host.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/**
 * The addresses to connect to, all of them checked. `isPlain`: without TLS a tenant's request may only go where
 * the operator opened a range.
 * @throws ServiceError ADDRESS_REFUSED; OUTBOUND_UNREACHABLE when the name does not resolve
 */
export async function checkHost(
  host: string,
  options: { trust: Trust; isPlain: boolean },
  rules: HostRules,
): Promise<string[]> {
  const name = bare(host);
  const addresses = await addressesOf(name, options.trust, rules.resolve);
  if (options.trust === 'operator') {
    if (addresses.some((address) => isNobodys(address, rules.allowed)))
      throw new ServiceError(
        'ADDRESS_REFUSED',
        `"${host}" leads to a link-local or metadata address; give a receiver's, or open the range (OUTBOUND_ALLOW_CIDRS)`,
      );
    return addresses;
  }
  const verdicts = new Set(addresses.map((address) => judgeAddress(address, rules.allowed)));
  // The address itself is not told: a tenant must not read the inner network's names off our refusals.
  if (verdicts.has('refused'))
    throw refused(
      isIP(name) ? `the address "${host}" is not public` : `"${host}" leads to an address that is not public`,
    );
  if (options.isPlain && verdicts.has('global')) throw refused(`"${host}" can be reached by https only`);
  return addresses;
}

const refused = (what: string) =>
  new ServiceError(
    'ADDRESS_REFUSED',
    `${what}; give one on the internet, or ask the operator of this installation to open a range (OUTBOUND_ALLOW_CIDRS)`,
  );

async function addressesOf(name: string, trust: Trust, resolve: Resolve): Promise<string[]> {
  if (isIP(name)) return [name];
  if (trust === 'tenant' && LOCALHOST.test(name)) return LOOPBACK;
  const addresses = await resolve(name).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer';
    throw new ServiceError('OUTBOUND_UNREACHABLE', `the name "${name}" does not resolve (${code})`);
  });
  if (addresses.length === 0) throw new ServiceError('OUTBOUND_UNREACHABLE', `the name "${name}" has no address`);
  return addresses;
}

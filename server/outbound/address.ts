// Which addresses may be reached. Only global unicast is; every form that carries another address inside is
// decoded first, because 127.0.0.1 can be written as an IPv6 address in a dozen ways.
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
export type Cidr = [Address, number];

/** IANA's special-purpose IPv4 blocks that are not reachable from everywhere, and one address of a cloud. */
const NOT_GLOBAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  // Azure's wire server: a public number that answers only inside, with secrets.
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
].map((cidr) => ipaddr.IPv4.parseCIDR(cidr));

/** All that is global in IPv6 is inside 2000::/3; these parts of it are not. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');
const NOT_GLOBAL_IPV6 = [
  // IETF protocols, Teredo (2001::/32) and ORCHID among them.
  '2001::/23',
  '2001:db8::/32',
  // 6to4 carries an IPv4 address, and relays to it are long gone.
  '2002::/16',
  '3fff::/20',
].map((cidr) => ipaddr.IPv6.parseCIDR(cidr));

/** An IPv4 address stands in the last 32 bits, and reaching the whole reaches it. */
const CARRIES_IPV4 = ['::ffff:0:0/96', '64:ff9b::/96'].map((cidr) => ipaddr.IPv6.parseCIDR(cidr));

/** @throws Error naming a text that is no CIDR range; a bare address is a range of one. */
export function parseCidrs(texts: readonly string[]): Cidr[] {
  return texts.map((text) => {
    const whole = text.includes('/') ? text : `${text}/${text.includes(':') ? 128 : 32}`;
    const isStrict = whole.includes(':') || ipaddr.IPv4.isValidCIDRFourPartDecimal(whole);
    if (!isStrict || !ipaddr.isValidCIDR(whole)) throw new Error(`"${text}" is not a range such as 10.0.0.0/8`);
    return ipaddr.parseCIDR(whole) as Cidr;
  });
}

/** Where clouds answer with the machine's credentials: nobody's receiver lies there. */
const NOBODYS = [
  ...['169.254.0.0/16', '168.63.129.16/32', '100.100.100.200/32', '192.0.0.192/32'],
  ...['fe80::/10', 'fd00:ec2::254/128', 'fd20:ce::254/128'],
].map((cidr) => ipaddr.parseCIDR(cidr) as Cidr);

const isInside = (address: Address, [network, bits]: Cidr) =>
  address.kind() === network.kind() && address.match(network, bits);

/**
 * The address that a packet to this one would arrive at: IPv4-mapped and NAT64 forms give their IPv4 address.
 * Null for what is no address, or one of a single link (`fe80::1%eth0`).
 */
function decode(text: string): Address | null {
  if (isIP(text) === 0 || text.includes('%')) return null;
  const address = ipaddr.parse(text);
  const carries = address.kind() === 'ipv6' && CARRIES_IPV4.some((range) => isInside(address, range));
  return carries ? new ipaddr.IPv4(address.toByteArray().slice(12)) : address;
}

function isGlobal(address: Address): boolean {
  if (address.kind() === 'ipv4') return !NOT_GLOBAL_IPV4.some((range) => isInside(address, range));
  if (!isInside(address, GLOBAL_IPV6) || NOT_GLOBAL_IPV6.some((range) => isInside(address, range))) return false;
  const bytes = address.toByteArray();
  return !isIsatap(bytes) || isGlobal(new ipaddr.IPv4(bytes.slice(12)));
}

/** The interface's half is 0000:5efe or 0200:5efe, then an IPv4 address, below any prefix. */
function isIsatap(bytes: readonly number[]): boolean {
  const [flag, zero, high, low] = bytes.slice(8, 12);
  return ((flag ?? 0) & 0xfd) === 0 && zero === 0 && high === 0x5e && low === 0xfe;
}

/** Where the four bytes of an IPv4 address stand in what a tunnel or a translator unpacks. */
const UNPACKED: readonly [range: Cidr, places: readonly number[][]][] = (
  [
    // IPv4-compatible and IPv4-translated.
    ['::/96', [[12, 13, 14, 15]]],
    ['::ffff:0:0:0/96', [[12, 13, 14, 15]]],
    ['2002::/16', [[2, 3, 4, 5]]],
    // NAT64 with prefixes of the network's own, of 48 to 96 bits (RFC 6052): byte 8 is left out.
    [
      '64:ff9b:1::/48',
      [
        [6, 7, 9, 10],
        [7, 9, 10, 11],
        [9, 10, 11, 12],
        [12, 13, 14, 15],
      ],
    ],
  ] as const
).map(([cidr, places]) => [ipaddr.parseCIDR(cidr) as Cidr, places.map((place) => [...place])]);

/** The IPv4 addresses that an IPv6 address may lead to besides itself. */
function unpack(address: Address): Address[] {
  if (address.kind() === 'ipv4') return [];
  const bytes = address.toByteArray();
  const places = UNPACKED.flatMap(([range, at]) => (isInside(address, range) ? at : []));
  if (isIsatap(bytes)) places.push([12, 13, 14, 15]);
  return places.map((place) => new ipaddr.IPv4(place.map((at) => bytes[at] ?? 0)));
}

/** True for link-local and metadata addresses, which an operator's URL does not reach either unless a range opens them. */
export function isNobodys(text: string, allowed: readonly Cidr[]): boolean {
  const address = decode(text);
  if (address === null) return true;
  const isOne = [address, ...unpack(address)].some((one) => NOBODYS.some((range) => isInside(one, range)));
  return isOne && !allowed.some((range) => isInside(address, range));
}

export type Verdict = 'global' | 'listed' | 'refused';

/** `listed`: inside one of the ranges that the operator opened, whatever it is otherwise. */
export function judgeAddress(text: string, allowed: readonly Cidr[]): Verdict {
  const address = decode(text);
  if (address === null) return 'refused';
  if (allowed.some((range) => isInside(address, range))) return 'listed';
  return isGlobal(address) ? 'global' : 'refused';
}

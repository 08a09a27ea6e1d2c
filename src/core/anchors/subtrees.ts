/**
 * Names that an anchor may vouch for: parts of the DNS, hosts of URIs, blocks of addresses.
 *
 * Whatever cannot be read for certain lies within nothing: a name of a certificate that is odd, and
 * a limit that is odd (the anchor is then not used at all). Names are compared as in the DNS, by
 * ASCII letters without case; international names have their `xn--` form on both sides.
 * Source: RFC 5280 section 4.2.1.10.
 *
 * @module
 */

/** Part of a name space: `tree`: a name and all below it; `below`: those below alone. */
export interface NameSubtree {
  readonly base: string;
  readonly scope: 'tree' | 'below' | 'name';
}

/** A block of addresses: those whose first `prefixBits` are those of `address`. */
export interface AddressBlock {
  readonly address: Uint8Array;
  readonly prefixBits: number;
}

const NAME_MAX_CHARS = 253;
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** A pattern may stand for letters in the first label alone: RFC 6125 section 6.4.3. */
const PATTERN = /^[a-z0-9_*-]{1,63}$/;
/** Scheme, authority and the rest, RFC 3986 appendix B; no user, no IP literal, no escapes. */
const URI = /^[a-z][a-z0-9+.-]*:\/\/([a-z0-9_.-]+)(?::\d*)?(?:[/?#][\x21-\x7e]*)?$/i;
const OCTET = /^(0|[1-9]\d{0,2})$/;
const GROUP = /^[0-9a-f]{1,4}$/;
const PREFIX = /^(0|[1-9]\d{0,2})$/;

/** `example.org`: it and all names below; `.example.org`: those below. */
export function parseDnsSubtree(text: string): NameSubtree | undefined {
  const isBelow = text.startsWith('.');
  const base = hostName(isBelow ? text.slice(1) : text);
  return base === undefined ? undefined : { base, scope: isBelow ? 'below' : 'tree' };
}

/** `example.org`: this host of a URI; `.example.org`: all hosts below. */
export function parseUriSubtree(text: string): NameSubtree | undefined {
  const subtree = parseDnsSubtree(text);
  return subtree?.scope === 'tree' ? { ...subtree, scope: 'name' } : subtree;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. Bits after the prefix must be zero. */
export function parseAddressBlock(text: string): AddressBlock | undefined {
  const [written = '', prefix, ...more] = text.split('/');
  const address = parseAddress(written.toLowerCase());
  if (address === undefined || more.length > 0) return undefined;
  const bits = address.length * 8;
  if (prefix !== undefined && !PREFIX.test(prefix)) return undefined;
  const prefixBits = prefix === undefined ? bits : Number(prefix);
  if (prefixBits > bits) return undefined;
  const block = { address, prefixBits };
  return isZeroAfter(block) ? block : undefined;
}

/** Says whether everything that a DNS name of a certificate can stand for lies within. */
export function isDnsWithin(name: string, { base, scope }: NameSubtree): boolean {
  const [first = '', ...rest] = withoutRootDot(name).toLowerCase().split('.');
  if (first.includes('*')) {
    // One label stands before the rest, so all of it is below.
    const above = hostName(rest.join('.'));
    return PATTERN.test(first) && above !== undefined && isAtOrBelow(above, base);
  }
  const host = hostName([first, ...rest].join('.'));
  if (host === undefined) return false;
  return scope === 'below' ? host.endsWith(`.${base}`) : isAtOrBelow(host, base);
}

/** Says whether the host of a URI lies within. A URI without a host name lies nowhere. */
export function isUriWithin(uri: string, { base, scope }: NameSubtree): boolean {
  const [, written] = URI.exec(uri) ?? [];
  const host = written === undefined ? undefined : hostName(withoutRootDot(written));
  if (host === undefined) return false;
  return scope === 'name' ? host === base : host.endsWith(`.${base}`);
}

/** Says whether an address lies within; one of the other version never does. */
export function isAddressWithin(ip: Uint8Array, { address, prefixBits }: AddressBlock): boolean {
  if (ip.length !== address.length) return false;
  return ip.every((byte, index) => {
    const mask = maskOf(prefixBits, index);
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
}

/** Says whether a common name could be taken for a host name where a certificate has no other. */
export function isHostLike(commonName: string): boolean {
  return /^[a-z0-9_*.-]+$/i.test(commonName);
}

/** The host name in lower case; none for what is no host name. */
function hostName(text: string): string | undefined {
  const name = text.toLowerCase();
  if (name.length > NAME_MAX_CHARS) return undefined;
  return name.split('.').every((label) => LABEL.test(label)) ? name : undefined;
}

/** Node takes `example.org.` for `example.org`. */
function withoutRootDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

function isAtOrBelow(host: string, base: string): boolean {
  return host === base || host.endsWith(`.${base}`);
}

function parseAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseVersion6(text) : parseVersion4(text);
}

function parseVersion4(text: string): Uint8Array | undefined {
  const octets = text.split('.');
  const isWellFormed = octets.every((octet) => OCTET.test(octet) && Number(octet) < 256);
  return octets.length === 4 && isWellFormed ? Uint8Array.from(octets, Number) : undefined;
}

function parseVersion6(text: string): Uint8Array | undefined {
  const halves = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const [head = [], tail] = halves;
  const written = head.length + (tail?.length ?? 0);
  if (halves.length > 2 || (tail === undefined ? written !== 8 : written > 7)) return undefined;
  const groups = [...head, ...Array.from({ length: 8 - written }, () => '0'), ...(tail ?? [])];
  if (!groups.every((group) => GROUP.test(group))) return undefined;
  return Uint8Array.from(
    groups.map((group) => Number.parseInt(group, 16)).flatMap((value) => [value >> 8, value & 255]),
  );
}

function isZeroAfter({ address, prefixBits }: AddressBlock): boolean {
  return address.every((byte, index) => (byte & ~maskOf(prefixBits, index)) === 0);
}

/** The bits of one byte that belong to the prefix. */
function maskOf(prefixBits: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefixBits - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

/**
 * The text forms inside a node's configuration: addresses and identity patterns.
 *
 * They stay text in the configuration, so that `kedge node config` prints what was written; whoever
 * needs the parts parses them again, which cannot fail after the check at load.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';

/** A host and a port; the host of an IPv6 address is without brackets. */
export interface Address {
  readonly host: string;
  /** 0 asks the system for a free port. */
  readonly port: number;
}

/** An identity of a certificate, exact or, for SPIFFE, everything below a path. */
export type IdentityPattern =
  | { readonly kind: 'spiffe'; readonly id: string; readonly match: 'exact' | 'below' }
  | { readonly kind: 'dns'; readonly name: string };

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/;
const SPIFFE = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+)*(\/\*)?$/;
const DNS = /^dns:([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)$/;

/** Parses `host:port` or `[ipv6]:port`. Errors: `CONFIG`. */
export function parseAddress(text: string): Address {
  const [, ipv6, name, digits] = ADDRESS.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(digits);
  if (host === undefined || port > 65_535) {
    throw new KedgeError(
      'CONFIG',
      `${JSON.stringify(text)} is not host:port; write for example 127.0.0.1:7440 or [::1]:7440`,
    );
  }
  return { host, port };
}

/** Says whether only this machine can reach an address. */
export function isLoopback(address: Address): boolean {
  return (
    address.host === 'localhost' || address.host === '::1' || /^127\.[0-9.]+$/.test(address.host)
  );
}

/** Parses `spiffe://domain/path`, `spiffe://domain/path/*` or `dns:name`. Errors: `CONFIG`. */
export function parseIdentityPattern(text: string): IdentityPattern {
  const dns = DNS.exec(text)?.[1];
  if (dns !== undefined) return { kind: 'dns', name: dns };
  const spiffe = SPIFFE.exec(text);
  if (spiffe === null) {
    throw new KedgeError(
      'CONFIG',
      `${JSON.stringify(text)} is not an identity; write spiffe://domain/path, ` +
        'spiffe://domain/path/* for everything below it, or dns:name',
    );
  }
  return spiffe[1] === undefined
    ? { kind: 'spiffe', id: text, match: 'exact' }
    : { kind: 'spiffe', id: text.slice(0, -1), match: 'below' };
}

/**
 * Parses the identity of all nodes: a SPIFFE id or DNS name in which `{node}` stands once, as a
 * whole path segment or label. Errors: `CONFIG`.
 */
export function parsePeerPattern(text: string): string {
  const example = parseIdentityPattern(text.replace('{node}', 'node'));
  const isWhole = /^spiffe:.*\/\{node\}(?:\/|$)/.test(text) || /[:.]\{node\}(?:\.|$)/.test(text);
  if (isWhole && (example.kind === 'dns' || example.match === 'exact')) return text;
  throw new KedgeError(
    'CONFIG',
    `${JSON.stringify(text)} does not say where the name of the node stands; write for example ` +
      'spiffe://prod.example.org/node/{node} or dns:{node}.kedge.example.org',
  );
}

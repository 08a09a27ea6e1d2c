/**
 * Who calls: from the names in a certificate and the configured identities to roles.
 *
 * Pure. A certificate that chains to our authorities proves names only; what they may do is said by
 * configuration, and a certificate that matches nothing may do nothing. SPIFFE ids follow the
 * SPIFFE-ID standard (section 2) and the X.509-SVID standard (section 2: one URI per certificate);
 * DNS names are compared as a whole, so a wildcard certificate matches nothing.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { type NodeId, parseNodeId } from '../core/ids.ts';

/** What a caller may be: another node, a program that watches, somebody who submits. */
export type Role = 'peer' | 'client' | 'admin';

/** Every role. */
const ROLES: readonly Role[] = ['peer', 'client', 'admin'];

/** Who calls. */
export interface CallerIdentity {
  /** The SPIFFE id or `dns:` name that gave the roles; `plaintext` without TLS. */
  readonly id: string;
  readonly roles: readonly Role[];
  /** Which node it is; present exactly when the roles have `peer`. */
  readonly peer?: NodeId;
}

/** The names that a verified certificate carries as subject alternative names. */
export interface CertificateNames {
  readonly uris: readonly string[];
  readonly dnsNames: readonly string[];
}

/** Which callers are clients or admins: `spiffe://d/p`, `spiffe://d/p/*` or `dns:name`. */
export interface IdentityRule {
  readonly id: string;
  readonly roles: readonly ('client' | 'admin')[];
}

/** Who is who, as configured. */
export interface IdentityRules {
  readonly identities: readonly IdentityRule[];
  /** Other nodes: `spiffe://…` or `dns:…` with `{node}` where the node's name stands. */
  readonly peerIdentity: string;
}

const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+)*$/;
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;
const SPIFFE_ID_MAX_CHARS = 2048;
const BELOW = '/*';
const NODE_PLACE = '{node}';

/** Configured identities, ready to look callers up. */
export class CallerDirectory {
  readonly #exact: Map<string, Set<Role>> = new Map();
  readonly #below: { readonly prefix: string; readonly roles: readonly Role[] }[] = [];
  readonly #peerPrefix: string;
  readonly #peerSuffix: string;

  constructor({ identities, peerIdentity }: IdentityRules) {
    for (const { id, roles } of identities) {
      if (id.endsWith(BELOW)) this.#below.push({ prefix: id.slice(0, -1), roles });
      else for (const role of roles) this.#grant(id, role);
    }
    const [prefix = '', suffix = ''] = peerIdentity.split(NODE_PLACE);
    this.#peerPrefix = prefix;
    this.#peerSuffix = suffix;
  }

  /**
   * Who a certificate with these names is, with the roles of all its names together. Errors:
   * `ACCESS` when no name is configured, or when it carries several SPIFFE ids.
   */
  byCertificate(names: CertificateNames): CallerIdentity {
    const ids = identitiesOf(names);
    const granted = ids.map((id) => ({ id, roles: this.#rolesOf(id), peer: this.#peerOf(id) }));
    const [first] = granted.filter(({ roles, peer }) => roles.size > 0 || peer !== undefined);
    if (first === undefined) throw unknownCaller(ids);
    const peers = granted.flatMap(({ peer }) => (peer === undefined ? [] : [peer]));
    const [peer] = peers;
    if (peers.length > 1) {
      throw new KedgeError('ACCESS', `certificate of ${first.id} names more than one peer`);
    }
    const roles = ROLES.filter((role) => granted.some((one) => one.roles.has(role)));
    return peer === undefined
      ? { id: first.id, roles }
      : { id: first.id, roles: ['peer', ...roles], peer };
  }

  /** Which node a certificate with these names is. Errors: `ACCESS`. */
  nodeByCertificate(names: CertificateNames): NodeId {
    const { id, peer } = this.byCertificate(names);
    if (peer !== undefined) return peer;
    throw new KedgeError('ACCESS', `${id} is not the certificate of a node`);
  }

  /**
   * Who calls without TLS: everybody may everything, and a peer is the one that it says it is.
   * Errors: `ACCESS` when what it says is no name of a node.
   */
  byClaim(nodeId: string | undefined): CallerIdentity {
    const id = 'plaintext';
    if (nodeId === undefined) return { id, roles: ['client', 'admin'] };
    const peer = asNodeId(nodeId);
    if (peer !== undefined) return { id, roles: ROLES, peer };
    throw new KedgeError('ACCESS', `${JSON.stringify(nodeId.slice(0, 80))} is no name of a node`);
  }

  #peerOf(id: string): NodeId | undefined {
    const [prefix, suffix] = [this.#peerPrefix, this.#peerSuffix];
    if (!id.startsWith(prefix) || !id.endsWith(suffix)) return undefined;
    // Nothing is left where both ends overlap, and nothing is no name.
    return asNodeId(id.slice(prefix.length, id.length - suffix.length));
  }

  #grant(id: string, role: Role): void {
    const roles = this.#exact.get(id) ?? new Set<Role>();
    this.#exact.set(id, roles.add(role));
  }

  #rolesOf(id: string): ReadonlySet<Role> {
    const roles = new Set<Role>(this.#exact.get(id));
    for (const rule of this.#below) {
      if (id.startsWith(rule.prefix)) for (const role of rule.roles) roles.add(role);
    }
    return roles;
  }
}

/** The text as a node's name; absent when no node can have it. */
export function asNodeId(text: string): NodeId | undefined {
  try {
    return parseNodeId(text);
  } catch {
    // Not a name that a node can have: then it is no node.
    return undefined;
  }
}

/** Says that a caller may not use a method. Errors: `ACCESS`. */
export function requireRole(caller: CallerIdentity, role: Role): void {
  if (caller.roles.includes(role)) return;
  throw new KedgeError('ACCESS', `${caller.id} does not have the role ${role}`, {
    detail: { id: caller.id, role, roles: caller.roles },
  });
}

/** The identities of a certificate in the notation of the configuration, SPIFFE first. */
function identitiesOf({ uris, dnsNames }: CertificateNames): readonly string[] {
  const spiffe = uris.filter((uri) => uri.toLowerCase().startsWith('spiffe:'));
  if (spiffe.length > 1) {
    throw new KedgeError('ACCESS', 'certificate has more than one SPIFFE id: it must have one');
  }
  return [
    ...spiffe.filter(isSpiffeId),
    ...dnsNames.map((name) => `dns:${name.toLowerCase()}`).filter((name) => !name.includes('*')),
  ];
}

// `.` and `..` are not allowed in an id: `…/client/../admin/x` must not match `…/client/*`.
function isSpiffeId(uri: string): boolean {
  return uri.length <= SPIFFE_ID_MAX_CHARS && SPIFFE_ID.test(uri) && !DOT_SEGMENT.test(uri);
}

function unknownCaller(ids: readonly string[]): KedgeError {
  const found = ids.slice(0, 8);
  const names =
    found.length === 0 ? 'a certificate without SPIFFE id or DNS name' : found.join(', ');
  return new KedgeError('ACCESS', `no role is configured for ${names}: add it to identities`, {
    detail: { found },
  });
}

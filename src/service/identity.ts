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
import type { PeerIdentity } from '../core/gossip/events.ts';
import type { NodeId, RegionName } from '../core/ids.ts';

/** What a caller may be: another node, a program that watches, somebody who submits. */
export type Role = 'peer' | 'client' | 'admin';

/** Every role. */
const ROLES: readonly Role[] = ['peer', 'client', 'admin'];

/** Who calls. */
export interface CallerIdentity {
  /** The SPIFFE id or `dns:` name that gave the roles; `plaintext` without TLS. */
  readonly id: string;
  readonly roles: readonly Role[];
  /** Present exactly when the roles have `peer`. */
  readonly peer?: PeerIdentity;
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

/** Another node; `identity` is exact, and absent only where there is no TLS. */
export interface PeerRule {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly identity?: string | undefined;
}

/** Who is who, as configured. */
export interface IdentityRules {
  readonly identities: readonly IdentityRule[];
  readonly peers: readonly PeerRule[];
}

const SPIFFE_ID = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/[A-Za-z0-9._-]+)*$/;
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;
const SPIFFE_ID_MAX_CHARS = 2048;
const BELOW = '/*';

/** Configured identities, ready to look callers up. */
export class CallerDirectory {
  readonly #exact: Map<string, Set<Role>> = new Map();
  readonly #below: { readonly prefix: string; readonly roles: readonly Role[] }[] = [];
  readonly #peers: Map<string, PeerIdentity> = new Map();
  readonly #peersById: Map<string, PeerIdentity> = new Map();

  /** Errors: `CONFIG` when two peers share an identity. */
  constructor({ identities, peers }: IdentityRules) {
    for (const { id, roles } of identities) {
      if (id.endsWith(BELOW)) this.#below.push({ prefix: id.slice(0, -1), roles });
      else for (const role of roles) this.#grant(id, role);
    }
    for (const { nodeId, region, identity } of peers) {
      const peer = { nodeId, region };
      this.#peersById.set(nodeId, peer);
      if (identity === undefined) continue;
      const other = this.#peers.get(identity);
      if (other !== undefined) {
        const names = `${other.nodeId} and ${nodeId}`;
        throw new KedgeError('CONFIG', `peers ${names} have the same identity ${identity}`);
      }
      this.#peers.set(identity, peer);
      this.#grant(identity, 'peer');
    }
  }

  /**
   * Who a certificate with these names is, with the roles of all its names together. Errors:
   * `ACCESS` when no name is configured, or when it carries several SPIFFE ids.
   */
  byCertificate(names: CertificateNames): CallerIdentity {
    const ids = identitiesOf(names);
    const granted = ids.map((id) => ({ id, roles: this.#rolesOf(id), peer: this.#peers.get(id) }));
    const [first] = granted.filter(({ roles }) => roles.size > 0);
    if (first === undefined) throw unknownCaller(ids);
    const peers = granted.flatMap(({ peer }) => (peer === undefined ? [] : [peer]));
    const [peer] = peers;
    if (peers.length > 1) {
      throw new KedgeError('ACCESS', `certificate of ${first.id} names more than one peer`);
    }
    const roles = ROLES.filter((role) => granted.some((one) => one.roles.has(role)));
    return peer === undefined ? { id: first.id, roles } : { id: first.id, roles, peer };
  }

  /**
   * Who calls without TLS: everybody may everything, and a peer is the one that it says it is.
   * Errors: `ACCESS` when it says that it is a peer that is not configured.
   */
  byClaim(nodeId: string | undefined): CallerIdentity {
    const id = 'plaintext';
    if (nodeId === undefined) return { id, roles: ['client', 'admin'] };
    const peer = this.#peersById.get(nodeId);
    if (peer !== undefined) return { id, roles: ROLES, peer };
    throw new KedgeError('ACCESS', `node ${JSON.stringify(nodeId.slice(0, 80))} is not a peer`);
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

/** Says that a caller may not use a method. Errors: `ACCESS`. */
export function requireRole(caller: CallerIdentity, role: Role): void {
  if (caller.roles.includes(role)) return;
  throw new KedgeError('ACCESS', `${caller.id} does not have the role ${role}`, {
    detail: { id: caller.id, role, roles: caller.roles },
  });
}

/** Says that a certificate is the one that was expected. Errors: `ACCESS`. */
export function requireIdentity(names: CertificateNames, expected: string): void {
  const ids = identitiesOf(names);
  if (ids.includes(expected)) return;
  const found = ids.length === 0 ? 'no identity' : ids.slice(0, 8).join(', ');
  throw new KedgeError('ACCESS', `certificate is not that of ${expected}: it has ${found}`, {
    detail: { expected, found: ids.slice(0, 8) },
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

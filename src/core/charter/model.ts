/**
 * The parts of a charter as values: signers, roles, delegations, regions.
 *
 * How they are written is `charter.ts`, what they may not say together `policy.ts`.
 * Spec section 4.
 *
 * @module
 */
import type { Algorithm, PublicKey } from '../crypto.ts';
import type {
  BundleName,
  RealmName,
  RegionName,
  Sequence,
  Sha256,
  SignerId,
  StreamName,
} from '../ids.ts';
import type { Policy } from './rules.ts';

/** One accountable admin or machine; thresholds count signers, never keys. */
export interface Signer {
  readonly id: SignerId;
  /** Who answers for it, for people. */
  readonly owner: string;
  readonly keys: readonly PublicKey[];
}

/** A right, and how many of which signers exercise it together. */
export interface Role {
  /** Sorted, distinct. */
  readonly signers: readonly SignerId[];
  readonly threshold: number;
  /** How long a statement of this role may be valid, days. */
  readonly expiryDays: number;
  /** A signer counts when keys of all of these signed; sorted. Absent: one key, of any kind. */
  readonly requiredAlgs?: readonly Algorithm[];
}

/** The role that replaces a lost charter quorum; its keys stay hidden until they are used. */
export interface RecoveryRole {
  /** Key ids; sorted, distinct. */
  readonly keyDigests: readonly Sha256[];
  readonly threshold: number;
  readonly expiryDays: number;
}

/** The roles of a realm; an absent one is nobody's. */
export interface Roles {
  readonly charter: Role;
  readonly release: Role;
  readonly rollout?: Role;
  readonly revoke?: Role;
  readonly region?: Role;
  readonly recovery?: RecoveryRole;
}

/** The `release` role for one bundle, or for all bundles that end in a suffix. */
export interface Delegation {
  /** A bundle's name, or `*.` and a suffix. */
  readonly bundle: string;
  readonly role: Role;
}

/** A region and the keys that cosign for it. */
export interface Region {
  readonly name: RegionName;
  readonly keys: readonly PublicKey[];
}

/** Which statement of a forked stream stands. */
export interface Resolution {
  readonly stream: StreamName;
  readonly sequence: Sequence;
  /** Digest of the statement that stands; every other one in its place falls. */
  readonly digest: Sha256;
}

/** A realm's charter. */
export interface Charter {
  readonly version: number;
  readonly realm: RealmName;
  /** Sorted by id. */
  readonly signers: readonly Signer[];
  readonly roles: Roles;
  /** Sorted by bundle. */
  readonly delegations: readonly Delegation[];
  /** Sorted by name. */
  readonly regions: readonly Region[];
  readonly lifecycle: {
    /** How long an anchor stays staged before it may become active. */
    readonly holdDownSeconds: number;
    /** How long an anchor stays retiring before it may be removed. */
    readonly overlapSeconds: number;
    /** The share of the trusted anchors that one release may take away, percent. */
    readonly blastRadiusPercent: number;
  };
  readonly clients: {
    /** After this time without news a client calls itself stale. */
    readonly freshnessSeconds: number;
  };
  readonly note: string;
  /** Sorted by stream and sequence; absent when this version decides nothing. */
  readonly resolutions?: readonly Resolution[];
  /**
   * Recovery keys of the charter before that signed this one; sorted by key id. Absent in a charter
   * that its predecessor handed over in good order.
   */
  readonly revealed?: readonly PublicKey[];
  /** Rules for whoever proposes a change; absent: none. */
  readonly policy?: Policy;
}

/**
 * The role that signs releases of a bundle: the delegation with its exact name, else the one with
 * the longest suffix, else the realm's `release` role. Rule CH-12.
 */
export function releaseRole(charter: Charter, bundle: BundleName): Role {
  let best: Delegation | undefined;
  for (const delegation of charter.delegations) {
    if (delegation.bundle === bundle) return delegation.role;
    const isMatch =
      delegation.bundle.startsWith('*') && bundle.endsWith(delegation.bundle.slice(1));
    if (isMatch && delegation.bundle.length > (best?.bundle.length ?? 0)) best = delegation;
  }
  return best?.role ?? charter.roles.release;
}

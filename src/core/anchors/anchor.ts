/**
 * One anchor of a bundle and the tombstone that it leaves: plain facts, no bytes.
 *
 * Which changes from one release to the next are allowed is `lifecycle.ts`; how the facts are
 * written is `releases/body.ts`. Spec section 5.
 *
 * @module
 */
import type { AnchorId, Sequence } from '../ids.ts';

/**
 * How far an anchor is. `staged`: delivered, not trusted. `active`: trusted. `retiring`: still
 * trusted, a successor is active. What comes after is a {@link Tombstone}.
 */
export type AnchorState = 'staged' | 'active' | 'retiring';

/** A limit on what an anchor may vouch for, for example `permitted-dns` with the names. */
export interface Constraint {
  readonly type: string;
  /** A reader that does not enforce this type must not use the anchor at all. */
  readonly critical: boolean;
  /** Sorted, without repetition. */
  readonly values: readonly string[];
}

/** One trusted certificate with what it is for. */
export interface Anchor {
  /** SHA-256 of the DER. */
  readonly id: AnchorId;
  readonly kind: 'x509-ca';
  readonly label: string;
  readonly state: AnchorState;
  /** An allow-list such as `tls-server`, `tls-client`; sorted, at least one. */
  readonly purposes: readonly string[];
  /** Sorted by type, one per type. */
  readonly constraints: readonly Constraint[];
  /** When the present state began: the `issued` of the release that set it. */
  readonly sinceMs: number;
  /** Leaves that are valid from later than this are not trusted through this anchor. */
  readonly distrustAfterMs?: number;
}

/** Why an anchor left: in good order, or because it can no longer be trusted. */
export type TombstoneReason = 'removed' | 'revoked';

/** What stays of an anchor that left, for ever. */
export interface Tombstone {
  readonly id: AnchorId;
  /** The release that made it leave. */
  readonly sequence: Sequence;
  readonly reason: TombstoneReason;
}

/** Says whether programs use an anchor in this state. */
export function isTrusted(anchor: Pick<Anchor, 'state'>): boolean {
  return anchor.state !== 'staged';
}

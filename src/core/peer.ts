/**
 * Other nodes as everything that talks to them names them: who, over which connection, where.
 *
 * @module
 */
import type { NodeId, RegionName } from './ids.ts';

/** Names one connection; never reused. */
export type LinkId = string;

/** A peer: its node as its certificate proves it, in the region that it names. */
export interface PeerIdentity {
  readonly nodeId: NodeId;
  readonly region: RegionName;
}

/** Where to dial. */
export interface DialTarget {
  /** `host:port`. */
  readonly address: string;
  /** Who must answer there; absent for a seed, where any node of the realm may. */
  readonly nodeId?: NodeId;
}

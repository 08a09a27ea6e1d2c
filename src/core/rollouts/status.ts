/**
 * How the newest rollout of a bundle goes, as one node sees it: what an admin's question is
 * answered with.
 *
 * @module
 */
import type { BundleName, RegionName } from '../ids.ts';
import type { SignedDocument } from '../statements/envelope.ts';
import type { NamedRelease } from './body.ts';
import type { Stop, Wait, WaveCounts } from './gates.ts';
import type { SeenNode } from './sight.ts';

/** One wave, in the order of the rollout. */
export interface WaveStatus {
  /** When the node that answers opened it, milliseconds since 1970; absent: it is not open. */
  readonly openedAtMs?: number;
  /** The programs of this wave alone. */
  readonly regions: ReadonlyMap<RegionName, WaveCounts>;
}

/** How the newest rollout of a bundle goes. */
export interface RolloutStatus {
  readonly bundle: BundleName;
  /** The newest release that the node holds. */
  readonly head?: NamedRelease;
  /** What programs get that are in no open wave. */
  readonly everybody?: NamedRelease;
  /** The newest rollout, as it was signed; absent: there is none. */
  readonly rollout?: SignedDocument;
  /** `over`: what it names is not the newest that waits, so it moves nothing. */
  readonly force: 'in-force' | 'over';
  /** The clock of the node. */
  readonly nowMs: number;
  readonly waves: readonly WaveStatus[];
  readonly wait: Wait;
  readonly stop?: Stop;
  readonly nodes: readonly SeenNode[];
}

/** How many waves are open at the node that answers. */
export function openCount({ waves }: Pick<RolloutStatus, 'waves'>): number {
  return waves.filter(({ openedAtMs }) => openedAtMs !== undefined).length;
}

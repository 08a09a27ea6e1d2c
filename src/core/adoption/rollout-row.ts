/**
 * What a node's row says of the rollout of a bundle: how many of its clients are in which wave, and
 * how far they are with the release; how many waves are open there.
 *
 * @module
 */
import type { CanonicalObject } from '../canonical.ts';
import { parseSha256, type Sha256 } from '../ids.ts';
import { ROLLOUT_WAVES_MAX } from '../limits.ts';
import { type IntegerBounds, type ObjectReader, readObject } from '../reader.ts';
import type { WaveCounts } from '../rollouts/gates.ts';

/** Clients of one node by the waves of one rollout. */
export interface RolloutRow {
  /** Digest of the statement of the rollout: counts for another one say nothing. */
  readonly rollout: Sha256;
  /** Waves that are open at this node. */
  readonly open: number;
  /** Whether it stopped by itself. */
  readonly standing: 'going' | 'stopped';
  /** By wave. */
  readonly waves: readonly WaveCounts[];
}

/** The keys of its object. */
export const ROLLOUT_ROW_KEYS = { required: ['open', 'rollout', 'stopped', 'waves'] } as const;

type RolloutKey = (typeof ROLLOUT_ROW_KEYS)['required'][number];

/** Reads it; `count` bounds how many clients there may be. Errors: `PARSE`, `LIMIT`. */
export function readRolloutRow(reader: ObjectReader<RolloutKey>, count: IntegerBounds): RolloutRow {
  return {
    rollout: reader.parsed('rollout', parseSha256),
    open: reader.integer('open', { min: 0, max: ROLLOUT_WAVES_MAX }),
    standing: reader.boolean('stopped') ? 'stopped' : 'going',
    waves: reader.list('waves', { max: ROLLOUT_WAVES_MAX }, (item, path) => {
      const required = ['clients', 'delivered', 'loaded', 'refused'] as const;
      const wave = readObject(item, path, { required });
      return {
        clients: wave.integer('clients', count),
        delivered: wave.integer('delivered', count),
        loaded: wave.integer('loaded', count),
        refused: wave.integer('refused', count),
      };
    }),
  };
}

/** Its object. */
export function writeRolloutRow({ rollout, open, standing, waves }: RolloutRow): CanonicalObject {
  const stopped = standing === 'stopped';
  return { open, rollout, stopped, waves: waves.map((counts) => ({ ...counts })) };
}

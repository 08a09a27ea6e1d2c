/**
 * The clients of one node by the waves of a rollout, kept with each change: what its gates need.
 *
 * A client that is lost counts as long as it got the release: then the release may be why. One that
 * is lost without it says nothing. docs/rollouts.md.
 *
 * @module
 */
import type { Sha256 } from '../ids.ts';
import type { NamedRelease, RolloutBody } from '../rollouts/body.ts';
import { waveOf } from '../rollouts/cohort.ts';
import type { WaveCounts } from '../rollouts/gates.ts';
import type { Client, Progress } from './client.ts';

/** A rollout by which clients are counted. */
export interface CountedRollout {
  /** Of its statement. */
  readonly digest: Sha256;
  readonly body: Pick<RolloutBody, 'to' | 'waves'>;
}

/** How far a client is with the release of a rollout. */
type Reach = 'without' | 'delivered' | 'loaded' | 'refused';

/** Where a client is counted. */
export interface WavePlace {
  readonly rollout: Sha256;
  readonly wave: number;
  readonly reach: Reach | 'nowhere';
}

type Counts = { -readonly [Key in keyof WaveCounts]: number };

/** The counts of one rollout. */
export class WaveTally {
  readonly rollout: CountedRollout;
  readonly #isHeld: (release: NamedRelease) => boolean;
  readonly #counts: readonly Counts[];

  /** `isHeld` says whether this node accepted such a release: anybody can invent a newer one. */
  constructor(rollout: CountedRollout, isHeld: (release: NamedRelease) => boolean) {
    this.rollout = rollout;
    this.#isHeld = isHeld;
    this.#counts = rollout.body.waves.map(() => ({
      clients: 0,
      delivered: 0,
      loaded: 0,
      refused: 0,
    }));
  }

  /** By wave. */
  counts(): readonly WaveCounts[] {
    return this.#counts.map((counts) => ({ ...counts }));
  }

  /** Counts a client where it is now. */
  enter(client: Client, progress: Progress): void {
    const { digest, body } = this.rollout;
    const known = progress.wave?.rollout === digest ? progress.wave.wave : undefined;
    const wave = known ?? waveOf(body, client);
    const reach = this.#reachOf(client, progress, body.to);
    progress.wave = { rollout: digest, wave, reach };
    this.#count(progress.wave, 1);
  }

  /** Takes a client out again. */
  leave({ wave }: Progress): void {
    if (wave?.rollout === this.rollout.digest) this.#count(wave, -1);
  }

  #count({ wave, reach }: WavePlace, by: 1 | -1): void {
    const counts = this.#counts[wave];
    if (counts === undefined || reach === 'nowhere') return;
    counts.clients += by;
    if (reach !== 'without') counts[reach] += by;
  }

  #reachOf({ presence }: Client, { held, other }: Progress, to: NamedRelease): WavePlace['reach'] {
    const isNewer = held !== undefined && held.sequence > to.sequence && this.#isHeld(held);
    const runs = held?.digest === to.digest || isNewer;
    const reach = runs ? 'loaded' : other?.digest === to.digest ? other.stage : 'without';
    if (presence === 'connected') return reach;
    if (reach === 'without') return 'nowhere';
    // It had it, and is not there to say that it works.
    return reach === 'loaded' ? 'delivered' : reach;
  }
}

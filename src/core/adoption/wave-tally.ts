/**
 * The clients of one node by the waves of a rollout, kept with each change: what its gates need.
 *
 * A client that is lost counts as long as it got the release: then the release may be why. One that
 * is lost without it says nothing. Where the rollout says how many clients of one identity count,
 * more of them have no more weight: what they do is counted in proportion. docs/rollouts.md.
 *
 * @module
 */
import type { Sha256 } from '../ids.ts';
import type { NamedRelease, RolloutBody } from '../rollouts/body.ts';
import { waveOf } from '../rollouts/cohort.ts';
import type { WaveCounts } from '../rollouts/gates.ts';
import type { Client, Progress, WavePlace } from './client.ts';

/** A rollout by which clients are counted. */
export interface CountedRollout {
  /** Of its statement. */
  readonly digest: Sha256;
  readonly body: Pick<RolloutBody, 'to' | 'waves' | 'maxPerIdentity'>;
}

const KEYS = ['clients', 'delivered', 'loaded', 'refused'] as const;

type Counts = { -readonly [Key in keyof WaveCounts]: number };

/** The counts of one rollout. */
export class WaveTally {
  readonly rollout: CountedRollout;
  readonly #isHeld: (release: NamedRelease) => boolean;
  readonly #counts: readonly Counts[];
  /** By identity, where one has a limit. */
  readonly #own: Map<string, readonly Counts[]> = new Map();

  /** `isHeld` says whether this node accepted such a release: anybody can invent a newer one. */
  constructor(rollout: CountedRollout, isHeld: (release: NamedRelease) => boolean) {
    this.rollout = rollout;
    this.#isHeld = isHeld;
    this.#counts = this.#nobody();
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
    this.#count(client, progress.wave, 1);
  }

  /** Takes a client out again. */
  leave(client: Client, { wave }: Progress): void {
    if (wave?.rollout === this.rollout.digest) this.#count(client, wave, -1);
  }

  #count({ identity }: Client, { wave, reach }: WavePlace, by: 1 | -1): void {
    const counts = this.#counts[wave];
    if (counts === undefined || reach === 'nowhere') return;
    const { maxPerIdentity } = this.rollout.body;
    if (maxPerIdentity === undefined) return add(counts, reach, by);
    const all = this.#own.get(identity) ?? this.#nobody();
    const own = all[wave];
    if (own === undefined) return;
    const before = shareOf(own, maxPerIdentity);
    add(own, reach, by);
    const after = shareOf(own, maxPerIdentity);
    for (const key of KEYS) counts[key] += after[key] - before[key];
    if (all.some(({ clients }) => clients > 0)) this.#own.set(identity, all);
    else this.#own.delete(identity);
  }

  #nobody(): readonly Counts[] {
    return this.rollout.body.waves.map(() => ({ clients: 0, delivered: 0, loaded: 0, refused: 0 }));
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

function add(counts: Counts, reach: Exclude<WavePlace['reach'], 'nowhere'>, by: 1 | -1): void {
  counts.clients += by;
  if (reach !== 'without') counts[reach] += by;
}

/** DW-17: more clients of one identity than `max` count as so many, rounded to the careful side. */
function shareOf({ clients, delivered, loaded, refused }: Counts, max: number): WaveCounts {
  if (clients <= max) return { clients, delivered, loaded, refused };
  return {
    clients: max,
    delivered: Math.floor((delivered * max) / clients),
    loaded: Math.floor((loaded * max) / clients),
    refused: Math.ceil((refused * max) / clients),
  };
}

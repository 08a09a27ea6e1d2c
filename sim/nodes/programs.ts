/**
 * The programs of a simulated node, and how far each is with what it got: what a node says of them
 * in its row.
 *
 * Some releases are bad in some seeds: programs refuse them now and then.
 *
 * @module
 */
import type { BundleName, Sha256 } from '../../src/core/ids.ts';
import type { NamedRelease, RolloutBody } from '../../src/core/rollouts/body.ts';
import { type Candidate, waveOf } from '../../src/core/rollouts/cohort.ts';
import type { WaveCounts } from '../../src/core/rollouts/gates.ts';
import { draw } from '../world/prf.ts';

const PROGRAMS = 2;
const BAD_SHARE = 0.4;
const REFUSE_SHARE = 0.5;

/** One program, for one bundle. */
export interface Program extends Candidate {
  readonly number: number;
  /** What it uses. */
  held?: NamedRelease;
  /** What it got last, until it says what became of it, and what it refused. */
  other?: { readonly release: NamedRelease; stage: 'delivered' | 'refused' };
}

/** The programs of one node. */
export class Programs {
  readonly #seed: number;
  readonly #host: number;
  readonly #byBundle: Map<BundleName, readonly Program[]> = new Map();
  readonly #waves: WeakMap<RolloutBody, Map<Program, number>> = new WeakMap();

  constructor(seed: number, host: number) {
    this.#seed = seed;
    this.#host = host;
  }

  of(bundle: BundleName): readonly Program[] {
    const known = this.#byBundle.get(bundle);
    if (known !== undefined) return known;
    const made = Array.from({ length: PROGRAMS }, (_, index): Program => {
      const number = this.#host * PROGRAMS + index;
      return { number, identity: `program-${number}`, labels: new Map() };
    });
    this.#byBundle.set(bundle, made);
    return made;
  }

  /** The wave of a program, from 0. */
  waveOf(body: RolloutBody, program: Program): number {
    const known = this.#waves.get(body) ?? new Map<Program, number>();
    this.#waves.set(body, known);
    const wave = known.get(program) ?? waveOf(body, program);
    known.set(program, wave);
    return wave;
  }

  /** Counted by the waves of a rollout. */
  count(body: RolloutBody): readonly WaveCounts[] {
    const { to, waves, bundle } = body;
    const counts = waves.map(() => ({ clients: 0, delivered: 0, loaded: 0, refused: 0 }));
    for (const program of this.of(bundle)) {
      const wave = counts[this.waveOf(body, program)];
      if (wave === undefined) continue;
      const { held, other } = program;
      wave.clients += 1;
      const runs = held !== undefined && (held.digest === to.digest || held.sequence > to.sequence);
      if (runs) wave.loaded += 1;
      else if (other?.release.digest === to.digest) wave[other.stage] += 1;
    }
    return counts;
  }

  /** What a program says of a release that it got. */
  try(program: Program, release: NamedRelease): void {
    if (program.other?.release !== release) return;
    if (this.#refuses(program, release.digest)) {
      program.other.stage = 'refused';
    } else {
      delete program.other;
      program.held = release;
    }
  }

  #refuses({ number }: Program, digest: Sha256): boolean {
    const release = Number.parseInt(digest.slice(0, 7), 16);
    if (draw(this.#seed, 'rollout', release, 0) >= BAD_SHARE) return false;
    return draw(this.#seed, 'rollout', release, 1 + number) < REFUSE_SHARE;
  }
}

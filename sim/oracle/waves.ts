/**
 * What programs get of rollouts, against what the disk says: whether a wave was open before
 * anybody got the release for it, and stays so.
 *
 * @module
 */
import { type BundleName, releaseStream, type Sha256 } from '../../src/core/ids.ts';
import type { NamedRelease, Wave } from '../../src/core/rollouts/body.ts';
import { waveOf } from '../../src/core/rollouts/cohort.ts';
import { CLOSED, type Openness } from '../../src/core/rollouts/gates.ts';
import { opensAtMs } from '../../src/core/rollouts/opening.ts';
import { restoreOpenness } from '../../src/core/rollouts/openness.ts';
import type { RolloutHead } from '../../src/core/trusted/state.ts';
import type { SimNode } from '../nodes/node.ts';
import type { Program } from '../nodes/programs.ts';
import type { Scene } from '../world/scene.ts';
import { type Invariant, Violation } from './violation.ts';

/** What a node opened of the newest rollout that it had of a bundle. */
interface Opened {
  readonly sequence: number;
  readonly digest: Sha256;
  readonly waves: number;
  /** By how many it had opened when it stopped. */
  readonly stoppedAt: number | undefined;
}

type Watcher = Pick<Scene, 'nowMs'>;
type Watched = Pick<SimNode, 'identity' | 'disk'>;

/** How long a process may take from judging a wave to opening it: clocks are right or far off. */
const LATE_MAX_MS = 60_000;

/** Watches the rollouts of one seed. */
export class Waves {
  readonly #scene: Watcher;
  readonly #opened: Map<Watched, Map<BundleName, Opened>> = new Map();

  constructor(scene: Watcher) {
    this.#scene = scene;
  }

  /** A process starts: that a rollout stopped holds from here on where it was noted. */
  starts(host: Watched): void {
    const known = this.#opened.get(host);
    for (const [bundle, opened] of known ?? []) {
      known?.set(bundle, { ...opened, stoppedAt: undefined });
    }
  }

  /** A node has other content than before. */
  forget(host: Watched): void {
    this.#opened.delete(host);
  }

  /** A node starts, or goes on, with so many waves of a rollout open. */
  opens(host: Watched, { body, sequence, digest }: RolloutHead, openness: Openness): void {
    const { bundle } = body;
    const known = this.#opened.get(host) ?? new Map<BundleName, Opened>();
    this.#opened.set(host, known);
    const before = known.get(bundle);
    const { openedMs, stop } = openness;
    const waves = openedMs.length;
    // A fork takes rollouts back; what comes then begins where the disk says.
    const isSame = before?.digest === digest;
    if (isSame && waves < before.waves) {
      this.#fail('wave-stays', host, `closes wave ${before.waves} of ${bundle} ${sequence}`);
    }
    if (isSame && before.stoppedAt !== undefined && waves > before.stoppedAt) {
      this.#fail('wave-stays', host, `opens wave ${waves} of ${bundle} ${sequence}, which stopped`);
    }
    const stoppedAt = isSame && before.stoppedAt !== undefined ? before.stoppedAt : waves;
    const isStopped = stop !== undefined || (isSame && before.stoppedAt !== undefined);
    known.set(bundle, { sequence, digest, waves, stoppedAt: isStopped ? stoppedAt : undefined });
  }

  /** A wave of a rollout opens now; `trueMs`: the time, where regions know it. */
  requireInTime(
    host: Watched,
    { body, sequence }: RolloutHead,
    { openedMs }: Openness,
    trueMs: number | undefined,
  ): void {
    const what = `opens a wave of ${body.bundle} ${sequence}`;
    for (const [index, atMs] of openedMs.entries()) {
      if (isWithin(body.waves[index], atMs)) continue;
      this.#fail('wave-in-time', host, `${what} at ${atMs}`);
    }
    const newest = body.waves[openedMs.length - 1];
    if (trueMs === undefined || newest === undefined) return;
    const near = [trueMs, trueMs - LATE_MAX_MS];
    if (near.some((atMs) => isWithin(newest, atMs))) return;
    this.#fail('wave-in-time', host, `${what}, far from its time`);
  }

  /** A program gets a release. */
  gives(
    host: Watched,
    rollout: RolloutHead | undefined,
    {
      program,
      due,
      bundle,
    }: {
      readonly program: Program;
      readonly due: NamedRelease;
      readonly bundle: BundleName;
    },
  ): void {
    const { disk } = host;
    const what = `gives ${program.identity} ${bundle} ${due.sequence}`;
    const stream = releaseStream(bundle);
    const entry = disk.entry(stream, due.sequence);
    const isHeld =
      entry === undefined ? disk.fork(stream) !== undefined : entry.digest === due.digest;
    if (!isHeld) this.#fail('delivered-held', host, `${what}, which it does not hold`);
    if ((program.held?.sequence ?? 0) > due.sequence) {
      this.#fail('delivered-held', host, `${what} after ${program.held?.sequence}`);
    }
    if (rollout === undefined || due.digest !== rollout.body.to.digest) return;
    const note = disk.notes.get(bundle);
    const { openedMs, stop } = note === undefined ? CLOSED : restoreOpenness(note, rollout);
    const wave = waveOf(rollout.body, program);
    const isOpen = wave < openedMs.length;
    if (isOpen && !isWithin(rollout.body.waves[wave], openedMs[wave] ?? 0)) {
      this.#fail('wave-in-time', host, `${what} by a wave that opened out of its time`);
    }
    if (isOpen && stop === undefined && rollout.body.state !== 'aborted') return;
    this.#fail('wave-noted', host, `${what} by rollout ${rollout.sequence}, its wave is not open`);
  }

  #fail(invariant: Invariant, host: Watched, what: string): never {
    throw new Violation(invariant, this.#scene.nowMs, `${host.identity.nodeId} ${what}`);
  }
}

/** Whether a wave may open at a time. */
function isWithin(wave: Wave | undefined, atMs: number): boolean {
  return wave === undefined || opensAtMs(wave, atMs) === atMs;
}

/**
 * The charter quorum: decides which side of a fork stands, and has a release published on top.
 *
 * In some seeds it decides while faults still strike, otherwise when all is calm. Nobody signs two
 * charters for one version: what was signed is offered until a node says that it is durable.
 *
 * @module
 */
import { CHARTER_STREAM, releaseStream, type Sha256, type StreamName } from '../../src/core/ids.ts';
import { type Evidence, type Head, headOf } from '../../src/core/trusted/state.ts';
import type { SimNode } from '../nodes/node.ts';
import { draw } from '../world/prf.ts';
import type { Scene } from '../world/scene.ts';
import type { Admin } from './admin.ts';
import {
  type Decided,
  type Decision,
  signDecision,
  signOnTop,
  signRolloutOnTop,
} from './decision.ts';
import type { Published } from './pool.ts';

const EARLY_SHARE = 0.7;
const EARLY_EVERY_MS = { dense: 1000, long: 60_000, copied: 1000 };
const OFFER_EVERY_MS = 250;
const OFFERS_MAX = 400;

/** Decides about the forks of one seed. */
export class Decider {
  readonly #scene: Scene;
  readonly #admin: Admin;
  /** What the seed's charters decided so far, in this order. */
  #made: readonly Decision[] = [];
  /** These charters, each with the statements that stand by it. */
  readonly #rounds: (readonly Published[])[] = [];
  /** What was published on top of heads, by their digests: nobody signs two for one place. */
  readonly #tops: Map<Sha256, Published> = new Map();
  #signed: Decided | undefined;
  #offers = 0;

  constructor(scene: Scene, admin: Admin) {
    this.#scene = scene;
    this.#admin = admin;
  }

  /** Something that was signed is not durable yet. */
  get isBusy(): boolean {
    return this.#offers > 0;
  }

  /** What holds: a later decision ends those above its place. */
  get inForce(): readonly Decision[] {
    return this.#made.filter(
      (one, at) =>
        !this.#made
          .slice(at + 1)
          .some(({ stream, sequence }) => stream === one.stream && sequence <= one.sequence),
    );
  }

  /** Looks for forks while faults strike, in some seeds. */
  start(): void {
    const { seed, plan } = this.#scene;
    if (draw(seed, 'admin', 0, 1) >= EARLY_SHARE) return;
    const fromMs = plan.healAtMs * draw(seed, 'admin', 0, 2);
    this.#lookAt(fromMs);
  }

  #lookAt(atMs: number): void {
    const { healAtMs, profile } = this.#scene.plan;
    if (atMs >= healAtMs) return;
    this.#scene.at(atMs, -1, () => {
      if (this.#decide()) this.#scene.coverage.hit('fork-decided-early');
      this.#lookAt(atMs + EARLY_EVERY_MS[profile]);
    });
  }

  /** Decides about what is forked; says whether there was something to do. */
  close(): boolean {
    if (this.#repeat()) return true;
    if (!this.#decide()) return false;
    this.#scene.coverage.hit('fork-decided');
    return true;
  }

  /**
   * Publishes one more statement of each decided stream of this kind, on top of what all hold;
   * rollouts after the releases that they name.
   */
  publishOnTop(kind: Head['kind']): readonly Published[] {
    const [host] = this.#scene.core();
    const streams = new Set(this.inForce.map(({ stream }) => stream));
    return [...streams].flatMap((stream) => {
      const head = host?.driver?.machine.durable.streams.get(stream)?.head;
      if (host === undefined || head?.kind !== kind) return [];
      const published = this.#tops.get(head.digest) ?? this.#signOnTop(host, head);
      if (published === undefined) return [];
      this.#tops.set(head.digest, published);
      this.#scene.truth.add(published);
      this.#offer(published, 0);
      return [published];
    });
  }

  /** Nothing where nobody can sign it: a rollout never goes back to an older release. */
  #signOnTop({ disk, driver }: SimNode, head: Head): Published | undefined {
    if (this.#signed === undefined) return undefined;
    if (head.kind === 'release') return signOnTop(this.#signed, head);
    const stream = releaseStream(head.body.bundle);
    const to = driver && headOf(driver.machine.durable, stream);
    if (to === undefined || to.sequence < head.body.to.sequence) return undefined;
    return signRolloutOnTop(this.#signed, { head, to, from: disk.entry(stream, to.sequence - 1) });
  }

  /** Says whether a statement is on a side that fell. */
  hasFallen(statement: { readonly stream: StreamName; readonly digest: Sha256 }): boolean {
    const decisions = this.inForce.filter(({ stream }) => stream === statement.stream);
    let known = this.#scene.truth.byDigest(statement.digest);
    while (known !== undefined && decisions.length > 0) {
      const { sequence, digest, previous } = known;
      if (decisions.some((one) => one.sequence === sequence && one.digest !== digest)) return true;
      known = this.#scene.truth.byDigest(previous);
    }
    return false;
  }

  #decide(): boolean {
    const forks = this.#forks();
    if (this.isBusy || forks.length === 0) return false;
    const base = this.#plannedCharter();
    // Nobody signs the next charter before those that were planned are out.
    if (!this.#isOut(base)) return false;
    const decisions = forks.map((fork) => this.#choose(fork));
    this.#signed = signDecision({ content: this.#scene.pool.content, base }, [
      ...(this.#signed?.charters ?? []),
      decisions,
    ]);
    this.#made = [...this.#made, ...decisions];
    this.#scene.truth.add(this.#signed.published);
    // Of what stands nodes may have seen the statement alone, in the proof of the fork.
    const standing = decisions.flatMap(
      ({ digest }) => this.#scene.truth.byDigest(digest)?.published ?? [],
    );
    this.#rounds.push([this.#signed.published, ...standing]);
    this.#offerRounds(this.#rounds.length - 1);
    return true;
  }

  /**
   * Who held a decision alone may have lost it with the disk: all are offered again, in order. Says
   * whether one was lost.
   */
  #repeat(): boolean {
    if (this.isBusy || this.#rounds.length === 0) return false;
    const core = this.#scene.core();
    const isHeld = this.inForce.every(({ stream, sequence, digest }) =>
      core.some(({ disk }) => disk.entry(stream, sequence)?.digest === digest),
    );
    if (isHeld && this.#isOut(this.#plannedCharter() + this.#rounds.length)) return false;
    this.#offerRounds(0);
    return true;
  }

  #isOut(charterVersion: number): boolean {
    return this.#scene.core().some(({ disk }) => disk.headOf(CHARTER_STREAM) >= charterVersion);
  }

  #offerRounds(from: number): void {
    const [charter, ...standing] = this.#rounds[from] ?? [];
    if (charter === undefined) return;
    this.#offer(charter, 0, () => {
      for (const published of standing) this.#offer(published, 0);
      this.#offerRounds(from + 1);
    });
  }

  /** The deepest fork of each stream that somebody who runs knows. */
  #forks(): readonly Evidence[] {
    const deepest = new Map<StreamName, Evidence>();
    for (const { disk, driver } of this.#scene.core()) {
      if (driver === undefined) continue;
      for (const fork of disk.forks) {
        const known = deepest.get(fork.stream);
        if (known === undefined || fork.sequence < known.sequence) deepest.set(fork.stream, fork);
      }
    }
    return [...deepest.values()].filter(({ stream }) => stream !== CHARTER_STREAM);
  }

  #choose({ stream, sequence, first, second }: Evidence): Decision {
    const isFirst = draw(this.#scene.seed, 'admin', sequence, stream.charCodeAt(8)) < 0.5;
    const known = this.#scene.truth.recognise(isFirst ? first : second);
    if (known === undefined) throw new Error(`${stream} is forked by what nobody signed`);
    return { stream, sequence, digest: known.digest };
  }

  #plannedCharter(): number {
    const { pool, plan } = this.#scene;
    const last = Math.max(...plan.publications.map(({ place }) => place), plan.start - 1);
    return pool.documents.slice(0, last + 1).filter(({ stream }) => stream === CHARTER_STREAM)
      .length;
  }

  #offer(published: Published, attempt: number, then?: () => void): void {
    if (attempt === 0) this.#offers += 1;
    const members = this.#scene.core();
    const shift = Math.floor(members.length * draw(this.#scene.seed, 'admin', 1, attempt));
    const host = members[shift];
    this.#admin.submit(host, published, (result) => {
      if (result?.kind === 'durable' || attempt === OFFERS_MAX) {
        this.#offers -= 1;
        return then?.();
      }
      this.#scene.after(OFFER_EVERY_MS, -1, () => this.#offer(published, attempt + 1, then));
    });
  }
}

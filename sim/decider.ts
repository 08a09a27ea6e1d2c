/**
 * The charter quorum: decides which side of a fork stands, and has a release published on top.
 *
 * In some seeds it decides while faults still strike, otherwise when all is calm. Nobody signs two
 * charters for one version: what was signed is offered until a node says that it is durable.
 *
 * @module
 */
import { CHARTER_STREAM, type Sha256, type StreamName } from '../src/core/ids.ts';
import type { Evidence } from '../src/core/trusted/state.ts';
import { type Decided, type Decision, signDecision, signOnTop } from './decision.ts';
import type { Host } from './host.ts';
import type { Published } from './pool.ts';
import { draw } from './prf.ts';
import type { World } from './world.ts';

const EARLY_SHARE = 0.7;
const EARLY_EVERY_MS = { dense: 1000, long: 60_000 };
const OFFER_EVERY_MS = 250;
const OFFERS_MAX = 400;

/** Decides about the forks of one seed. */
export class Decider {
  readonly #world: World;
  /** What the seed's charters decided so far, in this order. */
  #made: readonly Decision[] = [];
  #signed: Decided | undefined;
  #offers = 0;

  constructor(world: World) {
    this.#world = world;
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
    const { seed, plan } = this.#world;
    if (draw(seed, 'admin', 0, 1) >= EARLY_SHARE) return;
    const fromMs = plan.healAtMs * draw(seed, 'admin', 0, 2);
    this.#lookAt(fromMs);
  }

  #lookAt(atMs: number): void {
    const { healAtMs, profile } = this.#world.plan;
    if (atMs >= healAtMs) return;
    this.#world.at(atMs, -1, () => {
      if (this.#decide()) this.#world.coverage.hit('fork-decided-early');
      this.#lookAt(atMs + EARLY_EVERY_MS[profile]);
    });
  }

  /** Decides about what is forked; says whether there was something to decide. */
  close(): boolean {
    if (!this.#decide()) return false;
    this.#world.coverage.hit('fork-decided');
    return true;
  }

  /** Publishes one more release of each decided stream, on top of what all hold. */
  publishOnTop(): readonly Published[] {
    const [host] = this.#world.core();
    const streams = new Set(this.inForce.map(({ stream }) => stream));
    return [...streams].flatMap((stream) => {
      const head = host?.driver?.machine.durable.streams.get(stream)?.head;
      if (head === undefined || this.#signed === undefined) return [];
      const published = signOnTop(this.#signed, stream, head);
      this.#world.truth.add(published);
      this.#offer(published, 0);
      return [published];
    });
  }

  /** Says whether a statement is on a side that fell. */
  hasFallen(statement: { readonly stream: StreamName; readonly digest: Sha256 }): boolean {
    const decisions = this.inForce.filter(({ stream }) => stream === statement.stream);
    let known = this.#world.truth.byDigest(statement.digest);
    while (known !== undefined && decisions.length > 0) {
      const { sequence, digest, previous } = known;
      if (decisions.some((one) => one.sequence === sequence && one.digest !== digest)) return true;
      known = this.#world.truth.byDigest(previous);
    }
    return false;
  }

  #decide(): boolean {
    const forks = this.#forks();
    if (this.isBusy || forks.length === 0) return false;
    const base = this.#plannedCharter();
    // Nobody signs the next charter before those that were planned are out.
    const isOut = this.#world.core().some(({ disk }) => disk.headOf(CHARTER_STREAM) >= base);
    if (!isOut) return false;
    const decisions = forks.map((fork) => this.#choose(fork));
    this.#signed = signDecision(base, [...(this.#signed?.charters ?? []), decisions]);
    this.#made = [...this.#made, ...decisions];
    this.#world.truth.add(this.#signed.published);
    this.#offer(this.#signed.published, 0, () => {
      // Of what stands nodes may have seen the statement alone, in the proof of the fork.
      for (const { digest } of decisions) {
        const known = this.#world.truth.byDigest(digest);
        if (known !== undefined) this.#offer(known.published, 0);
      }
    });
    return true;
  }

  /** The deepest fork of each stream that somebody knows. */
  #forks(): readonly Evidence[] {
    const deepest = new Map<StreamName, Evidence>();
    for (const { disk } of this.#world.core()) {
      for (const fork of disk.forks) {
        const known = deepest.get(fork.stream);
        if (known === undefined || fork.sequence < known.sequence) deepest.set(fork.stream, fork);
      }
    }
    return [...deepest.values()].filter(({ stream }) => stream !== CHARTER_STREAM);
  }

  #choose({ stream, sequence, first, second }: Evidence): Decision {
    const isFirst = draw(this.#world.seed, 'admin', sequence, stream.charCodeAt(8)) < 0.5;
    const known = this.#world.truth.recognise(isFirst ? first : second);
    if (known === undefined) throw new Error(`${stream} is forked by what nobody signed`);
    return { stream, sequence, digest: known.digest };
  }

  #plannedCharter(): number {
    const { pool, plan } = this.#world;
    const last = Math.max(...plan.publications.map(({ place }) => place), plan.start - 1);
    return pool.documents.slice(0, last + 1).filter(({ stream }) => stream === CHARTER_STREAM)
      .length;
  }

  #offer(published: Published, attempt: number, then?: () => void): void {
    if (attempt === 0) this.#offers += 1;
    const members = this.#world.core();
    const shift = Math.floor(members.length * draw(this.#world.seed, 'admin', 1, attempt));
    const host: Host | undefined = members[shift];
    this.#world.admin.submit(host, published, (result) => {
      if (result?.kind === 'durable' || attempt === OFFERS_MAX) {
        this.#offers -= 1;
        return then?.();
      }
      this.#world.after(OFFER_EVERY_MS, -1, () => this.#offer(published, attempt + 1, then));
    });
  }
}

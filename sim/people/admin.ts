/**
 * The admins: publish what the plan says, and try again elsewhere when a node does not answer.
 *
 * @module
 */
import type { SubmitResult } from '../../src/core/gossip/events.ts';
import type { SimNode } from '../nodes/node.ts';
import type { Publication } from '../world/plan.ts';
import type { Scene } from '../world/scene.ts';
import type { Published } from './pool.ts';
import type { Proposer } from './proposer.ts';

const ANSWER_WITHIN_MS = 5000;
const RETRY_MS = { first: 1000, more: 500 };
const CLOSING_ATTEMPTS = 24;
const CLOSING_PAUSE_MS = 250;

/** Publishes. */
export class Admin {
  readonly #scene: Scene;
  readonly #proposer: Proposer;
  #isClosing = false;
  #isDone = false;

  constructor(scene: Scene, proposer: Proposer) {
    this.#scene = scene;
    this.#proposer = proposer;
  }

  /** Everything was offered once more. */
  get isDone(): boolean {
    return this.#isDone;
  }

  start(): void {
    for (const publication of this.#scene.plan.publications) {
      this.#scene.at(publication.atMs, -1, () => this.#publish(publication, 0));
    }
  }

  /** Offers everything once more, in order, until each is durable or cannot be. */
  close(): void {
    this.#isClosing = true;
    this.#proposer.close();
    this.#closeNext(0, 0);
  }

  #publish({ place, host }: Publication, attempt: number): void {
    if (this.#isClosing) return;
    const { hosts, plan } = this.#scene;
    if (!this.#isTimeFor(place)) {
      this.#scene.after(RETRY_MS.first, -1, () => this.#publish({ atMs: 0, place, host }, attempt));
      return;
    }
    // What is proposed is not submitted: nothing hides what the nodes lose.
    if (this.#proposer.takes({ atMs: 0, place, host })) {
      return this.#proposer.propose({ atMs: 0, place, host }, () => undefined);
    }
    this.#submitAt(hosts[(host + attempt) % plan.hosts.length], place, (result) => {
      if (result !== undefined && isFinal(result)) return;
      const delayMs = RETRY_MS.first + RETRY_MS.more * attempt;
      this.#scene.after(delayMs, -1, () => this.#publish({ atMs: 0, place, host }, attempt + 1));
    });
  }

  #closeNext(index: number, attempt: number): void {
    const publication = this.#scene.plan.publications[index];
    if (publication === undefined) {
      this.#isDone = true;
      return;
    }
    if (!this.#isTimeFor(publication.place) && attempt < CLOSING_ATTEMPTS) {
      const again = (): void => this.#closeNext(index, attempt + 1);
      this.#scene.after(CLOSING_PAUSE_MS, -1, again);
      return;
    }
    const members = this.#scene.core();
    const host = members[(index + attempt) % members.length];
    this.#submitAt(host, publication.place, (result) => {
      if (result?.kind === 'durable' || attempt >= CLOSING_ATTEMPTS) {
        return this.#closeNext(index + 1, 0);
      }
      const isHopeless = result?.kind === 'refused' && isFinal(result);
      if (isHopeless && attempt >= members.length) return this.#closeNext(index + 1, 0);
      // The next one: a node that is behind for good may be the only one that refuses it.
      this.#scene.after(CLOSING_PAUSE_MS, -1, () => this.#closeNext(index, attempt + 1));
    });
  }

  /**
   * A signer leaves when everybody has what they signed: afterwards that is no head for anybody who
   * comes late.
   */
  #isTimeFor(place: number): boolean {
    const { pool, plan } = this.#scene;
    if (place < pool.signerLeavesAt || this.#holders(pool.signerLeavesAt) > 0) return true;
    return plan.publications.every(
      (one) => one.place >= pool.signerLeavesAt || this.#isEverywhere(one.place),
    );
  }

  #isEverywhere(place: number): boolean {
    return this.#holders(place) === this.#scene.core().length;
  }

  /** How many nodes have a document, or the proof that its stream stopped before it. */
  #holders(place: number): number {
    const published = this.#scene.pool.documents[place];
    if (published === undefined) return 0;
    const { stream, sequence, digest } = published;
    return this.#scene
      .core()
      .filter(
        ({ disk }) =>
          (disk.fork(stream)?.sequence ?? Infinity) <= sequence ||
          disk.entry(stream, sequence)?.digest === digest,
      ).length;
  }

  #submitAt(
    host: SimNode | undefined,
    place: number,
    done: (result: SubmitResult | undefined) => void,
  ): void {
    const published = this.#scene.pool.documents[place];
    if (published === undefined) return done(undefined);
    this.submit(host, published, done);
  }

  /** Submits and waits; nothing: the node did not answer. */
  submit(
    host: SimNode | undefined,
    published: Published,
    done: (result: SubmitResult | undefined) => void,
  ): void {
    const driver = host?.driver;
    if (driver === undefined) return done(undefined);
    let isDone = false;
    const once = (result: SubmitResult | undefined): void => {
      if (isDone) return;
      isDone = true;
      done(result);
    };
    this.#scene.after(ANSWER_WITHIN_MS, -1, () => once(undefined));
    this.#scene.after(0, driver.host.index, () => {
      if (driver.isAlive) driver.submit(published, once);
    });
  }
}

/** Says whether trying again makes no sense. */
function isFinal(result: SubmitResult): boolean {
  if (result.kind === 'durable') return true;
  return ['CONFLICT', 'FORK', 'ROLLBACK', 'PREVIOUS'].includes(result.error.code);
}

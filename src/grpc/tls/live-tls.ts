/**
 * The TLS material of a node while it runs: one value, replaced as a whole, and who is told.
 *
 * Listeners and links take what is current at each handshake, and are told of a change so that they
 * can move what exists when their authorities are others. A renewed pair moves nothing: the old
 * leaf was good when it was shown.
 *
 * @module
 */
import type { Authorities } from './authorities.ts';

/** A certificate chain with its key, fitting together, and who vouches for the others. */
export interface TlsMaterial {
  /** PEM, leaf first. */
  readonly cert: Buffer;
  /** PEM; never logged. */
  readonly key: Buffer;
  /** Who vouches for whoever calls this node: peers, clients, admins. */
  readonly callers: Authorities;
  /** Who vouches for the peers that this node calls. */
  readonly peers: Authorities;
}

/** How existing connections follow a change of trust. */
export interface MoveRules {
  /** How long a connection may rest on an older set, milliseconds. */
  readonly withinMs: number;
  /** Uniform in [0, 1): spreads the moves. */
  readonly random: () => number;
}

/** TLS material that can be replaced. */
export class LiveTls {
  readonly moves: MoveRules;
  readonly #listeners: Set<() => void> = new Set();
  #current: TlsMaterial;
  #revision = 0;

  constructor(material: TlsMaterial, moves: MoveRules) {
    this.#current = material;
    this.moves = moves;
  }

  get current(): TlsMaterial {
    return this.#current;
  }

  /** Grows with each replacement. */
  get revision(): number {
    return this.#revision;
  }

  /** Replaces the material for every handshake from now on, and tells the listeners. */
  replace(next: TlsMaterial): void {
    this.#current = next;
    this.#revision += 1;
    for (const listener of [...this.#listeners]) listener();
  }

  /** Calls `listener` after each replacement; it must not throw. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

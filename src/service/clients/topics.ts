/**
 * Who watches which bundle, found by the bundle: a change costs nothing of those that watch others.
 *
 * Names that clients say are kept once for all who say the same.
 *
 * @module
 */
import { type BundleName, type ReleaseStream, releaseStream } from '../../core/ids.ts';

/** A bundle that is watched. */
export interface Topic {
  readonly bundle: BundleName;
  readonly stream: ReleaseStream;
}

interface Watched<W> extends Topic {
  readonly watching: Set<W>;
}

/** All bundles that somebody watches; `W` is one watch of one of them. */
export class Topics<W> {
  readonly #topics: Map<BundleName, Watched<W>> = new Map();

  /** Adds a watch, which is made knowing its topic. */
  enter(bundle: BundleName, make: (topic: Topic) => W): W {
    const topic = this.#topics.get(bundle) ?? {
      bundle,
      stream: releaseStream(bundle),
      watching: new Set<W>(),
    };
    this.#topics.set(bundle, topic);
    const watch = make(topic);
    topic.watching.add(watch);
    return watch;
  }

  /** Takes a watch out; nothing is kept of a bundle that nobody watches. */
  leave(bundle: BundleName, watch: W): void {
    const topic = this.#topics.get(bundle);
    topic?.watching.delete(watch);
    if (topic?.watching.size === 0) this.#topics.delete(bundle);
  }

  /** The watches of a bundle; who comes or goes meanwhile may be among them. */
  of(bundle: BundleName): Iterable<W> {
    return this.#topics.get(bundle)?.watching ?? [];
  }

  /** The bundles that somebody watches. */
  bundles(): Iterable<BundleName> {
    return this.#topics.keys();
  }
}

/**
 * Finds the newest release of a stream that is due to everybody at once, in what is on disk.
 *
 * Only asked where the head waits for a rollout. It is looked for from the head down, and what was
 * found is remembered per stream, so that each release is read once.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseSequence, releaseStream } from '../../core/ids.ts';
import { parseReleaseBody, type ReleaseBody } from '../../core/releases/body.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import { isAtOnce } from '../../core/rollouts/plan.ts';
import type { Store } from '../../ports/store.ts';

/** What was found below a head. */
interface Found {
  readonly below: NamedRelease;
  readonly atOnce: NamedRelease | undefined;
}

/** A release of the store. */
interface Held {
  readonly place: NamedRelease;
  readonly body: ReleaseBody;
}

/** The history of bundles, as far as it matters to what is due. */
export class DueHistory {
  readonly #store: Store;
  readonly #found: Map<BundleName, Found> = new Map();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The newest release from sequence `top` down to above `floor` that is due to everybody at once;
   * absent: none is. Errors: `STORE`.
   */
  async atOnce(bundle: BundleName, top: number, floor: number): Promise<NamedRelease | undefined> {
    const known = this.#found.get(bundle);
    const newest = await this.#at(bundle, top);
    let at = newest;
    while (at !== undefined && at.place.sequence > floor) {
      if (at.place.digest === known?.below.digest) return this.#note(bundle, newest, known.atOnce);
      const before = await this.#at(bundle, at.place.sequence - 1);
      if (isAtOnce(at.body, before?.body)) return this.#note(bundle, newest, at.place);
      at = before;
    }
    // What lies below the floor was not looked at.
    return at === undefined ? this.#note(bundle, newest, undefined) : undefined;
  }

  /** Whether the stream holds a release in its place. Errors: `STORE`. */
  async holds(bundle: BundleName, release: NamedRelease | undefined): Promise<boolean> {
    if (release === undefined) return true;
    const { sequence, digest } = release;
    return (await this.#store.digestAt(releaseStream(bundle), sequence)) === digest;
  }

  #note(
    bundle: BundleName,
    newest: Held | undefined,
    atOnce: NamedRelease | undefined,
  ): NamedRelease | undefined {
    if (newest !== undefined) this.#found.set(bundle, { below: newest.place, atOnce });
    return atOnce;
  }

  async #at(bundle: BundleName, sequence: number): Promise<Held | undefined> {
    if (sequence < 1) return undefined;
    const stream = releaseStream(bundle);
    const document = await this.#store.document(stream, parseSequence(sequence));
    if (document === undefined) {
      throw new KedgeError('STORE', `sequence ${String(sequence)} of ${bundle} is missing`);
    }
    const digest = sha256(document.statement.payload);
    return {
      place: { sequence: parseSequence(sequence), digest },
      body: parseReleaseBody(document.body),
    };
  }
}

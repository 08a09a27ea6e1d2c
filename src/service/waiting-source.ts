/**
 * Makes what shows a client the releases that wait behind a rollout: statements and what each
 * changes in the one before it, one by one, since the client has to see that none of them was due.
 *
 * All who have the same get the very same messages. Spec section 13, DW-18.
 *
 * @module
 */
import { sha256 } from '../core/crypto.ts';
import { type BundleName, parseSequence, releaseStream } from '../core/ids.ts';
import { BODY_MAX_BYTES, WAITING_MAX } from '../core/limits.ts';
import { diffBodies } from '../core/releases/delta.ts';
import type { NamedRelease } from '../core/rollouts/body.ts';
import type { WatchResponse } from '../core/watch/messages.ts';
import type { Store } from '../ports/store.ts';
import { Prepared } from './prepared.ts';

/** Ways from one release to another that are kept. */
const WAYS_KEPT = 64;

/** Makes them from a store. */
export class WaitingSource {
  readonly #store: Pick<Store, 'document'>;
  readonly #recent: Map<string, Prepared<readonly WatchResponse[]>> = new Map();

  constructor(store: Pick<Store, 'document'>) {
    this.#store = store;
  }

  /**
   * The releases after `base` up to `head`; none where `base` is not in our history, or where there
   * are too many. Errors: `STORE`.
   */
  between(
    base: NamedRelease,
    head: NamedRelease,
    bundle: BundleName,
  ): Prepared<readonly WatchResponse[]> {
    const key = `${base.digest} ${head.digest} ${bundle}`;
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const made = new Prepared(this.#make(base, head, bundle));
    this.#recent.set(key, made);
    made.settled.catch(() => this.#recent.delete(key));
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > WAYS_KEPT && oldest !== undefined) this.#recent.delete(oldest);
    return made;
  }

  async #make(
    base: NamedRelease,
    head: NamedRelease,
    bundle: BundleName,
  ): Promise<readonly WatchResponse[]> {
    const stream = releaseStream(bundle);
    if (head.sequence - base.sequence > WAITING_MAX) return [];
    let before = await this.#store.document(stream, base.sequence);
    if (before === undefined || sha256(before.statement.payload) !== base.digest) return [];
    const shown: WatchResponse[] = [];
    for (let at = base.sequence + 1; at <= head.sequence; at += 1) {
      const document = await this.#store.document(stream, parseSequence(at));
      if (document === undefined) return [];
      const patch = diffBodies(before.body, document.body);
      if (patch.length > BODY_MAX_BYTES) return [];
      const baseBodyDigest = sha256(before.body);
      const delta = { baseSequence: parseSequence(at - 1), baseBodyDigest, patch };
      const content = { kind: 'delta', delta } as const;
      const update = { bundle, statements: [document.statement], content };
      shown.push({ kind: 'waiting', update });
      before = document;
    }
    return shown;
  }
}

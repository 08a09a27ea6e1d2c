/**
 * Makes what shows a client the releases that wait behind a rollout: statements and what each
 * changes in the one before it, one by one, since the client has to see that none of them was due.
 *
 * All who have the same get the very same messages. Spec section 13, DW-18.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { type BundleName, parseSequence, releaseStream } from '../../core/ids.ts';
import { BODY_MAX_BYTES, WAITING_MAX } from '../../core/limits.ts';
import { diffBodies } from '../../core/releases/delta.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import type { Store } from '../../ports/store.ts';
import { Prepared } from './prepared.ts';

/** Ways from one release to another that are kept. */
const WAYS_KEPT = 64;
/** What all of them change, bytes; the newest stays however large it is. */
const WAYS_MAX_BYTES = 8 * 1024 * 1024;

/** A way that is kept. */
interface Way {
  readonly bundle: BundleName;
  readonly messages: Prepared<readonly WatchResponse[]>;
  /** 0 while it is being made. */
  bytes: number;
}

/** Makes them from a store. */
export class WaitingSource {
  readonly #store: Pick<Store, 'document'>;
  readonly #maxBytes: number;
  readonly #recent: Map<string, Way> = new Map();

  constructor(store: Pick<Store, 'document'>, maxBytes: number = WAYS_MAX_BYTES) {
    this.#store = store;
    this.#maxBytes = maxBytes;
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
    if (known !== undefined) return known.messages;
    const messages = new Prepared(this.#make(base, head, bundle));
    const way: Way = { bundle, messages, bytes: 0 };
    this.#recent.set(key, way);
    messages.settled.then(
      (made) => {
        way.bytes = made.reduce((sum, one) => sum + patchBytes(one), 0);
        this.#bound();
      },
      () => this.#recent.delete(key),
    );
    return messages;
  }

  /** Nothing of this bundle waits any more. */
  forget(bundle: BundleName): void {
    for (const [key, way] of this.#recent) if (way.bundle === bundle) this.#recent.delete(key);
  }

  /** Drops the oldest ways while there are too many. */
  #bound(): void {
    let bytes = [...this.#recent.values()].reduce((sum, way) => sum + way.bytes, 0);
    for (const [key, way] of this.#recent) {
      const { size } = this.#recent;
      if (size === 1 || (size <= WAYS_KEPT && bytes <= this.#maxBytes)) return;
      this.#recent.delete(key);
      bytes -= way.bytes;
    }
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

function patchBytes(message: WatchResponse): number {
  if (message.kind !== 'waiting' || message.update.content.kind !== 'delta') return 0;
  return message.update.content.delta.patch.length;
}

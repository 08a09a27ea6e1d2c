/**
 * Makes what a subscriber is sent: for one bundle, from what it has to the head.
 *
 * All subscribers with the same base get the very same message objects, so that a transport can
 * encode each once, and wait together while they are made. A few recent ones are kept.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { PersistBatch } from '../../core/gossip/events.ts';
import {
  type AnchorId,
  type BundleName,
  parseSequence,
  releaseStream,
  type Sequence,
  type Sha256,
  splitStream,
} from '../../core/ids.ts';
import { BODY_MAX_BYTES, DELTA_CHAIN_MAX } from '../../core/limits.ts';
import { diffBodies } from '../../core/releases/delta.ts';
import type { SignedDocument, SignedStatement } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { findAuthority, isByRevokeAlone } from '../../core/trusted/authority.ts';
import { shownFrom } from '../../core/trusted/settle.ts';
import type { ForkedStream, TrustedState } from '../../core/trusted/state.ts';
import type { WatchResponse } from '../../core/watch/messages.ts';
import type { Store } from '../../ports/store.ts';
import { anchorIds, chunkBlobs, readBlobs, readNewBlobs } from '../fetch-source.ts';
import { Prepared } from './prepared.ts';

/** Places of clients that are known to be in our history, or not. */
const PLACES_KEPT = 256;
/** Update sets kept for subscribers that come from the same base. */
const UPDATES_KEPT = 64;

/** What a subscriber has of a bundle. */
export interface Held {
  readonly sequence: Sequence;
  readonly digest: Sha256;
}

interface Asked {
  readonly head: Sha256;
  readonly base: Sha256 | undefined;
  readonly bundle: BundleName;
  readonly charters: TrustedState['charters'];
  readonly made: Prepared<readonly WatchResponse[]>;
}

/** Makes updates from a store. */
export class UpdateSource {
  readonly #store: Store;
  readonly #recent: Map<string, Prepared<readonly WatchResponse[]>> = new Map();
  /** What was asked for last, which most ask for next: found without making a key. */
  #last: Asked | undefined;
  readonly #places: Map<string, Prepared<boolean>> = new Map();
  readonly #common: WeakMap<ForkedStream, Prepared<Held>> = new WeakMap();

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The messages that bring a client from `base` to `head`: blobs, then one update. A base that is
   * not in our history, or too far behind, gets a snapshot. Errors: `STORE`.
   */
  update(
    base: Held | undefined,
    head: Held,
    bundle: BundleName,
    charters: TrustedState['charters'],
  ): Prepared<readonly WatchResponse[]> {
    const last = this.#last;
    if (
      last !== undefined &&
      last.head === head.digest &&
      last.base === base?.digest &&
      last.bundle === bundle &&
      last.charters === charters
    ) {
      return last.made;
    }
    const made = this.#find(base, head, bundle, charters);
    this.#last = { head: head.digest, base: base?.digest, bundle, charters, made };
    made.settled.catch(() => {
      this.#last = undefined;
    });
    return made;
  }

  /**
   * Makes the update to a release that is on its way to the disk, for those who have the one before
   * it, as most do. Nobody gets it before the release is durable: only then is it the head.
   */
  async foresee(batch: PersistBatch, { streams, charters }: TrustedState): Promise<void> {
    const [only] = batch.documents;
    if (only === undefined || batch.documents.length > 1) return;
    const { stream, digest, document } = only;
    const parsed = splitStream(stream);
    const state = streams.get(stream);
    if (parsed.kind !== 'release' || state?.kind !== 'open') return;
    const { head } = state;
    if (parseStatement(document.statement.payload).previous !== head.digest) return;
    const messages = await this.#makeNext(parsed.bundle, head, document, batch);
    if (messages === undefined) return;
    this.#keep(
      keyOf(head, digest, parsed.bundle, charters),
      new Prepared(Promise.resolve(messages)),
    );
  }

  #find(
    base: Held | undefined,
    head: Held,
    bundle: BundleName,
    charters: TrustedState['charters'],
  ): Prepared<readonly WatchResponse[]> {
    const key = keyOf(base, head.digest, bundle, charters);
    const known = this.#recent.get(key);
    if (known !== undefined) return known;
    const made = new Prepared(this.#make(base, head, bundle, charters));
    this.#keep(key, made);
    return made;
  }

  #keep(key: string, made: Prepared<readonly WatchResponse[]>): void {
    this.#recent.set(key, made);
    made.settled.catch(() => this.#recent.delete(key));
    const [oldest] = this.#recent.keys();
    if (this.#recent.size > UPDATES_KEPT && oldest !== undefined) this.#recent.delete(oldest);
  }

  /** What both sides of a forked stream have in common, as far as it is held. Errors: `STORE`. */
  common(bundle: BundleName, stream: ForkedStream): Prepared<Held> {
    const known = this.#common.get(stream);
    if (known !== undefined) return known;
    const held = new Prepared(this.#at(bundle, parseSequence(stream.heldSequence)));
    this.#common.set(stream, held);
    held.settled.catch(() => this.#common.delete(stream));
    return held;
  }

  /** Whether a release is in our history, which goes up to `top`. Errors: `STORE`. */
  holds(
    bundle: BundleName,
    { sequence, digest }: Held,
    top: Sha256 | undefined,
  ): Prepared<boolean> {
    const key = `${bundle} ${digest} ${top ?? ''}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const asked = this.#store.digestAt(releaseStream(bundle), sequence);
    const place = new Prepared(asked.then((held) => held === digest));
    this.#places.set(key, place);
    place.settled.catch(() => this.#places.delete(key));
    const [oldest] = this.#places.keys();
    if (this.#places.size > PLACES_KEPT && oldest !== undefined) this.#places.delete(oldest);
    return place;
  }

  async #at(bundle: BundleName, sequence: Sequence): Promise<Held> {
    const digest = await this.#store.digestAt(releaseStream(bundle), sequence);
    if (digest !== undefined) return { sequence, digest };
    throw new KedgeError('STORE', `sequence ${String(sequence)} of ${bundle} is missing`);
  }

  /** The same as is read from the store afterwards; absent where that is more than a step. */
  async #makeNext(
    bundle: BundleName,
    head: Held,
    { statement, body }: SignedDocument,
    { blobs: arrived }: PersistBatch,
  ): Promise<readonly WatchResponse[] | undefined> {
    const before = await this.#store.document(releaseStream(bundle), head.sequence);
    if (before === undefined || sha256(before.statement.payload) !== head.digest) return undefined;
    const patch = diffBodies(before.body, body);
    if (patch.length > BODY_MAX_BYTES) return undefined;
    const known = new Set<string>(anchorIds(before.body));
    const ids = anchorIds(body).filter((id) => !known.has(id));
    const held = new Map([...(await this.#store.blobs(ids)), ...idsAndDer(arrived)]);
    const blobs = ids.flatMap((id) => held.get(id) ?? []);
    if (blobs.length < ids.length) return undefined;
    const delta = { baseSequence: head.sequence, baseBodyDigest: sha256(before.body), patch };
    const content = { kind: 'delta', delta } as const;
    return withBlobs(blobs, { bundle, statements: [statement], content });
  }

  async #make(
    base: Held | undefined,
    head: Held,
    bundle: BundleName,
    charters: TrustedState['charters'],
  ): Promise<readonly WatchResponse[]> {
    const stream = releaseStream(bundle);
    const document = await this.#store.document(stream, head.sequence);
    if (document === undefined) {
      throw new KedgeError('STORE', `the head of ${bundle} is missing in the store`);
    }
    const steps = await this.#makeSteps(base, document, bundle, charters);
    if (steps !== undefined) return steps;
    const linked = base && (await this.#makeLinked(base, head, bundle, document.body));
    if (linked !== undefined) return linked;
    // A client may claim any place: those that we do not know share one snapshot in memory.
    if (base !== undefined) return await this.update(undefined, head, bundle, charters).settled;
    const blobs = await readBlobs(this.#store, anchorIds(document.body));
    const content = { kind: 'whole', body: document.body } as const;
    const shown = await this.#shown(parseStatement(document.statement.payload), charters);
    return withBlobs(blobs, { bundle, statements: [...shown, document.statement], content });
  }

  /**
   * NR-1: what the revoke role alone signed is judged on top of the release before it, so whoever
   * lacks that one gets it first. Absent where one step does.
   */
  async #makeSteps(
    base: Held | undefined,
    { statement: signed, body }: SignedDocument,
    bundle: BundleName,
    charters: TrustedState['charters'],
  ): Promise<readonly WatchResponse[] | undefined> {
    const charter = charters.at(-1)?.charter;
    const statement = parseStatement(signed.payload);
    const { sequence, digest, previous } = statement;
    if (charter === undefined || sequence === 1 || base?.digest === previous) return undefined;
    if (!isByRevokeAlone(findAuthority(charter, statement, signed))) return undefined;
    const before = { sequence: parseSequence(sequence - 1), digest: previous };
    const last = await this.#makeLinked(before, { sequence, digest }, bundle, body);
    if (last === undefined) return undefined;
    return [...(await this.update(base, before, bundle, charters).settled), ...last];
  }

  /**
   * The statements before a head that show on which side of a decided fork it is, where it does not
   * show that by itself; none when they are too many for one update.
   */
  async #shown(
    head: Statement,
    charters: TrustedState['charters'],
  ): Promise<readonly SignedStatement[]> {
    const from = shownFrom(charters, head);
    const limit = head.sequence - (from ?? head.sequence);
    if (from === undefined || limit >= DELTA_CHAIN_MAX) return [];
    return await this.#store.statements(head.stream, { from, limit });
  }

  /** All that lies between, when the client's place is in our history and near enough. */
  async #makeLinked(
    base: Held,
    head: Held,
    bundle: BundleName,
    body: Uint8Array,
  ): Promise<readonly WatchResponse[] | undefined> {
    const stream = releaseStream(bundle);
    const limit = head.sequence - base.sequence;
    if (limit < 1 || limit > DELTA_CHAIN_MAX) return undefined;
    if ((await this.#store.digestAt(stream, base.sequence)) !== base.digest) return undefined;
    const before = await this.#store.document(stream, base.sequence);
    if (before === undefined) return undefined;
    // Also where the patch is the larger one: a whole body would hide the statements in between.
    const patch = diffBodies(before.body, body);
    if (patch.length > BODY_MAX_BYTES) return undefined;
    const from = parseSequence(base.sequence + 1);
    const statements = await this.#store.statements(stream, { from, limit });
    const blobs = await readNewBlobs(this.#store, stream, before.body, body);
    const delta = {
      baseSequence: base.sequence,
      baseBodyDigest: sha256(before.body),
      patch,
    };
    return withBlobs(blobs, { bundle, statements, content: { kind: 'delta', delta } });
  }
}

function withBlobs(
  blobs: readonly Uint8Array[],
  update: Extract<WatchResponse, { kind: 'update' }>['update'],
): readonly WatchResponse[] {
  const chunks = chunkBlobs(blobs).map((chunk) => ({ kind: 'blobs', blobs: chunk }) as const);
  return [...chunks, { kind: 'update', update }];
}

function idsAndDer(blobs: PersistBatch['blobs']): readonly (readonly [AnchorId, Uint8Array])[] {
  return blobs.map(({ id, der }) => [id, der]);
}

function keyOf(
  base: Held | undefined,
  head: Sha256,
  bundle: BundleName,
  charters: TrustedState['charters'],
): string {
  return `${head} ${base?.digest ?? ''} ${bundle} ${charters.at(-1)?.digest ?? ''}`;
}

/**
 * What this program has verified of the realm, and the one way into it.
 *
 * Takes messages of a node, whoever it is, and either moves to a next state in which every byte is
 * verified (spec section 7) or throws and stays as it is. Two things are kept apart on purpose: the
 * trusted state, which a fork takes back to the last common sequence, and the bundle in use, which
 * nothing takes away (fail static).
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { openContent } from '../core/gossip/push.ts';
import {
  type AnchorId,
  type BundleName,
  CHARTER_STREAM,
  releaseStream,
  type StreamName,
} from '../core/ids.ts';
import { checkBlobs } from '../core/releases/usable.ts';
import type { SignedDocument } from '../core/statements/envelope.ts';
import { parseStatement } from '../core/statements/statement.ts';
import { acceptDocument, acceptEvidence } from '../core/trusted/accept.ts';
import {
  currentCharter,
  type Evidence,
  emptyTrustedState,
  forkOf,
  type Head,
  headOf,
  type TrustedState,
} from '../core/trusted/state.ts';
import type { BundleCursor, BundleUpdate, WatchResponse } from '../core/watch/messages.ts';
import { makeBundle } from './bundle.ts';
import type { SavedRealm } from './cache.ts';
import type { PendingBlobs } from './pending-blobs.ts';
import { type InUse, type RealmPin, requireFloor } from './realm-pin.ts';
import { restoreRealm } from './restore.ts';

/** What a message came to. */
export type Applied =
  /** Nothing that anybody has to know. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'charters'; readonly version: number }
  /** The node holds as its newest what is in use here. */
  | { readonly kind: 'confirmed'; readonly bundle: BundleName }
  /** The node holds less than what is in use here, or nothing. */
  | { readonly kind: 'behind'; readonly bundle: BundleName; readonly sequence: number }
  | { readonly kind: 'released'; readonly inUse: InUse }
  | { readonly kind: 'forked'; readonly evidence: Evidence };

/** The verified state of one realm. */
export class VerifiedRealm {
  readonly #pin: RealmPin;
  readonly #inUse: Map<BundleName, InUse> = new Map();
  #trusted: TrustedState;

  constructor(pin: RealmPin) {
    this.#pin = pin;
    this.#trusted = emptyTrustedState(pin.realm, pin.firstCharterDigest);
  }

  get trusted(): TrustedState {
    return this.#trusted;
  }

  get charterVersion(): number {
    return currentCharter(this.#trusted)?.version ?? 0;
  }

  inUse(bundle: BundleName): InUse | undefined {
    return this.#inUse.get(bundle);
  }

  allInUse(): readonly InUse[] {
    return [...this.#inUse.values()];
  }

  /** The proof that stops a bundle: of its own stream, or of the charter that governs it. */
  forkOf(bundle: BundleName): Evidence | undefined {
    const own = forkOf(this.#trusted, releaseStream(bundle));
    return own ?? forkOf(this.#trusted, CHARTER_STREAM);
  }

  /** What is in use, for a node that has to send the rest. */
  cursors(): readonly BundleCursor[] {
    return this.#pin.bundles.map((bundle) => {
      const head = this.#inUse.get(bundle)?.head;
      return { bundle, held: head && { sequence: head.sequence, digest: head.digest } };
    });
  }

  /**
   * Verifies a message and takes it in. `pending` holds the blobs that came before it on the same
   * connection. Errors: those of `acceptDocument` and `acceptEvidence`, `DIGEST`, `LIMIT`; the
   * state is unchanged.
   */
  apply(response: WatchResponse, pending: PendingBlobs, nowMs: number): Applied {
    switch (response.kind) {
      case 'keep-alive':
        return { kind: 'nothing' };
      case 'blobs':
        pending.add(response.blobs);
        return { kind: 'nothing' };
      case 'charters':
        return this.#takeCharters(response.charters, nowMs);
      case 'current':
        return this.#compare(response.at);
      case 'fork':
        return this.#takeEvidence(response.evidence);
      case 'update':
        return this.#takeUpdate(response.update, pending, nowMs);
    }
  }

  /**
   * Takes in what an earlier run saved, verified anew; before anything else. Returns what could not
   * be used, and why.
   */
  restore(saved: SavedRealm): readonly KedgeError[] {
    const { trusted, inUse, problems } = restoreRealm(this.#pin, saved);
    this.#trusted = trusted;
    for (const [bundle, one] of inUse) this.#inUse.set(bundle, one);
    return problems;
  }

  #takeCharters(documents: readonly SignedDocument[], nowMs: number): Applied {
    let state = this.#trusted;
    for (const { statement, body } of documents) {
      if (parseStatement(statement.payload).kind !== 'charter') {
        throw new KedgeError('TYPE', 'a node sent something else as a charter');
      }
      const result = acceptDocument(state, { chain: [statement], body, mode: 'linked' }, nowMs);
      if (result.outcome === 'forked') return this.#fork(result.state, result.evidence);
      state = result.state;
    }
    if (state === this.#trusted) return { kind: 'nothing' };
    this.#trusted = state;
    return { kind: 'charters', version: this.charterVersion };
  }

  #compare({ bundle, held }: BundleCursor): Applied {
    this.#requireWatched(bundle);
    const head = this.#inUse.get(bundle)?.head;
    if (head?.digest === held?.digest) return { kind: 'confirmed', bundle };
    const sequence = held?.sequence ?? 0;
    // More than is in use, without sending it: not newer until it is shown.
    return { kind: 'behind', bundle, sequence };
  }

  #takeEvidence(evidence: Evidence): Applied {
    if (!this.#concerns(evidence.stream)) return { kind: 'nothing' };
    const result = acceptEvidence(this.#trusted, evidence);
    if (result.outcome === 'held') return { kind: 'nothing' };
    return this.#fork(result.state, evidence);
  }

  #takeUpdate(update: BundleUpdate, pending: PendingBlobs, nowMs: number): Applied {
    const { bundle } = update;
    this.#requireWatched(bundle);
    const stream = releaseStream(bundle);
    const statements = update.statements.map(({ payload }) => parseStatement(payload));
    const [first, last] = [statements[0], statements.at(-1)];
    if (first === undefined || last?.stream !== stream) {
      throw new KedgeError('TYPE', `an update of ${bundle} has a statement of another stream`);
    }
    requireFloor(this.#pin, bundle, last.sequence);
    const base = headOf(this.#trusted, stream);
    const body = openContent(base, update.content);
    if (body === undefined) {
      throw new KedgeError('GAP', `an update of ${bundle} builds on a release that is not held`);
    }
    // A snapshot that follows directly is judged as strictly as a delta.
    const isLinked =
      update.content.kind === 'delta' || first.sequence === (base?.sequence ?? 0) + 1;
    const offer = { chain: update.statements, body, mode: isLinked ? 'linked' : 'jump' } as const;
    const result = acceptDocument(this.#trusted, offer, nowMs);
    switch (result.outcome) {
      case 'held':
        return { kind: 'confirmed', bundle };
      case 'forked':
        return this.#fork(result.state, result.evidence);
      case 'accepted':
        return { kind: 'released', inUse: this.#adopt(result.state, bundle, pending) };
    }
  }

  /** Completes an accepted head with its blobs; only then anything changes. */
  #adopt(state: TrustedState, bundle: BundleName, pending: PendingBlobs): InUse {
    const head = headOf(state, releaseStream(bundle));
    if (head === undefined) throw new KedgeError('BUG', 'an accepted release has no head');
    const before = this.#inUse.get(bundle)?.blobs;
    const blobs = new Map<AnchorId, Uint8Array>();
    for (const { id } of head.body.anchors) {
      const der = before?.get(id) ?? pending.get(id);
      if (der !== undefined) blobs.set(id, der);
    }
    const inUse = this.#complete(head, blobs);
    this.#trusted = state;
    this.#inUse.set(bundle, inUse);
    pending.clear();
    return inUse;
  }

  #complete(head: Head, blobs: ReadonlyMap<AnchorId, Uint8Array>): InUse {
    checkBlobs(head.body, blobs);
    return { head, blobs, bundle: makeBundle(this.#pin.realm, head, blobs) };
  }

  #fork(state: TrustedState, evidence: Evidence): Applied {
    this.#trusted = state;
    return { kind: 'forked', evidence };
  }

  #concerns(stream: StreamName): boolean {
    if (stream === CHARTER_STREAM) return true;
    return this.#pin.bundles.some((bundle) => releaseStream(bundle) === stream);
  }

  #requireWatched(bundle: BundleName): void {
    if (this.#pin.bundles.includes(bundle)) return;
    throw new KedgeError('TYPE', `a node spoke of ${bundle}, which is not watched`);
  }
}

/**
 * What this program has verified of the realm, and the one way into it.
 *
 * Takes messages of a node, whoever it is, and either moves to a next state in which every byte is
 * verified (spec section 7) or throws and stays as it is. Two things are kept apart on purpose: the
 * trusted state, which a fork takes back to the last common sequence, and the bundle in use, which
 * nothing takes away (fail static). When the charter quorum decides against the side that is in
 * use, the trusted state goes on along the other one, and the bundle follows at the first release
 * of it that is newer: a program never goes back.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { openContent } from '../../core/gossip/replica/push.ts';
import {
  type AnchorId,
  type BundleName,
  CHARTER_STREAM,
  releaseStream,
  type Sha256,
  type StreamName,
} from '../../core/ids.ts';
import { checkBlobs } from '../../core/releases/usable.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { acceptDocument, acceptEvidence } from '../../core/trusted/accept.ts';
import { decisionAt } from '../../core/trusted/decisions.ts';
import type { Offer } from '../../core/trusted/offer.ts';
import { readmit } from '../../core/trusted/settle.ts';
import {
  currentCharter,
  type Evidence,
  emptyTrustedState,
  forkOf,
  headOf,
  type ReleaseHead,
  type TrustedState,
} from '../../core/trusted/state.ts';
import type { BundleCursor, BundleUpdate } from '../../core/watch/messages.ts';
import type { KeptRealm } from '../copy/cache.ts';
import { restoreRealm } from '../copy/restore.ts';
import type { Applied, Judging, RealmResponse } from './applied.ts';
import { isOusted, takeCharters } from './charters.ts';
import { groundOf, type JoinedUpdate } from './joined-update.ts';
import type { Pending } from './pending.ts';
import { type InUse, inUseOf, type RealmPin, requireFloor } from './realm-pin.ts';

/** The verified state of one realm. */
export class VerifiedRealm {
  readonly #pin: RealmPin;
  readonly #inUse: Map<BundleName, InUse> = new Map();
  /** The newest on the side that stands, while a bundle of the other side is in use. */
  readonly #standing: Map<BundleName, InUse> = new Map();
  /** Releases that gave way after a recovery: no copy brings them back. */
  readonly fallen: Set<Sha256> = new Set();
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

  /**
   * Says whether the charter quorum resolved a fork and what is in use is not known to be on the
   * side that stands; it is left at the next release that is newer.
   */
  isOverruled(bundle: BundleName): boolean {
    const stream = releaseStream(bundle);
    const head = this.#inUse.get(bundle)?.head;
    if (head === undefined || this.forkOf(bundle) !== undefined) return false;
    return headOf(this.#trusted, stream)?.digest !== head.digest;
  }

  /** What is held, for a node that has to send the rest. */
  cursors(): readonly BundleCursor[] {
    return this.#pin.bundles.map((bundle) => {
      const { head } = (this.isOverruled(bundle) ? this.#standing : this.#inUse).get(bundle) ?? {};
      return { bundle, held: head && { sequence: head.sequence, digest: head.digest } };
    });
  }

  /**
   * Verifies a message and takes it in. `pending` holds the blobs that came before it on the same
   * connection, `admit` has the last word on a release. Errors: those of `acceptDocument`,
   * `acceptEvidence` and `admit`, `DIGEST`, `LIMIT`; the state is unchanged.
   */
  apply(
    response: RealmResponse,
    pending: Pending,
    nowMs: number,
    admit: (head: ReleaseHead) => void = () => undefined,
  ): Applied {
    switch (response.kind) {
      case 'keep-alive':
        return { kind: 'nothing' };
      case 'blobs':
        pending.add(response.blobs);
        return { kind: 'nothing' };
      case 'charters':
        return this.#takeCharters(response.charters, pending, nowMs);
      case 'current':
        return this.#compare(response.at);
      case 'fork':
        return this.#takeEvidence(response.evidence);
      case 'update':
        return this.#takeUpdate(response.update, pending, { nowMs, admit });
    }
  }

  /**
   * Takes in what an earlier run saved, verified anew; before anything else. Returns what could not
   * be used, and why.
   */
  restore(saved: KeptRealm): readonly KedgeError[] {
    const { trusted, inUse, problems } = restoreRealm(this.#pin, saved);
    this.#trusted = trusted;
    for (const [bundle, one] of inUse) this.#inUse.set(bundle, one);
    return problems;
  }

  #takeCharters(documents: readonly SignedDocument[], pending: Pending, nowMs: number): Applied {
    const before = this.#trusted;
    const taken = takeCharters(before, documents, nowMs);
    pending.oppose(taken.kind === 'rivals' ? documents : []);
    if (taken.kind === 'held') return { kind: 'nothing' };
    if (taken.kind === 'rivals') {
      const { fork } = taken;
      return fork === undefined ? { kind: 'nothing' } : this.#fork(fork.state, fork.evidence);
    }
    let { state } = taken;
    for (const { head } of this.#inUse.values()) {
      const { bundle } = head.body;
      state = readmit(state, releaseStream(bundle), head);
    }
    this.#trusted = state;
    for (const bundle of this.#pin.bundles) {
      if (headOf(state, releaseStream(bundle)) === undefined) this.#standing.delete(bundle);
    }
    const settled = this.#pin.bundles.filter((bundle) => {
      const stream = releaseStream(bundle);
      return forkOf(before, stream) !== undefined && forkOf(state, stream) === undefined;
    });
    return { kind: 'charters', version: this.charterVersion, settled };
  }

  #compare({ bundle, held }: BundleCursor): Applied {
    this.#requireWatched(bundle);
    const head = this.#inUse.get(bundle)?.head;
    if (head?.digest === held?.digest) return { kind: 'confirmed', bundle };
    const standing = this.#standing.get(bundle)?.head;
    const isStanding = standing !== undefined && standing.digest === held?.digest;
    if (isStanding) return { kind: 'overruled', bundle };
    const sequence = held?.sequence ?? 0;
    // More than is in use, without sending it: not newer until it is shown.
    return { kind: 'behind', bundle, sequence };
  }

  #takeEvidence(evidence: Evidence): Applied {
    if (!this.#concerns(evidence.stream)) return { kind: 'nothing' };
    const result = this.#judge(evidence);
    if (result?.outcome !== 'forked') return { kind: 'nothing' };
    return this.#fork(result.state, evidence);
  }

  /** Absent: it lies below what is in use, above a decided place, and history alone can tell. */
  #judge(evidence: Evidence): ReturnType<typeof acceptEvidence> | undefined {
    try {
      return acceptEvidence(this.#trusted, evidence);
    } catch (thrown) {
      const { code, detail } = KedgeError.from(thrown);
      if (code === 'GAP' && detail['stream'] === evidence.stream) return undefined;
      throw thrown;
    }
  }

  #takeUpdate(update: JoinedUpdate, pending: Pending, { nowMs, admit }: Judging): Applied {
    const { bundle } = update;
    this.#requireWatched(bundle);
    const stream = releaseStream(bundle);
    const { first, last } = endsOf(update, stream);
    requireFloor(this.#pin, bundle, last.sequence);
    const head = headOf(this.#trusted, stream);
    const doubted = this.isOverruled(bundle) ? this.#inUse.get(bundle)?.head : undefined;
    const body = openContent(head ?? doubted, update.content);
    if (body === undefined) {
      throw new KedgeError('GAP', `an update of ${bundle} builds on a release that is not held`);
    }
    // What is in use, without a proof that it stands: that may be too long for one update.
    const isBare = head === undefined && first === last && last.digest === doubted?.digest;
    if (isBare && decisionAt(this.#trusted, last) === undefined) {
      return { kind: 'overruled', bundle };
    }
    // A snapshot that follows directly is judged as strictly as a delta; what follows a release
    // that is in doubt has to show by itself that it stands (AR-21).
    const isDelta = update.content.kind === 'delta' && (head ?? doubted) === head;
    const isLinked = isDelta || first.sequence === (head?.sequence ?? 0) + 1;
    const offer: Offer = {
      chain: update.statements,
      body,
      mode: isLinked ? 'linked' : 'jump',
      ...groundOf(update, this.#trusted),
    };
    const result = acceptDocument(this.#trusted, offer, nowMs);
    switch (result.outcome) {
      case 'held':
        return { kind: this.isOverruled(bundle) ? 'overruled' : 'confirmed', bundle };
      case 'forked':
        return this.#fork(result.state, result.evidence);
      case 'accepted':
        return this.#adopt(result.state, bundle, pending, admit);
    }
  }

  /** Completes an accepted head with its blobs; only then anything changes. */
  #adopt(
    state: TrustedState,
    bundle: BundleName,
    pending: Pending,
    admit: Judging['admit'],
  ): Applied {
    const head = headOf(state, releaseStream(bundle));
    if (head === undefined) throw new KedgeError('BUG', 'an accepted release has no head');
    const before = this.#inUse.get(bundle);
    const standing = this.#standing.get(bundle);
    const blobs = new Map<AnchorId, Uint8Array>();
    for (const { id } of head.body.anchors) {
      const der = before?.blobs.get(id) ?? standing?.blobs.get(id) ?? pending.get(id);
      if (der !== undefined) blobs.set(id, der);
    }
    checkBlobs(head.body, blobs, before?.blobs);
    const inUse = inUseOf(this.#pin.realm, head, blobs, before?.bundle);
    const isOut = isOusted(state, before?.head, head);
    const isNewer = isOut || head.sequence > (before?.head.sequence ?? 0);
    if (isNewer) admit(head);
    this.#trusted = state;
    pending.clear();
    this.#standing.delete(bundle);
    if (before?.head.digest === head.digest) return { kind: 'confirmed', bundle };
    if (!isNewer) {
      this.#standing.set(bundle, inUse);
      return { kind: 'overruled', bundle };
    }
    if (isOut && before !== undefined) this.fallen.add(before.head.digest);
    this.#inUse.set(bundle, inUse);
    return { kind: 'released', inUse };
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

/** The first and the last statement of an update. Errors: `TYPE`. */
function endsOf(
  { bundle, statements }: BundleUpdate,
  stream: StreamName,
): { readonly first: Statement; readonly last: Statement } {
  const parsed = statements.map(({ payload }) => parseStatement(payload));
  const [first, last] = [parsed[0], parsed.at(-1)];
  if (first !== undefined && last?.stream === stream) return { first, last };
  throw new KedgeError('TYPE', `an update of ${bundle} has a statement of another stream`);
}

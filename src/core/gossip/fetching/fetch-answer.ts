/**
 * What a fetch brings: judged piece by piece and handed to the replica.
 *
 * @module
 */
import { peekRevealed } from '../../charter/charter.ts';
import { KedgeError } from '../../errors.ts';
import { CHARTER_STREAM, type NodeId, splitStream } from '../../ids.ts';
import type { PeerIdentity } from '../../peer.ts';
import type { SignedDocument } from '../../statements/envelope.ts';
import { parseStatement } from '../../statements/statement.ts';
import type { Standing } from '../../trusted/authority.ts';
import { RANK_FOR_EVER } from '../../trusted/lineage.ts';
import { charterAt, type Evidence } from '../../trusted/state.ts';
import type { Recall } from '../events.ts';
import type { FetchItem, Push } from '../frames.ts';
import { asEmpty, asHollow } from '../links/blame.ts';
import type { LinkTable } from '../links/links.ts';
import { indexBlobs } from '../replica/push.ts';
import type { Bringer, Replica } from '../replica/replica.ts';
import { type Row, rowIn } from '../rows.ts';
import type { ActiveFetch, Want } from './active-fetches.ts';
import type { Missing } from './missing.ts';

/** A piece that belongs to a stream. */
type Piece = Exclude<FetchItem, { readonly kind: 'over' }>;

/** What to do about what a piece shows to be missing. */
export interface Lacking {
  takeEvidence(from: PeerIdentity, evidence: Evidence, recall: Recall, nowMs: number): void;
  wantBeneath(nodeId: NodeId, evidence: Evidence | undefined, nowMs: number): void;
  wantMissing(nodeId: NodeId, statement: Uint8Array, error: KedgeError, nowMs: number): boolean;
}

/** Takes the answers to fetches apart. */
export class FetchAnswers {
  readonly #links: LinkTable;
  readonly #replica: Replica;
  readonly #missing: Missing;
  readonly #lacking: Lacking;

  constructor(parts: {
    readonly links: LinkTable;
    readonly replica: Replica;
    readonly missing: Missing;
    readonly lacking: Lacking;
  }) {
    this.#links = parts.links;
    this.#replica = parts.replica;
    this.#missing = parts.missing;
    this.#lacking = parts.lacking;
  }

  /**
   * Takes one piece of the stream that comes now; says whether it moved this node on.
   * Errors: what speaks against it.
   */
  take(fetch: ActiveFetch, { row }: Want, piece: Piece, recall: Recall, nowMs: number): boolean {
    const { buffer, from } = fetch;
    const waiting = buffer.documents.length;
    const before = this.#missing.heldOf(row.stream);
    if (piece.kind !== 'blobs') fetch.pieces += 1;
    switch (piece.kind) {
      case 'blobs':
        if (splitStream(row.stream).kind !== 'release') {
          throw new KedgeError('TYPE', `${row.stream} has no anchors`);
        }
        buffer.addBlobs(indexBlobs(piece.blobs));
        break;
      case 'fork':
        this.#lacking.takeEvidence(from, piece.evidence, recall, nowMs);
        break;
      case 'entry':
        this.#entry(fetch, row, piece.entry, recall, nowMs);
    }
    return this.#missing.heldOf(row.stream) !== before || buffer.documents.length > waiting;
  }

  /**
   * A stream is over: what speaks against the peer when it said that it holds it, as the process
   * that it still is, and brought nothing. Of a fork it may have taken back what it said, as a
   * charter decided: there no more than a doubt is left.
   */
  hollow(fetch: ActiveFetch, want: Want): KedgeError | undefined {
    const { nodeId, row, saidBy } = want;
    const { stream, sequence } = row;
    const link = this.#links.to(nodeId);
    if (link?.isReady !== true || link.hello.bootId !== saidBy) return undefined;
    const said = link.held.get(stream);
    const ours = rowIn(this.#replica.verified, stream);
    if (said === undefined || this.#missing.sizeOf(want) === 0) return undefined;
    if (this.#missing.hasMoved(fetch, want)) return undefined;
    const message = `it says that it holds ${stream} up to ${String(sequence)}, and sends nothing`;
    const error = new KedgeError('LIMIT', message, { detail: { stream, sequence } });
    if (row.forked || said.forked || ours?.forked === true) {
      const isSame = said.forked === row.forked && said.digest === row.digest;
      return isSame && fetch.pieces === 0 ? asEmpty(error) : undefined;
    }
    return said.sequence >= sequence ? asHollow(error) : undefined;
  }

  #entry(fetch: ActiveFetch, row: Row, entry: Push, recall: Recall, nowMs: number): void {
    const { buffer, from } = fetch;
    const opened = this.#replica.open(entry, buffer.tip);
    if (opened.row.stream !== row.stream) {
      throw new KedgeError('TYPE', `asked for ${row.stream}, got ${opened.row.stream}`);
    }
    if (opened.kind === 'gap') throw new KedgeError('GAP', 'the answer to a fetch has a gap');
    const { document, blobs } = opened;
    const standing = (): Standing => this.#replica.standing(document.statement);
    buffer.addBlobs(blobs);
    if (this.#waitsForRecovery(fetch, row, document)) {
      return buffer.addDocument(document, undefined);
    }
    try {
      // What waits is judged as a whole, and only under a statement that can prove it.
      if (buffer.documents.length > 0 && standing() === 'history') {
        return buffer.addDocument(this.#replica.proven(document), undefined);
      }
      const documents = [...buffer.documents, document];
      const bringer = this.#bringerOf(from, row, opened.row);
      const fork = this.#replica.receive(documents, buffer.blobs, recall, bringer, nowMs);
      buffer.clear();
      this.#lacking.wantBeneath(from.nodeId, fork, nowMs);
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#lacking.wantMissing(from.nodeId, entry.statement.payload, error, nowMs);
      // What nobody ever had a quorum for is no history and does not wait.
      const isUnsigned = error.code === 'THRESHOLD' && standing() === 'nothing';
      const isHistory = error.code === 'THRESHOLD' || error.detail['standing'] === 'history';
      if (!isHistory || isUnsigned) throw error;
      buffer.addDocument(this.#replica.proven(document), error);
    }
  }

  /**
   * A charter in a place that is taken, of a peer whose charters were recovered more often: what
   * recovery keys signed follows, and covers it.
   */
  #waitsForRecovery(
    { buffer }: ActiveFetch,
    row: Row,
    { statement, body }: SignedDocument,
  ): boolean {
    if (row.stream !== CHARTER_STREAM) return false;
    const { verified } = this.#replica;
    const ours = rowIn(verified, CHARTER_STREAM);
    if ((row.rank ?? 0) <= (ours?.rank ?? 0) || row.rank === RANK_FOR_EVER) return false;
    const { sequence, digest } = parseStatement(statement.payload);
    const held = charterAt(verified, sequence)?.digest;
    const isRival = buffer.documents.length > 0 || (held !== undefined && held !== digest);
    return isRival && peekRevealed(body).length === 0;
  }

  /** History is for us alone; what the peer announced, others may lack as well. */
  #bringerOf(
    from: PeerIdentity,
    row: Row,
    fetched: Row,
  ): Exclude<Bringer, { readonly kind: 'submit' | 'program' }> {
    const isStopped = rowIn(this.#replica.verified, row.stream)?.forked === true;
    return isStopped || fetched.sequence < row.sequence
      ? { kind: 'history', from }
      : { kind: 'peer', from, origin: from.region };
  }
}

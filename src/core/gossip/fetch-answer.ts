/**
 * What a fetch brings: judged piece by piece and handed to the replica.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { type NodeId, type StreamName, splitStream } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import type { Standing } from '../trusted/authority.ts';
import type { Evidence } from '../trusted/state.ts';
import { asHollow } from './blame.ts';
import type { Recall } from './events.ts';
import type { FetchItem, Push } from './frames.ts';
import type { LinkTable } from './links.ts';
import type { Bringer, Replica } from './replica.ts';
import { compareRow, heldIn, type Row, rowIn } from './rows.ts';
import type { ActiveFetch, Want } from './wants.ts';

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
  readonly #lacking: Lacking;

  constructor(links: LinkTable, replica: Replica, lacking: Lacking) {
    this.#links = links;
    this.#replica = replica;
    this.#lacking = lacking;
  }

  /** The next stream of a fetch comes from now on. */
  begins(fetch: ActiveFetch): void {
    const [want] = fetch.wants;
    fetch.heldBefore = want === undefined ? '' : this.#heldOf(want.row.stream);
  }

  /**
   * Takes one piece of the stream that comes now; says whether it moved this node on.
   * Errors: what speaks against it.
   */
  take(fetch: ActiveFetch, { row }: Want, piece: Piece, recall: Recall, nowMs: number): boolean {
    const { buffer, from } = fetch;
    const waiting = buffer.documents.length;
    const before = this.#heldOf(row.stream);
    switch (piece.kind) {
      case 'blobs':
        if (splitStream(row.stream).kind === 'charter') {
          throw new KedgeError('TYPE', 'a charter has no anchors');
        }
        buffer.addBlobs(piece.blobs);
        break;
      case 'fork':
        this.#lacking.takeEvidence(from, piece.evidence, recall, nowMs);
        break;
      case 'entry':
        this.#entry(fetch, row, piece.entry, recall, nowMs);
    }
    return this.#heldOf(row.stream) !== before || buffer.documents.length > waiting;
  }

  /**
   * A stream is over: what speaks against the peer when it said that it holds it, as the process
   * that it still is, and brought nothing.
   */
  hollow(fetch: ActiveFetch, { nodeId, row, saidBy }: Want): KedgeError | undefined {
    const { stream, sequence } = row;
    const link = this.#links.to(nodeId);
    if (link?.isReady !== true || link.hello.bootId !== saidBy) return undefined;
    const said = link.held.get(stream);
    const isSaidStill = said !== undefined && !said.forked && said.sequence >= sequence;
    const ours = rowIn(this.#replica.verified, stream);
    if (!isSaidStill || ours?.forked === true || compareRow(ours, row) !== 'fetch') {
      return undefined;
    }
    if (this.#heldOf(stream) !== fetch.heldBefore) return undefined;
    const message = `it says that it holds ${stream} up to ${String(sequence)}, and sends nothing`;
    return asHollow(new KedgeError('LIMIT', message, { detail: { stream, sequence } }));
  }

  /** What is verified of a stream, as one word. */
  #heldOf(stream: StreamName): string {
    const row = rowIn(this.#replica.verified, stream);
    return row === undefined ? '' : `${String(heldIn(row))} ${row.digest}`;
  }

  #entry(fetch: ActiveFetch, row: Row, entry: Push, recall: Recall, nowMs: number): void {
    const { buffer, from } = fetch;
    const opened = this.#replica.open(entry, buffer.tip);
    if (opened.row.stream !== row.stream) {
      throw new KedgeError('TYPE', `asked for ${row.stream}, got ${opened.row.stream}`);
    }
    if (opened.kind === 'gap') throw new KedgeError('GAP', 'the answer to a fetch has a gap');
    const { document } = opened;
    const standing = (): Standing => this.#replica.standing(document.statement);
    buffer.addBlobs(entry.blobs);
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
      // What nobody ever had a quorum for is no history and does not wait.
      if (error.code === 'THRESHOLD' && standing() !== 'nothing') {
        return buffer.addDocument(this.#replica.proven(document), error);
      }
      this.#lacking.wantMissing(from.nodeId, entry.statement.payload, error, nowMs);
      throw error;
    }
  }

  /** History is for us alone; what the peer announced, others may lack as well. */
  #bringerOf(
    from: PeerIdentity,
    row: Row,
    fetched: Row,
  ): Exclude<Bringer, { readonly kind: 'submit' }> {
    const isStopped = rowIn(this.#replica.verified, row.stream)?.forked === true;
    return isStopped || fetched.sequence < row.sequence
      ? { kind: 'history', from }
      : { kind: 'peer', from, origin: from.region };
  }
}

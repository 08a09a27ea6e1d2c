/**
 * Judges what arrives: opens pushes, verifies, and makes the batch that has to become durable.
 *
 * Owns the `verified` state, which the next statement is judged against; it is ahead of the durable
 * one while batches are written. Whatever throws here leaves it unchanged.
 *
 * @module
 */
import type { Anchor } from '../../anchors/anchor.ts';
import { peekRevealed } from '../../charter/charter.ts';
import { sha256 } from '../../crypto.ts';
import { KedgeError } from '../../errors.ts';
import { type AnchorId, NO_PREVIOUS, type Sha256, type StreamName } from '../../ids.ts';
import type { BodyContent } from '../../statements/body-content.ts';
import type { SignedDocument, SignedStatement } from '../../statements/envelope.ts';
import { parseStatement, type Statement } from '../../statements/statement.ts';
import { acceptDocument, acceptEvidence } from '../../trusted/accept.ts';
import { findPastQuorum, findStanding, type Standing } from '../../trusted/authority.ts';
import { type Evidence, headOf, type TrustedState } from '../../trusted/state.ts';
import type { PersistBatch, Recall } from '../events.ts';
import type { Push } from '../frames.ts';
import type { Row } from '../rows.ts';
import { heldIn, rowIn } from '../rows.ts';
import { type AcceptedResult, batchOf, bodiesOf, requireNewBlobs } from './accepted-batch.ts';
import { type BaseBody, contentFrom, indexBlobs, openContent } from './push.ts';

const NO_BODY = new Uint8Array(0);

/** A push taken apart. `gap`: its body cannot be rebuilt from what is held here. */
export type Opened =
  | { readonly kind: 'gap'; readonly row: Row }
  | {
      readonly kind: 'document';
      readonly row: Row;
      readonly document: SignedDocument;
      readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
      /** How the body came. */
      readonly content: BodyContent;
    };

/** What judging came to. */
export type Taken =
  /** Nothing new; the row is absent when nothing is held of the stream. */
  | { readonly kind: 'held'; readonly row: Row | undefined }
  | {
      readonly kind: 'new';
      readonly state: TrustedState;
      readonly row: Row;
      readonly batch: PersistBatch;
      /** Other streams that the statement moves: a charter decides about forks. */
      readonly moved: readonly StreamName[];
      /** For peers that hold the statement before; made when it is asked for. */
      readonly push?: () => Push;
      readonly evidence?: Evidence;
    };

/** The verified state of one node and the one way into it. */
export class Intake {
  #state: TrustedState;

  constructor(state: TrustedState) {
    this.#state = state;
  }

  get state(): TrustedState {
    return this.#state;
  }

  /** Falls back to what will be durable, after the disk refused. */
  reset(state: TrustedState): void {
    this.#state = state;
  }

  /**
   * Takes a push apart. `tip` is what a fetch has collected beyond the head.
   * Errors: `PARSE`, `TYPE`, `LIMIT`.
   */
  open(push: Push, tip?: BaseBody): Opened {
    const statement = parseStatement(push.statement.payload);
    const row = rowOf(statement);
    const ours = rowIn(this.#state, row.stream);
    const isPastFork = ours?.forked === true && row.sequence > ours.sequence;
    const held = tip?.sequence ?? (ours === undefined ? 0 : heldIn(ours));
    if (statement.kind === 'charter') return this.#openCharter(push, row, held);
    if (row.sequence > (isPastFork ? ours.sequence : held) + 1) return { kind: 'gap', row };
    // The body plays no part where the statement is known, proves a fork, or follows another one.
    const isNext = row.sequence === held + 1 && !isPastFork;
    const isElsewhere = tip === undefined && statement.previous !== this.#digestOf(ours);
    const body =
      isNext && !isElsewhere ? openContent(tip ?? this.#base(row.stream), push.content) : NO_BODY;
    if (body === undefined) return { kind: 'gap', row };
    const document = { statement: push.statement, body };
    const blobs = indexBlobs(push.blobs);
    return { kind: 'document', row, document, blobs, content: push.content };
  }

  /** A charter comes whole; recovery keys may have signed it, also where its place is taken. */
  #openCharter(push: Push, row: Row, held: number): Opened {
    const { statement, content } = push;
    if (row.sequence > held + 1) return { kind: 'gap', row };
    const body = openContent(undefined, content);
    if (body === undefined) return { kind: 'gap', row };
    return { kind: 'document', row, document: { statement, body }, blobs: new Map(), content };
  }

  /**
   * What the signatures of a statement are good for. `head`: for today. `history`: they once were.
   * `nothing`: they never were. Errors: `PARSE`, `TYPE`; `GAP` when its charter is not held.
   */
  standing(signed: SignedStatement): Standing {
    const statement = parseStatement(signed.payload);
    if (statement.kind === 'charter') return 'head';
    return findStanding(this.#state, statement, signed);
  }

  /**
   * A document with the valid signatures alone, when it ever had a quorum: what waits as history is
   * verified again with what proves it, and garbage beside it must not be paid for each time.
   */
  proven(document: SignedDocument): SignedDocument {
    const statement = parseStatement(document.statement.payload);
    if (statement.kind === 'charter') return document;
    const signed = findPastQuorum(this.#state, statement, document.statement);
    return signed === undefined ? document : { statement: signed, body: document.body };
  }

  /**
   * Verifies documents of one stream, in order, each directly after the one before, and adopts
   * them together. More than one is history: all but the last may be signed by signers who have
   * left since. `content` is how the body of the last one came: a delta that built it is passed
   * on as it is. Errors: every code of `acceptDocument`; the state is unchanged.
   */
  take(
    documents: readonly SignedDocument[],
    blobs: ReadonlyMap<AnchorId, Uint8Array>,
    recall: Recall,
    nowMs: number,
    content?: BodyContent,
  ): Taken {
    const last = documents.at(-1);
    if (last === undefined) throw new KedgeError('BUG', 'there is nothing to judge');
    const chain = documents.map((document) => document.statement);
    const history = documents.slice(0, -1).map((document) => document.body);
    const { holdings = [], named = [], ...held } = recall;
    const place = { history, mode: 'linked', holdings, named, ...held } as const;
    const result = acceptDocument(this.#state, { chain, body: last.body, ...place }, nowMs);
    switch (result.outcome) {
      case 'held':
        return { kind: 'held', row: rowOf(parseStatement(last.statement.payload)) };
      case 'forked':
        return this.#forked(result.state, result.evidence);
      case 'accepted':
        return this.#accepted(result, bodiesOf(result, [...history, last.body]), blobs, content);
    }
  }

  /**
   * Judges a document that an admin offers: as `take`, and a sequence that is taken is `CONFLICT`,
   * so that two honest admins who race never look like a fork. Errors also: `EXPIRED`.
   */
  submit(
    document: SignedDocument,
    blobs: ReadonlyMap<AnchorId, Uint8Array>,
    recall: Recall,
    nowMs: number,
  ): Taken {
    const statement = parseStatement(document.statement.payload);
    const head = rowIn(this.#state, statement.stream);
    const isTaken = head !== undefined && statement.sequence <= head.sequence;
    if (isTaken && !revealsKeys(document, statement.kind)) {
      const held = recall.held && sha256(recall.held.payload);
      const isHeld =
        statement.digest === (statement.sequence === head.sequence ? head.digest : held);
      if (isHeld) return { kind: 'held', row: rowOf(statement) };
      throw new KedgeError(
        'CONFLICT',
        `sequence ${String(statement.sequence)} of ${statement.stream} is taken: draft again on ` +
          `top of sequence ${String(head.sequence)}`,
      );
    }
    if (statement.expiresMs <= nowMs) {
      throw new KedgeError('EXPIRED', 'the statement has expired: draft and sign it again');
    }
    return this.take([document], blobs, recall, nowMs);
  }

  /** Verifies fork evidence and adopts it. Errors: those of `acceptEvidence`. */
  evidence(evidence: Evidence, recall: Recall): Taken {
    const state = this.#state;
    const result = acceptEvidence(state, evidence, recall);
    // Which of the two statements is held here, if any, is for the row to say.
    if (result.outcome === 'held') return { kind: 'held', row: rowIn(state, evidence.stream) };
    const stream = result.state.streams.get(evidence.stream);
    return this.#forked(result.state, stream?.kind === 'forked' ? stream.evidence : evidence);
  }

  /** Adopts accepted documents: what they need on disk, and what peers need to follow. */
  #accepted(
    accepted: AcceptedResult,
    bodies: readonly Uint8Array[],
    blobs: ReadonlyMap<AnchorId, Uint8Array>,
    content: BodyContent | undefined,
  ): Taken {
    const { statement, document, chain, state, moved } = accepted;
    const { stream } = statement;
    const fresh = requireNewBlobs(this.#anchors(stream), stream, bodies, blobs);
    const base = this.#base(stream);
    this.#state = state;
    const push = (): Push => ({
      statement: document.statement,
      content: content?.kind === 'delta' ? content : contentFrom(base, document.body),
      blobs: [...fresh.values()],
    });
    return {
      kind: 'new',
      state,
      row: rowIn(state, stream) ?? rowOf(statement),
      moved,
      batch: batchOf(accepted, bodies, fresh),
      ...(chain.length === 1 && { push }),
    };
  }

  #forked(state: TrustedState, evidence: Evidence): Taken {
    this.#state = state;
    const row = rowIn(state, evidence.stream);
    if (row === undefined) throw new KedgeError('BUG', 'a forked stream has no row');
    const batch = { documents: [], blobs: [], evidence };
    return { kind: 'new', state, row, moved: [], batch, evidence };
  }

  /** The body that a delta may build on; charters and rollouts always travel whole. */
  #base(stream: StreamName): BaseBody | undefined {
    const head = headOf(this.#state, stream);
    return head?.kind === 'release' ? head : undefined;
  }

  /** What the next statement of a stream follows. */
  #digestOf(row: Row | undefined): Sha256 {
    if (row?.forked === true) return headOf(this.#state, row.stream)?.digest ?? NO_PREVIOUS;
    return row?.digest ?? NO_PREVIOUS;
  }

  #anchors(stream: StreamName): readonly Anchor[] {
    const head = headOf(this.#state, stream);
    return head?.kind === 'release' ? head.body.anchors : [];
  }
}

/** Says whether a charter names recovery keys that signed it: it may take a place. */
function revealsKeys({ body }: SignedDocument, kind: Statement['kind']): boolean {
  return kind === 'charter' && peekRevealed(body).length > 0;
}

/** The row of a statement that is the head. */
function rowOf(statement: Statement): Row {
  const { stream, sequence, digest } = statement;
  return { stream, sequence, digest, forked: false };
}

/**
 * How proposals get to all nodes, and become statements when they have their signatures.
 *
 * News goes the way of heartbeats: to the relays, over the ocean once, to everybody; only what is
 * new here, verified and with room is passed on. Whatever node sees the last signature hands the
 * document in to itself as if an admin had submitted it, so that there is one way into the trusted
 * state. Peers that do not say that they take such frames get none. docs/proposals.md.
 *
 * @module
 */
import { sha256 } from '../../crypto.ts';
import { KedgeError } from '../../errors.ts';
import type { Sha256 } from '../../ids.ts';
import type { HeartbeatBook } from '../../log/heartbeat-book.ts';
import type { PeerIdentity } from '../../peer.ts';
import { type BookOutcome, ProposalBook } from '../../proposals/book.ts';
import type { OpenProposal } from '../../proposals/entry.ts';
import type { ProposalFrame, ProposalNews } from '../../proposals/frames.ts';
import { isComplete, isTimely } from '../../proposals/judge.ts';
import { type BroughtBy, type EndedProposal, type KeptProposal } from '../../proposals/model.ts';
import type { GossipEvent } from '../events.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import type { ReadAt } from '../replica/pushes.ts';
import type { Replica } from '../replica/replica.ts';
import type { Spread } from '../replica/spread.ts';
import { isProposalFault, whenAgain } from './proposal-blame.ts';
import { ProposalComparing } from './proposal-comparing.ts';
import { ProposalKeeping } from './proposal-keeping.ts';
import { ProposalShares, statementIn } from './proposal-shares.ts';
import { broughtBy, type ProposalSource, ProposalSpread } from './proposal-spread.ts';
import { ProposalsAside } from './proposals-aside.ts';

/** What proposals work with. */
export interface ProposalsParts {
  readonly self: PeerIdentity;
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly spread: Spread;
  readonly replica: Replica;
  /** The newest verified ones of regions: which time it is by them. */
  readonly heartbeats: () => HeartbeatBook;
  /** What the store held at start. */
  readonly kept: readonly KeptProposal[];
}

type Event<Kind> = Extract<GossipEvent, { readonly kind: Kind }>;
type ProposalEvent = Event<'propose' | 'withdraw' | 'proposals-kept' | 'proposals-failed'>;

/** Proposals that are gone and still told of. */
const ENDED_MAX = 256;
/** Ticks between two attempts to submit what is complete. */
const RETRY_EVERY = 15;

/** The proposals of one node. */
export class Proposals {
  readonly #parts: ProposalsParts;
  readonly #book: ProposalBook = new ProposalBook();
  readonly #aside: ProposalsAside;
  readonly #keeping: ProposalKeeping;
  readonly #comparing: ProposalComparing;
  readonly #spread: ProposalSpread;
  readonly #shares: ProposalShares = new ProposalShares();
  /** Those that have all signatures and wait for their place. */
  readonly #complete: Set<Sha256> = new Set();
  #ended: readonly EndedProposal[] = [];
  #turn = 0;

  constructor(parts: ProposalsParts) {
    const { outbox, links } = parts;
    this.#spread = new ProposalSpread(outbox, parts.spread);
    this.#parts = parts;
    const book = this.#book;
    const keptOf = (digest: Sha256): KeptProposal | undefined =>
      book.kept(digest) ?? this.#aside.kept(digest);
    this.#keeping = new ProposalKeeping(outbox, keptOf);
    this.#aside = new ProposalsAside({ ...parts, book, keeping: this.#keeping });
    this.#comparing = new ProposalComparing({ outbox, links, book: this.#book });
  }

  /** Those that gather signatures. */
  get open(): readonly OpenProposal[] {
    return this.#book.open;
  }

  /** Those that are gone, the newest last; a bounded number, since this process started. */
  get ended(): readonly EndedProposal[] {
    return this.#ended;
  }

  /** One that gathers signatures. */
  find(digest: Sha256): OpenProposal | undefined {
    const entry = this.#book.find(digest);
    return entry?.kind === 'open' ? entry : undefined;
  }

  /** Says whether a proposal has the signatures that it needs. */
  isComplete(digest: Sha256): boolean {
    return this.#complete.has(digest);
  }

  /** Takes up what the store held; what is over since is let go. */
  start(nowMs: number, monotonicMs: number): void {
    this.#aside.now(monotonicMs);
    this.#book.review(this.#parts.replica.durable, nowMs);
    for (const kept of this.#parts.kept) this.#aside.takeUp(kept, nowMs);
    for (const { statement } of this.#book.open) this.#check(statement.digest);
    this.#keeping.flush();
  }

  /** What an admin asks, or what became of a write. */
  handle(event: ProposalEvent, nowMs: number): void {
    switch (event.kind) {
      case 'propose':
        return this.#propose(event, nowMs);
      case 'withdraw':
        return this.#withdraw(event, nowMs);
      case 'proposals-kept':
        return this.#keeping.kept(event.writeId);
      case 'proposals-failed':
        return this.#keeping.failed(event.writeId, event.error);
    }
  }

  /** A frame of a peer. Errors: what speaks against it. */
  frame(link: Link, frame: ProposalFrame, at: ReadAt): void {
    switch (frame.kind) {
      case 'proposal-digest':
        return this.#comparing.digest(link, frame.root);
      case 'proposal-vector':
        return this.#comparing.vector(link, frame.versions, frame.turn);
      case 'proposal':
      case 'proposal-signed':
      case 'proposal-withdrawn':
        this.#news(link, frame, at);
        return this.#keeping.flush();
    }
  }

  /** A peer greeted. */
  linkUp(link: Link): void {
    this.#comparing.linkUp(link);
  }

  /** Called at a steady pace. */
  tick(nowMs: number, monotonicMs: number): void {
    this.#aside.now(monotonicMs);
    this.#review(nowMs);
    // What the disk, or a rule for what is handed in, refused to take is tried again.
    const isTime = this.#turn++ % RETRY_EVERY === 0;
    if (isTime) for (const digest of this.#complete) this.#check(digest);
    this.#keeping.flush();
    this.#comparing.timed((one) => isTimely(this.#parts.replica.verified, one, nowMs));
    this.#comparing.tick();
  }

  /** What is durable has moved. */
  moved(nowMs: number): void {
    this.#comparing.moved();
    this.#review(nowMs);
    this.#keeping.flush();
  }

  #propose({ requestId, proposal, by }: Event<'propose'>, nowMs: number): void {
    const { statement } = proposal.document;
    this.#asked(requestId, () => {
      const outcome = this.#book.take(this.#parts.replica.verified, proposal, nowMs);
      const digest = sha256(statement.payload);
      this.#keeping.note(digest, requestId);
      if (outcome === 'held') return;
      this.#told(digest, outcome, { origin: this.#parts.self.region, by });
    });
  }

  #withdraw({ requestId, withdrawal, by }: Event<'withdraw'>, nowMs: number): void {
    this.#asked(requestId, () => {
      const outcome = this.#book.withdraw(this.#parts.replica.verified, withdrawal, nowMs);
      const digest = sha256(withdrawal.statement.payload);
      if (outcome === 'unknown') {
        throw new KedgeError(
          'CONFLICT',
          'this is no proposal any more: its place is taken, or over',
        );
      }
      this.#keeping.note(digest, requestId);
      if (outcome === 'new') this.#withdrawn(digest, { origin: this.#parts.self.region, by });
    });
  }

  #asked(requestId: number, act: () => void): void {
    try {
      act();
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      this.#parts.outbox.emit({ kind: 'proposed', requestId, result: { kind: 'refused', error } });
    }
    this.#keeping.flush();
  }

  #news(link: Link, news: ProposalNews, { nowMs, monotonicMs }: ReadAt): void {
    const signed = statementIn(news);
    const digest = sha256(signed.payload);
    const isKnown =
      news.kind === 'proposal-withdrawn'
        ? this.#book.find(digest)?.kind === 'withdrawn'
        : this.#book.knows(signed);
    if (isKnown || this.#comparing.isDeclined(digest)) return;
    const signers = this.#parts.replica.verified.charters.at(-1)?.charter.signers ?? [];
    if (!this.#shares.take(link.nodeId, news, signers, monotonicMs)) {
      return this.#comparing.lacking();
    }
    const source = { from: link.peer, ...(news.origin && { origin: news.origin }) };
    try {
      const outcome = this.#enter(news, nowMs);
      if (outcome === 'unknown') return this.#comparing.lacking();
      if (outcome === 'held') return;
      this.#keeping.note(digest);
      if (news.kind === 'proposal-withdrawn') this.#withdrawn(digest, source);
      else this.#told(digest, outcome, source);
    } catch (thrown) {
      this.#refused(news, KedgeError.from(thrown));
    }
  }

  #enter(news: ProposalNews, nowMs: number): BookOutcome {
    const { verified } = this.#parts.replica;
    switch (news.kind) {
      case 'proposal':
        return this.#book.take(verified, news.proposal, nowMs);
      case 'proposal-signed':
        return this.#book.sign(verified, news.statement);
      case 'proposal-withdrawn':
        return this.#book.withdraw(verified, news.withdrawal, nowMs);
    }
  }

  /** What only another charter or clock explains is nobody's fault. */
  #refused(news: ProposalNews, error: KedgeError): void {
    this.#comparing.refused(statementIn(news), whenAgain(error));
    if (isProposalFault(news, error)) throw error;
  }

  #told(digest: Sha256, outcome: BookOutcome, source: ProposalSource): void {
    const entry = this.find(digest);
    if (entry === undefined) return;
    const { stream, sequence } = entry.statement;
    const { proposal, signers } = entry;
    const { statement } = proposal.document;
    const isNew = outcome === 'new';
    const place = { stream, sequence, digest, signers, statement, brought: broughtBy(source) };
    this.#parts.outbox.notice({ kind: 'proposal', what: isNew ? 'opened' : 'signed', ...place });
    const news = isNew
      ? ({ kind: 'proposal', proposal } as const)
      : ({ kind: 'proposal-signed', statement } as const);
    this.#spread.tell(news, source);
    this.#check(digest);
  }

  #withdrawn(digest: Sha256, source: ProposalSource): void {
    const entry = this.#book.find(digest);
    if (entry?.kind !== 'withdrawn') return;
    const { stream, sequence } = entry.statement;
    const { by, signers } = entry;
    this.#end({ stream, sequence, digest, signers, end: 'withdrawn', by }, broughtBy(source));
    this.#spread.tell({ kind: 'proposal-withdrawn', withdrawal: entry.withdrawal }, source);
  }

  /** Hands a proposal in that has all its signatures. */
  #check(digest: Sha256): void {
    const entry = this.find(digest);
    if (entry === undefined) return void this.#complete.delete(digest);
    const { document, blobs } = entry.proposal;
    if (!isComplete(this.#parts.replica.verified, document)) return;
    this.#complete.add(digest);
    this.#parts.outbox.emit({ kind: 'complete', document, blobs });
  }

  #review(nowMs: number): void {
    const { durable } = this.#parts.replica;
    const { ended, expired, forgotten, changed } = this.#book.review(durable, nowMs);
    for (const kept of expired) this.#aside.put(kept);
    for (const digest of this.#aside.review(nowMs)) this.#check(digest);
    for (const digest of [...forgotten, ...changed]) this.#keeping.note(digest);
    for (const one of ended) {
      this.#keeping.note(one.digest);
      this.#end(one);
    }
    for (const digest of changed) this.#check(digest);
  }

  #end(one: EndedProposal, brought?: BroughtBy): void {
    this.#complete.delete(one.digest);
    this.#ended = [...this.#ended, one].slice(-ENDED_MAX);
    this.#parts.outbox.notice({ kind: 'proposal-ended', ended: one, ...(brought && { brought }) });
  }
}

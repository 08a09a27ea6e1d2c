/**
 * How two nodes find out what proposals one of them lacks.
 *
 * At rest one peer in 30 seconds is shown a digest of 8 bytes, and so is whoever gets a link; where
 * two differ they show each other which statements they keep, signed by which keys, and send what
 * the other lacks. What a node does not take it says, so that it is not sent again and again.
 *
 * @module
 */
import { sha256 } from '../../crypto.ts';
import type { Sha256 } from '../../ids.ts';
import { PROPOSALS_MAX } from '../../limits.ts';
import type { ProposalBook } from '../../proposals/book.ts';
import type { Entry } from '../../proposals/entry.ts';
import type { ProposalNews } from '../../proposals/frames.ts';
import {
  DECLINED_VERSION,
  type ProposalVersion,
  WITHDRAWN_VERSION,
} from '../../proposals/model.ts';
import type { SignedStatement } from '../../statements/envelope.ts';
import { parseStatement, type Statement } from '../../statements/statement.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import { ComparisonPace } from '../repair/comparison-pace.ts';
import type { Again } from './proposal-blame.ts';

/** Comparisons after which what had no room is asked for again: 5 minutes. */
const FORGET_EVERY = 10;
/** What of a proposal counts as one row of a comparison. */
const ROW_UNIT_BYTES = 512;

/** What comparing works with. */
export interface ComparingParts {
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly book: ProposalBook;
}

/** Compares the proposals of one node with those of its peers. */
export class ProposalComparing {
  readonly #parts: ComparingParts;
  /** What this node does not take while nothing else has changed, or its clock has not. */
  readonly #declined: Map<Sha256, Statement | 'always'> = new Map();
  /** What there was no room for lately, with the signatures that it came with. */
  readonly #crowded: Set<Sha256> = new Set();
  readonly #pace: ComparisonPace = new ComparisonPace();

  constructor(parts: ComparingParts) {
    this.#parts = parts;
  }

  /** A peer greeted: whoever has proposals shows a digest. */
  linkUp(link: Link): void {
    this.#pace.hurry();
    if (this.#parts.book.size > 0 && link.takesProposals) this.#show(link);
  }

  /** Called at a steady pace: compares with the next peer when it is time. */
  tick(): void {
    if (this.#pace.tick() === 'early') return;
    if (this.#pace.comparisons % FORGET_EVERY === 0) this.#crowded.clear();
    const links = this.#parts.links.ready().filter((one) => one.takesProposals);
    const link = this.#pace.choose(links, this.#parts.book.size);
    if (link !== undefined) this.#show(link);
  }

  /** Something is to be had that could not be taken: compares soon, and less often in vain. */
  lacking(): void {
    this.#pace.lacking();
  }

  /**
   * This was not taken. What is kept out, `in-time` or `as-things-change`, is so for what the
   * statement alone shows: of a body or of signatures somebody may send false ones, to keep the
   * right ones out. What has no room is not asked for, for a while, and taken when somebody tells.
   */
  refused({ payload }: SignedStatement, again: Again): void {
    switch (again) {
      case 'soon':
        return this.lacking();
      case 'later':
        return void withRoom(this.#crowded).add(sha256(payload));
      case 'in-time':
        return void withRoom(this.#declined).set(sha256(payload), parseStatement(payload));
      case 'as-things-change':
        return void withRoom(this.#declined).set(sha256(payload), 'always');
      case 'when-told':
        return;
    }
  }

  isDeclined(digest: Sha256): boolean {
    return this.#declined.has(digest);
  }

  /** Time has passed, or the clock was set: what it spoke against until now is asked for. */
  timed(isTimely: (statement: Statement) => boolean): void {
    for (const [digest, statement] of this.#declined) {
      if (statement === 'always' || !isTimely(statement)) continue;
      this.#declined.delete(digest);
      this.#pace.hurry();
      this.#pace.lacking();
    }
  }

  /** Things have changed: what was not taken may be now. */
  moved(): void {
    this.#declined.clear();
    this.#crowded.clear();
    this.#pace.hurry();
  }

  /** A peer shows its digest. */
  digest(link: Link, root: string): void {
    if (root === this.#parts.book.root || !this.#pace.begin()) return;
    const versions = this.#vector();
    this.#parts.outbox.send(link, { kind: 'proposal-vector', versions, turn: 'answer' });
  }

  /** A peer shows what it keeps. */
  vector(link: Link, versions: readonly ProposalVersion[], turn: 'answer' | 'last'): void {
    const theirs = new Map(versions.map(({ digest, signatures }) => [digest, signatures]));
    const { book } = this.#parts;
    for (const { digest, signatures } of book.vector()) {
      const entry = book.find(digest);
      const news = entry && answerTo(entry, signatures, theirs.get(digest));
      if (entry === undefined || news === undefined) continue;
      // Who lacks much did nothing wrong: the rest is sent when it compares again.
      if (!link.repairBudget.afford(Math.ceil(entry.bytes / ROW_UNIT_BYTES))) break;
      this.#parts.outbox.send(link, news);
    }
    if (turn === 'last' || !this.#isBehind(versions)) return;
    const own = this.#vector();
    this.#parts.outbox.send(link, { kind: 'proposal-vector', versions: own, turn: 'last' });
  }

  #isBehind(versions: readonly ProposalVersion[]): boolean {
    const own = new Map(this.#parts.book.vector().map((one) => [one.digest, one.signatures]));
    return versions.some(({ digest, signatures }) => {
      if (signatures === DECLINED_VERSION) return false;
      if (this.isDeclined(digest) || this.#crowded.has(digest)) return false;
      return own.get(digest) !== signatures;
    });
  }

  #vector(): readonly ProposalVersion[] {
    const declined = [...new Set([...this.#declined.keys(), ...this.#crowded])].map((digest) => ({
      digest,
      signatures: DECLINED_VERSION,
    }));
    return [...this.#parts.book.vector(), ...declined];
  }

  #show(link: Link): void {
    this.#parts.outbox.send(link, { kind: 'proposal-digest', root: this.#parts.book.root });
  }
}

/** A bounded number: who is forgotten is told again, no more. */
function withRoom<Some extends { readonly size: number; clear(): void }>(some: Some): Some {
  if (some.size >= PROPOSALS_MAX / 2) some.clear();
  return some;
}

/** What somebody lacks who says `theirs` of a statement; absent: it has none of it. */
function answerTo(
  entry: Entry,
  ours: string,
  theirs: string | undefined,
): ProposalNews | undefined {
  if (theirs === ours || theirs === DECLINED_VERSION || theirs === WITHDRAWN_VERSION) {
    return undefined;
  }
  if (entry.kind === 'withdrawn') {
    return { kind: 'proposal-withdrawn', withdrawal: entry.withdrawal };
  }
  const { proposal } = entry;
  return theirs === undefined
    ? { kind: 'proposal', proposal }
    : { kind: 'proposal-signed', statement: proposal.document.statement };
}

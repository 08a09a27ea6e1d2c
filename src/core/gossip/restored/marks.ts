/**
 * The marks of stores: what this node signs of its own, what it keeps of others, and what of that
 * they are shown again.
 *
 * A mark is signed when a peer has to have it: for the first link, after a change at most every
 * 30 s, and before an orderly stop. It travels in digests until the peer says that it has it. A
 * node that keeps a mark which speaks against what the peer's present process says shows that one
 * back, and nothing otherwise, so at rest this costs some bytes. Source: docs/replication.md.
 *
 * @module
 */
import { equalBytes } from '../../bytes.ts';
import { KedgeError } from '../../errors.ts';
import type { NodeId } from '../../ids.ts';
import { MEMBERS_MAX } from '../../limits.ts';
import type { MemberView } from '../../membership/view.ts';
import type { StoreDigest } from '../frames.ts';
import type { Link } from '../links/links.ts';
import type { GossipOptions } from '../options.ts';
import {
  judgeMark,
  parseMark,
  type SignedMark,
  type StoreMark,
  signMark,
  verifyMark,
} from './store-mark.ts';

/** Marks kept of one node: of several processes, and of what stores it had. */
const KEPT_MAX = 4;
/** Ticks, 2 s each, between two marks that are signed because of a change. */
const SIGN_EVERY = 15;
/** Signatures checked for one peer between two ticks. */
const CHECKS_PER_TICK = 4;
/** How often a peer is shown the same on one link: what was dropped is said again. */
const SHOWN_MAX = 16;

/** What marks are known from. */
export interface MarksParts {
  readonly options: Pick<GossipOptions, 'self' | 'membership' | 'started' | 'marks'>;
  readonly memberOf: (nodeId: NodeId) => MemberView | undefined;
}

/** What a peer showed of this node's own store: see `judgeMark`. */
export interface MarkVerdict {
  readonly kind: 'older' | 'copied';
  readonly mark: StoreMark;
}

/** What a digest says about marks. */
export type MarkNews = Pick<StoreDigest, 'mark' | 'markSeen' | 'remembered'>;

interface Kept {
  readonly signed: SignedMark;
  readonly mark: StoreMark;
}

/** The marks that one node knows. */
export class Marks {
  readonly #parts: MarksParts;
  /** Own, with the present count; absent where the store does not count, or is an old copy. */
  #own: StoreMark | undefined;
  #signed: Kept | undefined;
  /** By node, the one that changed last at the end. */
  readonly #kept: Map<NodeId, readonly Kept[]> = new Map();
  /** What the present process of a node said last. */
  readonly #present: Map<NodeId, Kept> = new Map();
  /** Peers that have a mark of this process, and kept none that speaks against it. */
  readonly #looked: Set<NodeId> = new Set();
  readonly #checks: Map<NodeId, number> = new Map();
  #storeId: string;
  #turn = 0;
  #signedTurn = 0;
  #version = 0;

  constructor(parts: MarksParts) {
    const { self, started, marks = [] } = parts.options;
    const { realm, nodeId, storeId, bootId } = self;
    this.#parts = parts;
    this.#storeId = storeId;
    if (started === undefined) return;
    const { after, count } = started;
    this.#own = { realm, nodeId, storeId, bootId, after, begin: count, count };
    // They were verified before they were written down.
    for (const signed of marks) this.#keep({ signed, mark: parseMark(signed.payload) });
  }

  /** The store of this node. */
  get storeId(): string {
    return this.#storeId;
  }

  /** This node's own mark, with the present count; absent where there is none. */
  get own(): StoreMark | undefined {
    return this.#own;
  }

  /** Peers that looked at a mark of this process and know nothing that speaks against it. */
  get lookedAt(): ReadonlySet<NodeId> {
    return this.#looked;
  }

  /** Counts the changes of what is worth keeping across a restart. */
  get version(): number {
    return this.#version;
  }

  snapshot(): readonly SignedMark[] {
    return [...this.#kept.values()].flatMap((all) => all.map(({ signed }) => signed));
  }

  /** The store was written to; absent: it does not count. Answers may overtake each other. */
  wrote(count = 0): void {
    if (this.#own !== undefined && count > this.#own.count) this.#own = { ...this.#own, count };
  }

  /** Who looked has to look again. */
  forgetLooks(): void {
    this.#looked.clear();
  }

  /** The store is an old copy: nothing more is said of it. */
  renounce(): void {
    this.#own = undefined;
    this.#signed = undefined;
    this.#looked.clear();
  }

  /** The store has another id from now on, and begins anew. */
  renewed(storeId: string, count: number): void {
    const { realm, nodeId, bootId } = this.#parts.options.self;
    this.#storeId = storeId;
    this.#own = { realm, nodeId, storeId, bootId, after: bootId, begin: count, count };
  }

  /** Called at a steady pace: signs what is due, and says whether there is news for a few peers. */
  tick(): 'news' | 'none' {
    this.#turn += 1;
    this.#checks.clear();
    const isDue = this.#turn - this.#signedTurn >= SIGN_EVERY;
    if (this.#own === undefined || this.#signed === undefined || !isDue) return 'none';
    return this.hurry();
  }

  /** Signs what is new at once. */
  hurry(): 'news' | 'none' {
    if (this.#own === undefined || this.#own.count === this.#signed?.mark.count) return 'none';
    const mark = this.#own;
    const { sign, self } = this.#parts.options.membership;
    const { publicKey } = self;
    this.#signed = { signed: signMark(mark, { sign, publicKey }), mark };
    this.#signedTurn = this.#turn;
    return 'news';
  }

  /** Says whether a peer lacks this node's last mark, and it is not on its way. */
  isUntold(link: Link): boolean {
    return this.#isNewTo(link) && link.marks.told !== this.#signed?.mark.count;
  }

  /** What a digest for this peer says. */
  introduction(link: Link): MarkNews {
    if (!link.takesMarks) return {};
    if (this.#signed === undefined) this.hurry();
    const present = this.#presentOf(link);
    const against = present && this.#against(link.nodeId, present.mark);
    const shows = against !== undefined && link.marks.shown < SHOWN_MAX;
    if (shows) link.marks.shown += 1;
    const news = this.#isNewTo(link) ? this.#signed : undefined;
    if (news !== undefined) link.marks.told = news.mark.count;
    return {
      ...(news !== undefined && { mark: news.signed }),
      ...(present !== undefined && { markSeen: present.mark.count }),
      ...(shows && { remembered: against.signed }),
    };
  }

  /**
   * A peer showed its digest; returns what it proves of this node's store. Errors: what speaks
   * against the peer's own mark.
   */
  heard(link: Link, { mark, markSeen = 0, remembered }: StoreDigest): MarkVerdict | undefined {
    const { nodeId, marks, takesMarks } = link;
    marks.seen = markSeen;
    const verdict = remembered && this.#judge(nodeId, remembered);
    const { count = 0 } = this.#own ?? {};
    const hasLooked = !takesMarks || (markSeen > 0 && markSeen <= count);
    if (hasLooked && verdict === undefined) this.#looked.add(nodeId);
    if (mark !== undefined) this.#take(link, mark);
    return verdict === 'unread' ? undefined : verdict;
  }

  #isNewTo({ takesMarks, marks }: Link): boolean {
    return takesMarks && this.#signed !== undefined && marks.seen !== this.#signed.mark.count;
  }

  /** `unread`: the peer showed too much at once; what it keeps is not known. */
  #judge(by: NodeId, signed: SignedMark): MarkVerdict | 'unread' | undefined {
    const own = this.#own;
    if (own === undefined) return undefined;
    if (!this.#pay(by)) return 'unread';
    const { publicKey } = this.#parts.options.membership.self;
    try {
      const mark = verifyMark(signed, { realm: own.realm, nodeId: own.nodeId, publicKey });
      const kind = judgeMark(own, mark);
      return kind === 'nothing' ? undefined : { kind, mark };
    } catch {
      // Of a key before the present one, or a lie: it is not this node's word.
      return undefined;
    }
  }

  /** Keeps what a peer signed of its own store. Errors: `PARSE`, `REALM`, `ACCESS`, `LIMIT`. */
  #take(link: Link, signed: SignedMark): void {
    const { nodeId, hello } = link;
    const isKnown = equalMarks(this.#presentOf(link)?.signed, signed);
    const member = this.#parts.memberOf(nodeId);
    // Its record is on its way; the mark comes again.
    if (isKnown || member === undefined || !this.#pay(nodeId)) return;
    const { realm } = this.#parts.options.self;
    let mark: StoreMark;
    try {
      mark = verifyMark(signed, { realm, nodeId, publicKey: member.record.publicKey });
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      // A node that lost its key is known by the old one until its new record comes.
      if (error.code === 'KEY') return;
      throw error;
    }
    if (mark.bootId !== hello.bootId) {
      throw new KedgeError(
        'PARSE',
        `a mark of another process of ${nodeId} than the one that speaks`,
      );
    }
    this.#present.set(nodeId, { signed, mark });
    this.#keep({ signed, mark });
  }

  /** The highest mark of each process counts; of stores and processes before, the last few. */
  #keep(one: Kept): void {
    const { nodeId } = one.mark;
    const kept = this.#kept.get(nodeId) ?? [];
    const same = kept.find(({ mark }) => isSameProcess(mark, one.mark));
    if (same !== undefined && same.mark.count >= one.mark.count) return;
    const others = kept.filter((other) => other !== same);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MEMBERS_MAX && kept.length === 0 && oldest !== undefined) {
      this.#kept.delete(oldest);
      this.#present.delete(oldest);
    }
    this.#kept.delete(nodeId);
    this.#kept.set(nodeId, bounded([...others, one]));
    this.#version += 1;
  }

  /** A mark of a node that speaks against what its present process says. */
  #against(nodeId: NodeId, present: StoreMark): Kept | undefined {
    const speaking = (this.#kept.get(nodeId) ?? []).filter(
      ({ mark }) => judgeMark(present, mark) !== 'nothing',
    );
    const isOlder = ({ mark }: Kept): boolean => judgeMark(present, mark) === 'older';
    return speaking.find(isOlder) ?? speaking[0];
  }

  #presentOf({ nodeId, hello }: Link): Kept | undefined {
    const present = this.#present.get(nodeId);
    return present?.mark.bootId === hello.bootId ? present : undefined;
  }

  #pay(nodeId: NodeId): boolean {
    const checks = this.#checks.get(nodeId) ?? 0;
    this.#checks.set(nodeId, checks + 1);
    return checks < CHECKS_PER_TICK;
  }
}

function isSameProcess(one: StoreMark, other: StoreMark): boolean {
  return one.storeId === other.storeId && one.bootId === other.bootId;
}

function equalMarks(one: SignedMark | undefined, other: SignedMark): boolean {
  return one === other || (one !== undefined && equalBytes(one.payload, other.payload));
}

/** Of each store the highest mark is worth most. */
function bounded(all: readonly Kept[]): readonly Kept[] {
  if (all.length <= KEPT_MAX) return all;
  const isHighest = ({ mark }: Kept): boolean =>
    all.every((other) => other.mark.storeId !== mark.storeId || other.mark.count <= mark.count);
  const dropped = all.find((one) => !isHighest(one)) ?? all[0];
  return all.filter((one) => one !== dropped);
}

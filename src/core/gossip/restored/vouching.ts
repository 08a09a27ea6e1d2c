/**
 * When the key of this node's region signs: once peers have looked at the store and have told what
 * they hold by that key, and not once it is known that the store is an old copy.
 *
 * @module
 */
import type { NodeId } from '../../ids.ts';
import type { Dialer } from '../links/dialer.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Neighbours } from '../links/neighbours.ts';
import type { Outbox } from '../outbox.ts';
import type { Marks } from './marks.ts';
import type { OwnLines } from './own-lines.ts';
import type { Serving } from './serving.ts';
import { NO_BOOT } from './store-mark.ts';

/** Peers whose look at the store is enough to attest, where there are so many. */
const LOOKS_MIN = 2;
/**
 * Ticks, 2 s each, after which a seed that never answered keeps the key of the region no longer: an
 * address may stand for nobody; nor does a linked peer that never said anything of the store.
 */
const HIDDEN_TICKS = 300;
/** Ticks that a new store waits for a peer before its key signs: somebody may know the key. */
const FIRST_TICKS = 3;
/** Ticks for which a key that signed in this process waits when all links were lost. */
const ISOLATED_TICKS = 15;

/** What it works with. */
export interface VouchingParts {
  readonly serving: Serving;
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly neighbours: Neighbours;
  readonly dialer: Dialer;
  readonly marks: Marks;
  readonly lines: OwnLines;
}

/** Whether the key of one node signs. */
export class Vouching {
  readonly #parts: VouchingParts;
  /** What is known of the store of this process. */
  #standing: 'unknown' | 'vouched' | 'older' = 'unknown';
  #ticks = 0;
  #isLinked = false;
  /** The tick by which a key that lost all links signs again, whoever has answered. */
  #resumesAt: number | undefined;

  constructor(parts: VouchingParts) {
    this.#parts = parts;
  }

  /** Says whether the store turned out to be an old copy. */
  get isOlder(): boolean {
    return this.#standing === 'older';
  }

  /** For whose answers the key waits, of those with a link; absent: it does not wait. */
  get awaited(): readonly NodeId[] | undefined {
    const { serving, links, lines, marks } = this.#parts;
    if (!lines.isAsking || this.#standing !== 'unknown' || !serving.isServing) return undefined;
    const linked = links.ready().map(({ nodeId }) => nodeId);
    return linked.filter((nodeId) => !lines.hasAnswered(nodeId) || !marks.lookedAt.has(nodeId));
  }

  /** Called at a steady pace, before the store is judged. */
  tick(): void {
    this.#ticks += 1;
  }

  /** The store is an old copy, for good. */
  renounce(): void {
    this.#standing = 'older';
  }

  /**
   * Lets the key of the region sign once peers have looked at the store and told what they hold of
   * its lines: all that have a link and answer, of these two, or all that are there. A new store in
   * its first process was shown to nobody before; that nobody is left an operator may say.
   */
  vouch(): void {
    const { serving, outbox } = this.#parts;
    if (this.#standing !== 'unknown' || !serving.isServing || !this.#maySign()) return;
    this.#standing = 'vouched';
    outbox.emit({ kind: 'vouched' });
  }

  /**
   * Called after each event. Where no link is left this may be a machine whose memory was put back,
   * and the first link after that brings who knows. So the key waits for answers again, for a
   * while: nodes that lost their peers go on.
   */
  watch(): void {
    const { links, lines, marks, outbox } = this.#parts;
    const isLinked = links.ready().length > 0;
    if (isLinked === this.#isLinked) return;
    this.#isLinked = isLinked;
    if (!isLinked) {
      lines.forget();
      marks.forgetLooks();
    }
    if (!lines.isAsking || this.#standing !== 'vouched') return;
    this.#standing = 'unknown';
    this.#resumesAt = this.#ticks + ISOLATED_TICKS;
    outbox.emit({ kind: 'unvouched' });
  }

  #maySign(): boolean {
    const { serving, links, lines, marks, dialer } = this.#parts;
    if (this.#resumesAt !== undefined && this.#ticks >= this.#resumesAt) return true;
    if (links.ready().some((link) => lines.isAwaited(link))) return false;
    if (marks.own === undefined) return true;
    // A start that was cut short leaves a new store too, and its copy may come back one day.
    const isFirst = serving.origin === 'new' && marks.own.after === NO_BOOT;
    if (!isFirst || this.#resumesAt !== undefined) return this.#hasLooks();
    // The store is known to nobody; its key may be, where the store before is lost.
    const isAlone = dialer.seeds === 'alone' || !lines.isAsking;
    return isAlone || this.#isLinked || this.#ticks >= FIRST_TICKS;
  }

  #hasLooks(): boolean {
    const { serving, links, lines, marks, neighbours, dialer } = this.#parts;
    const looked = new Set([...marks.lookedAt].filter((nodeId) => lines.hasAnswered(nodeId)));
    const present = neighbours.countPresent();
    if (present === 0 && looked.size === 0) return dialer.seeds === 'alone' || serving.isOverridden;
    const isLate = this.#ticks >= HIDDEN_TICKS;
    // Behind a silent seed may be somebody of whom the only peer says nothing.
    const hidden = serving.isOverridden || isLate ? 0 : neighbours.countHidden();
    // Who is linked for so long and says nothing of the store never will.
    const isSilent = ({ nodeId }: Link): boolean => isLate && !looked.has(nodeId);
    const silent = links.ready().filter(isSilent).length;
    return looked.size >= Math.max(1, Math.min(LOOKS_MIN, present - silent + hidden));
  }
}

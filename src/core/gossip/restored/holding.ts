/**
 * Holds a node back until `serving.ts` says that it may serve: nothing is for clients, all the rest
 * goes on, and comparing with others is hurried.
 *
 * What peers show of this node's own marks (`marks.ts`), or of lines by the key of its region
 * (`own-lines.ts`), may prove that its store is an old copy: then it holds back too, and attests no
 * more. Or that a copy of it runs: then it counts on beyond what was signed there, or its own next
 * start would look like the old copy.
 *
 * @module
 */
import type { KedgeError } from '../../errors.ts';
import type { Sha256 } from '../../ids.ts';
import { COUNT_FOLLOWED_MAX } from '../../limits.ts';
import type { LinesAnswer } from '../../log/line-ranges.ts';
import type { CosignedHead } from '../../log/regions.ts';
import type { GossipEffect } from '../events.ts';
import type { Fetching } from '../fetching/fetching.ts';
import type { Attestation, Standing, StoreDigest } from '../frames.ts';
import type { Dialer } from '../links/dialer.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Neighbours } from '../links/neighbours.ts';
import type { Outbox } from '../outbox.ts';
import type { Introduction, Repair } from '../repair/repair.ts';
import type { Replica } from '../replica/replica.ts';
import type { Marks, MarkVerdict } from './marks.ts';
import type { ForeignLine, OwnLines } from './own-lines.ts';
import type { Serving } from './serving.ts';
import { Vouching } from './vouching.ts';

const OLD_COPY =
  'its store is an old copy: a peer keeps its own signature for more than the store has';
/** Peers that are shown a new mark at once; the others have it with the next digest. */
const SHOWN_AT_ONCE = 2;
/** The same before an orderly stop. */
const SHOWN_AT_STOP = 4;

/** What it works with. */
export interface HoldingParts {
  readonly serving: Serving;
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly neighbours: Neighbours;
  readonly dialer: Dialer;
  readonly replica: Replica;
  readonly fetching: Fetching;
  readonly repair: Repair;
  readonly marks: Marks;
  readonly lines: OwnLines;
}

/** The holding back of one node. */
export class Holding {
  readonly #parts: HoldingParts;
  /** What the peers were shown last. */
  #shownRoot: Sha256 | undefined;
  #shownStanding: Standing | undefined;
  #reason: string | undefined;
  readonly #vouching: Vouching;
  /** Processes that run on copies, as far as that was noticed. */
  readonly #copies: Set<string> = new Set();
  /** The count that the store is on its way beyond. */
  #outrunning = 0;
  #turn = 0;

  constructor(parts: HoldingParts) {
    this.#parts = parts;
    this.#vouching = new Vouching(parts);
  }

  /** Why nobody is served; absent when clients are. */
  get reason(): string | undefined {
    return this.#parts.serving.isServing ? undefined : (this.#reason ?? 'it is starting');
  }

  /** For whose answers the key of the region waits; absent: it does not wait. */
  get awaited(): Vouching['awaited'] {
    return this.#vouching.awaited;
  }

  /** What a digest for this peer says beside the rows. */
  introduction(link: Link): Introduction {
    const { neighbours, dialer, marks } = this.#parts;
    const others = neighbours.countBeside(link.nodeId) + dialer.silentSeeds;
    return { others, standing: this.#shows, ...marks.introduction(link) };
  }

  /** The process begins. */
  start(): void {
    this.#vouching.vouch();
  }

  /** A peer showed its digest. Errors: what speaks against its mark. */
  shown(link: Link, digest: StoreDigest): void {
    const { serving, marks } = this.#parts;
    serving.shown(link.nodeId, digest);
    const verdict = marks.heard(link, digest);
    if (verdict !== undefined) this.#copied(link, verdict);
    this.#vouching.vouch();
  }

  /** A peer told what it holds of the lines by the key of this node. Errors: see `OwnLines`. */
  told(link: Link, answer: LinesAnswer): void {
    this.#overtaken(link, this.#parts.lines.told(link, answer));
    this.#vouching.vouch();
  }

  /** A peer brings a cosignature, of whatever key. */
  cosigned(link: Link, head: CosignedHead): void {
    this.#overtaken(link, this.#parts.lines.heard(head));
  }

  /** This node attests something for its region; the store counts so much by then. */
  attested(said: Attestation, count: number | undefined): void {
    this.#parts.marks.wrote(count);
    this.#parts.lines.said(said);
  }

  /** Called at a steady pace: compares with a peer, and shows a few what the store became. */
  tick(): void {
    const { links, lines, marks, repair } = this.#parts;
    this.#vouching.tick();
    const news = marks.tick();
    lines.tick(links.ready());
    // First, since its digest carries the mark.
    repair.tick();
    if (news === 'news') this.#showMark(SHOWN_AT_ONCE);
    this.#vouching.vouch();
  }

  /** This node stops in order: some peers keep how far its store came. */
  leave(): void {
    this.#parts.marks.hurry();
    this.#showMark(SHOWN_AT_STOP);
  }

  /** The store counts so much now; with an error it is asked again when a peer shows it again. */
  advanced(count: number, error: KedgeError | undefined): void {
    this.#outrunning = 0;
    this.#parts.marks.wrote(count);
    if (error !== undefined) this.#parts.outbox.notice({ kind: 'persist-failed', error });
  }

  /** Called after each event: hurries, and ends holding back when it is time. */
  review(): void {
    const { serving, outbox, replica, neighbours, dialer } = this.#parts;
    this.#vouching.watch();
    if (serving.isServing) return;
    serving.moved(replica.rows.root);
    const around = neighbours.around();
    const { compared } = serving;
    const { seeds, silentSeeds } = dialer;
    if (!serving.begins({ ...around, seeds, silentSeeds })) {
      this.#showAll();
      const [held, known] = [compared.length, around.known.size].map(String);
      const compares = `it has compared its store with ${held} of the ${known} nodes that it knows`;
      const reason = this.#vouching.isOlder ? `${OLD_COPY}; ${compares}` : compares;
      if (reason !== this.#reason) outbox.notice({ kind: 'holding-back', reason });
      this.#reason = reason;
      return;
    }
    outbox.emit({ kind: 'serve', state: replica.durable, streams: [] });
    outbox.notice({ kind: 'serving', compared });
    this.#showAll();
  }

  /** What clients must not see yet is kept from them. */
  screen(effects: readonly GossipEffect[]): readonly GossipEffect[] {
    if (this.#parts.serving.isServing) return effects;
    return effects.map((effect) =>
      effect.kind === 'serve' ? { ...effect, kind: 'hold' as const } : effect,
    );
  }

  #overtaken({ nodeId }: Link, found: ForeignLine | undefined): void {
    if (found === undefined) return;
    this.#parts.outbox.notice({ kind: 'copy', what: 'cosigned', by: nodeId, ...found });
    this.#renounce();
  }

  /** The store is an old copy: it gets another id, and the key of the region signs nothing. */
  #renounce(): void {
    const { serving, marks, lines, outbox } = this.#parts;
    this.#vouching.renounce();
    marks.renounce();
    lines.renounce();
    serving.suspend();
    outbox.emit({ kind: 'renew' });
  }

  #copied({ nodeId }: Link, { kind, mark }: MarkVerdict): void {
    const { marks, outbox } = this.#parts;
    const { own } = marks;
    if (own === undefined) return;
    const isNoted = kind === 'copied' && this.#copies.has(mark.bootId);
    if (!isNoted) outbox.notice({ kind: 'copy', what: kind, by: nodeId, mark, own });
    if (kind === 'copied') {
      this.#copies.add(mark.bootId);
      return this.#outrun(mark.count, own.count);
    }
    this.#renounce();
  }

  #outrun(count: number, held: number): void {
    if (count < held || count <= this.#outrunning || count > COUNT_FOLLOWED_MAX) return;
    this.#outrunning = count;
    this.#parts.outbox.emit({ kind: 'advance', beyond: count });
  }

  /** Shows the mark to so many peers that lack it, each time to others. */
  #showMark(count: number): void {
    const { links, marks, repair } = this.#parts;
    const lacking = links.ready().filter((link) => marks.isUntold(link));
    const first = lacking.length === 0 ? 0 : this.#turn++ % lacking.length;
    const chosen = [...lacking.slice(first), ...lacking.slice(0, first)].slice(0, count);
    for (const link of chosen) repair.show(link, 'answer');
  }

  get #shows(): Standing {
    const { serving, dialer } = this.#parts;
    if (serving.isServing) return 'serving';
    return dialer.seeds === 'seeking' ? 'seeking' : 'holding';
  }

  /** Shows what is new about this node to everybody, once nothing more is on its way. */
  #showAll(): void {
    const { links, replica, fetching, repair } = this.#parts;
    const { root } = replica.rows;
    const standing = this.#shows;
    const isBusy = replica.isWriting || fetching.isBusy;
    if (standing !== 'serving' && isBusy) return;
    if (root === this.#shownRoot && standing === this.#shownStanding) return;
    this.#shownRoot = root;
    this.#shownStanding = standing;
    for (const link of links.ready()) repair.show(link, 'answer');
  }
}

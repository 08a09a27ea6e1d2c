/**
 * From a connection to a link and to its end: admit it, greet, read the peer's greeting, make it
 * known to the other parts, and say when it is gone.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { LinkId } from '../../peer.ts';
import type { Adoption } from '../adoption.ts';
import type { Attestations } from '../attestations.ts';
import type { GossipEvent } from '../events.ts';
import type { Frame, Hello } from '../frames.ts';
import type { Outbox } from '../outbox.ts';
import type { Proposals } from '../proposals/proposals.ts';
import type { Repair } from '../repair/repair.ts';
import type { Marks } from '../restored/marks.ts';
import type { OwnLines } from '../restored/own-lines.ts';
import { asGarbage, type Refused } from './blame.ts';
import type { Conduct } from './conduct.ts';
import type { Dialer } from './dialer.ts';
import { helloProblem } from './hello.ts';
import type { Link, LinkTable } from './links.ts';
import type { Neighbours } from './neighbours.ts';

/** What connecting works with. */
export interface ConnectingParts {
  readonly self: Hello;
  readonly outbox: Outbox;
  readonly links: LinkTable;
  readonly dialer: Dialer;
  readonly neighbours: Neighbours;
  readonly repair: Repair;
  readonly attestations: Attestations;
  readonly adoption: Adoption;
  readonly proposals: Proposals;
  readonly conduct: Conduct;
  readonly marks: Marks;
  readonly lines: OwnLines;
}

/** Makes links. */
export class Connecting {
  readonly #parts: ConnectingParts;
  /** Links that had not greeted at the last tick. */
  #ungreeted: ReadonlySet<LinkId> = new Set();

  constructor(parts: ConnectingParts) {
    this.#parts = parts;
  }

  /**
   * Called at a steady pace: gives up links whose peer has not greeted from one tick to the next. A
   * peer for which such a link is over would not be dialled until the keep-alive finds out.
   */
  tick(monotonicMs: number): void {
    const { links, neighbours } = this.#parts;
    neighbours.tick();
    const before = this.#ungreeted;
    const silent = links.ungreeted();
    this.#ungreeted = new Set(silent.map(({ linkId }) => linkId));
    for (const link of silent) {
      if (!before.has(link.linkId)) continue;
      this.#hangUp(link, new KedgeError('UNAVAILABLE', 'no greeting came'), monotonicMs);
    }
  }

  /** A connection is there: keep it and greet, or close it. */
  linkUp(
    { linkId, nodeId, target }: Extract<GossipEvent, { kind: 'link-up' }>,
    monotonicMs: number,
  ): void {
    const { self, marks, outbox, links, dialer, conduct } = this.#parts;
    if (target !== undefined) dialer.answered(nodeId, target);
    const refusal = conduct.refusal(nodeId);
    if (refusal !== undefined) {
      dialer.again(nodeId);
      return outbox.emit({ kind: 'close', linkId, error: refusal });
    }
    const admission = links.admit(linkId, nodeId, target);
    if (admission.kind === 'refuse') {
      return outbox.emit({ kind: 'close', linkId, error: admission.error });
    }
    const { kind, link, replaces } = admission;
    if (replaces !== undefined) this.#closeReplaced(replaces);
    outbox.send(link, { kind: 'hello', hello: { ...self, storeId: marks.storeId } });
    if (kind === 'keep') this.#lost(replaces, monotonicMs);
  }

  /** A link is gone: what waited behind it takes its place, or it is dialled again. */
  linkDown(link: Link | undefined, monotonicMs: number): void {
    const { links, dialer } = this.#parts;
    if (link === undefined || links.to(link.nodeId) !== undefined) return;
    this.#lost(link, monotonicMs);
    const next = links.waitingFor(link.nodeId);
    if (next === undefined) dialer.lost(link.nodeId);
    else this.#takeOver(next, monotonicMs);
  }

  /** Cuts a peer off when what it got wrong was one fault too many. */
  blame(refused: Refused | undefined, monotonicMs: number): void {
    const { outbox, links, conduct } = this.#parts;
    const cutOff = refused && conduct.refused(refused.nodeId, refused.error);
    if (cutOff === undefined) return;
    outbox.notice({ kind: 'cut-off', ...cutOff });
    // Behind one link another may wait.
    for (;;) {
      const link = links.to(cutOff.nodeId);
      if (link === undefined) return;
      this.#hangUp(link, cutOff.error, monotonicMs);
    }
  }

  /** What cannot be read, or a greeting of somebody who belongs elsewhere, ends the link. */
  garbage(link: Link | undefined, error: KedgeError, monotonicMs: number): void {
    if (link === undefined) return;
    const { linkId, nodeId } = link;
    this.#parts.outbox.notice({ kind: 'refused', from: nodeId, error });
    // Of a greeting the code says whether it is a fault or a mistaken configuration.
    const isFault = link.isReady || error.code === 'PARSE';
    if (isFault) this.blame({ nodeId, error: asGarbage(error) }, monotonicMs);
    if (this.#parts.links.get(linkId) === link) this.#hangUp(link, error, monotonicMs);
  }

  /** The first frame of a peer, or one that should have been. */
  greeting(link: Link, frame: Frame, monotonicMs: number): void {
    const problem = this.#problem(link, frame);
    if (problem !== undefined || frame.kind !== 'hello') {
      const error = problem ?? new KedgeError('PARSE', 'hello must be first');
      return this.garbage(link, error, monotonicMs);
    }
    link.greeted(frame.hello);
    if (!this.#parts.links.isWaiting(link)) return this.#opened(link, monotonicMs);
    if (this.#isReborn(link)) this.#takeOver(link, monotonicMs);
  }

  /** A peer uses a greeted link; one that waited is the only one that the peer has. */
  used(link: Link, monotonicMs: number): void {
    if (this.#parts.links.isWaiting(link)) this.#takeOver(link, monotonicMs);
  }

  #hangUp(link: Link, error: KedgeError, monotonicMs: number): void {
    this.#parts.outbox.close(link, error);
    this.linkDown(this.#parts.links.drop(link.linkId), monotonicMs);
  }

  #problem(link: Link, frame: Frame): KedgeError | undefined {
    if (frame.kind !== 'hello' || link.isReady) {
      return new KedgeError('PARSE', 'hello must be first, and only once');
    }
    return helloProblem(this.#parts.self, frame.hello, link.nodeId);
  }

  /** Says whether the peer of a link that waits is another process than that of the better one. */
  #isReborn({ nodeId, hello }: Link): boolean {
    const better = this.#parts.links.to(nodeId);
    return better?.isReady === true && better.hello.bootId !== hello.bootId;
  }

  #takeOver(link: Link, monotonicMs: number): void {
    const replaced = this.#parts.links.takeOver(link);
    if (replaced !== undefined) this.#closeReplaced(replaced);
    this.#lost(replaced, monotonicMs);
    if (link.isReady) this.#opened(link, monotonicMs);
  }

  /** A greeted link is the one to its peer from now on. */
  #opened(link: Link, monotonicMs: number): void {
    const { outbox, dialer, neighbours, repair, attestations, lines } = this.#parts;
    dialer.reached(link.nodeId);
    outbox.notice({ kind: 'link-ready', peer: link.peer });
    neighbours.linkUp(link, monotonicMs);
    repair.show(link, 'answer');
    lines.linkUp(link);
    attestations.linkUp(link);
    this.#parts.adoption.linkUp(link);
    this.#parts.proposals.linkUp(link);
  }

  #closeReplaced(link: Link): void {
    const error = new KedgeError('CONFLICT', 'replaced by another link of the same nodes');
    this.#parts.outbox.close(link, error);
  }

  #lost(link: Link | undefined, monotonicMs: number): void {
    if (link?.isReady !== true) return;
    this.#parts.repair.lost(link);
    this.#parts.neighbours.linkDown(link, monotonicMs);
  }
}

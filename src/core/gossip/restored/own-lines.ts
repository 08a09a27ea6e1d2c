/**
 * Asks peers for what the key of this node's region cosigned, and tells them what theirs did: a
 * store that lacks a line by its key is an old copy, or the key signed elsewhere too, whatever the
 * store looks like.
 *
 * Nobody can make a line up, so a peer can keep one back at most. Every peer is asked when its link
 * comes up, and again until it has answered. Before the key signs first, all that have a link have
 * answered, or had time enough. Source: docs/replication.md, spec OL-1 to OL-6.
 *
 * @module
 */
import { importPublicKey, type PublicKey } from '../../crypto.ts';
import { KedgeError } from '../../errors.ts';
import type { NodeId, RealmName, RegionName, StreamName } from '../../ids.ts';
import { PEERS_MAX } from '../../limits.ts';
import { cosignatureKeyHash, regionKeyName, verifyCosignature } from '../../log/cosignature.ts';
import {
  differingLines,
  type LineRange,
  type LinesAnswer,
  type LinesAsk,
  rangesOf,
  saysMore,
  sortLines,
} from '../../log/line-ranges.ts';
import type { CosignedHead } from '../../log/regions.ts';
import type { Attestation } from '../frames.ts';
import type { Link } from '../links/links.ts';
import type { GossipOptions } from '../options.ts';
import type { Outbox } from '../outbox.ts';

/** Ticks, 2 s each, that a linked peer has for its answer: more than a dead link lives. */
const PATIENCE_TICKS = 8;

/** To sort and hash so many costs what a row of a comparison does. */
const LINES_PER_ROW = 4;

/** What it works with. */
export interface OwnLinesParts {
  readonly outbox: Outbox;
  readonly options: Pick<GossipOptions, 'self' | 'regionKey'>;
}

/** A line by the own key that the store does not have, and what it has. */
export interface ForeignLine {
  readonly line: CosignedHead;
  readonly held: CosignedHead | undefined;
}

interface Asked {
  /** For how long it has not answered. */
  readonly ticks: number;
  /** Up to which stream it has. */
  readonly after?: StreamName;
  readonly state: 'asked' | 'answered';
}

interface OwnKey {
  readonly key: PublicKey;
  readonly realm: RealmName;
  readonly name: string;
  readonly keyHash: string | undefined;
}

/** What one node knows of the lines by the key of its region. */
export class OwnLines {
  readonly #outbox: Outbox;
  /** Absent where the node has no such key, or may not use it any more. */
  #own: OwnKey | undefined;
  /** What the store has, the newest of each stream. */
  readonly #held: Map<StreamName, CosignedHead> = new Map();
  /** What the first question to a peer shows of that, until it changes. */
  #ranges: readonly LineRange[] | undefined;
  readonly #asked: Map<NodeId, Asked> = new Map();

  constructor({ outbox, options: { self, regionKey } }: OwnLinesParts) {
    this.#outbox = outbox;
    if (regionKey === undefined) return;
    this.#own = ownKey(regionKey.spki, self);
    for (const head of regionKey.cosigned) this.#held.set(head.checkpoint.stream, head);
  }

  /** Says whether there is a key of which peers are asked. */
  get isAsking(): boolean {
    return this.#own !== undefined;
  }

  /** Says whether a peer has told all that it knows; so has everybody where nothing is asked. */
  hasAnswered(nodeId: NodeId): boolean {
    return this.#own === undefined || this.#asked.get(nodeId)?.state === 'answered';
  }

  /** Says whether the key waits for the answer of a peer with a link. */
  isAwaited({ nodeId }: Link): boolean {
    const asked = this.#asked.get(nodeId);
    return asked?.state === 'asked' && asked.ticks < PATIENCE_TICKS;
  }

  /** A link is ready. */
  linkUp(link: Link): void {
    if (this.#own === undefined) return;
    const { nodeId, takesLines } = link;
    if (this.#asked.size >= PEERS_MAX && !this.#asked.has(nodeId)) this.#asked.clear();
    const { ticks = 0 } = this.#asked.get(nodeId) ?? {};
    // One of an earlier version is believed to know nothing.
    this.#asked.set(nodeId, { ticks, state: takesLines ? 'asked' : 'answered' });
    this.#ask(link);
  }

  /** Called at a steady pace, with the links that are ready: asks again who has not answered. */
  tick(links: readonly Link[]): void {
    for (const link of links) {
      const asked = this.#asked.get(link.nodeId);
      if (asked?.state !== 'asked') continue;
      this.#asked.set(link.nodeId, { ...asked, ticks: asked.ticks + 1 });
      this.#ask(link);
    }
  }

  /**
   * A peer told what it holds; returns the first line that the store does not have. Errors: `PROOF`
   * (a line that claims so and does not verify), `PARSE` (an answer that leads nowhere).
   */
  told(link: Link, { after, upTo, heads }: LinesAnswer): ForeignLine | undefined {
    for (const head of heads) {
      const verdict = this.#judge(head);
      if (verdict === 'foreign') return this.#foreign(head);
      if (verdict === 'nothing') continue;
      throw new KedgeError('PROOF', 'a cosignature of the own region does not verify');
    }
    const asked = this.#asked.get(link.nodeId);
    // An answer may come twice, where the question did.
    if (asked?.state !== 'asked' || asked.after !== after) return undefined;
    if (upTo === undefined) {
      this.#asked.set(link.nodeId, { ticks: asked.ticks, state: 'answered' });
      return undefined;
    }
    if (after !== undefined && upTo <= after) {
      throw new KedgeError('PARSE', 'an answer about cosigned lines leads nowhere');
    }
    this.#asked.set(link.nodeId, { ...asked, after: upTo });
    this.#ask(link);
    return undefined;
  }

  /** A peer asks what is held here of lines by its key; `held`: one of each stream. */
  asked(link: Link, ask: LinesAsk, held: readonly CosignedHead[]): void {
    // Where the peer asks more than there is time for, it asks again.
    if (!link.repairBudget.afford(Math.ceil(1 + held.length / LINES_PER_ROW))) return;
    this.#outbox.send(link, { kind: 'lines', ...differingLines(sortLines(held), ask) });
  }

  /** A cosignature comes by, of whatever key; returned when the store should have it. */
  heard(head: CosignedHead): ForeignLine | undefined {
    return this.#judge(head) === 'foreign' ? this.#foreign(head) : undefined;
  }

  /** The key signed, and the store has it. */
  said(said: Attestation): void {
    if (said.kind !== 'cosigned' || this.#own === undefined) return;
    this.#held.set(said.head.checkpoint.stream, said.head);
    this.#ranges = undefined;
  }

  /** What peers answered counts no more. */
  forget(): void {
    this.#asked.clear();
  }

  /** The key signs nothing more. */
  renounce(): void {
    this.#own = undefined;
    this.#held.clear();
    this.#ranges = undefined;
    this.#asked.clear();
  }

  #ask(link: Link): void {
    const asked = this.#asked.get(link.nodeId);
    if (this.#own === undefined || asked?.state !== 'asked') return;
    const { after } = asked;
    const { keyId } = this.#own.key;
    const ask = after === undefined ? { keyId } : { keyId, after };
    this.#outbox.send(link, { kind: 'lines-ask', ...ask, ranges: this.#rangesBehind(after) });
  }

  #rangesBehind(after: StreamName | undefined): readonly LineRange[] {
    if (after !== undefined) return rangesOf(sortLines(this.#held.values()), after);
    this.#ranges ??= rangesOf(sortLines(this.#held.values()));
    return this.#ranges;
  }

  #judge(head: CosignedHead): 'nothing' | 'foreign' | 'forged' {
    const own = this.#own;
    const { checkpoint, line } = head;
    const isOwn = line.name === own?.name && line.keyHash === own.keyHash;
    if (!isOwn || checkpoint.realm !== own.realm) return 'nothing';
    if (!saysMore(head, this.#held.get(checkpoint.stream))) return 'nothing';
    return verifyCosignature(checkpoint, own.key, line) === undefined ? 'forged' : 'foreign';
  }

  #foreign(line: CosignedHead): ForeignLine {
    return { line, held: this.#held.get(line.checkpoint.stream) };
  }
}

function ownKey(
  spki: Uint8Array,
  { realm, region }: { readonly realm: RealmName; readonly region: RegionName },
): OwnKey {
  const key = importPublicKey({ alg: 'ed25519', spki });
  const name = regionKeyName(realm, region);
  return { key, realm, name, keyHash: cosignatureKeyHash(name, key) };
}

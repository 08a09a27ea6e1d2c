/**
 * Acknowledging what is durable here: who lacks it learns where it is, and who has it spares us
 * a push.
 *
 * What was not pushed everybody hears of at once: this is how they learn that it exists. What was
 * pushed is on its way to all by then, and words would only be in its way: they wait until pushes
 * must have come, inside the region a few milliseconds, across regions longer. Of two nodes that
 * both have the news one word is enough: the one with the smaller name speaks, the other one only
 * when it has heard nothing for as long again; and whoever is known to hold it, or got the push
 * from here, hears nothing. Across regions relays speak to their counterparts alone: where a region
 * was left out as a whole, whoever hears of it there tells all the others at once. What every word
 * costs is a frame for both, so this is most of what an update costs at all.
 * Source: docs/replication.md.
 *
 * @module
 */
import type { NodeId, StreamName } from '../../ids.ts';
import type { PeerIdentity } from '../../peer.ts';
import type { Link, LinkTable } from '../links/links.ts';
import type { Outbox } from '../outbox.ts';
import { compareRow, type Row } from '../rows.ts';
import type { AcknowledgeScope } from '../timer.ts';
import type { News } from './commits.ts';
import type { RowLog } from './row-log.ts';
import type { Spread } from './spread.ts';

/** How long each of two nodes waits: longer than pushes to both lie apart, milliseconds. */
const WAIT_MS: Readonly<Record<AcknowledgeScope, number>> = { region: 20, abroad: 400 };
const SCOPES: readonly AcknowledgeScope[] = ['region', 'abroad'];

/** Who has been told of a stream or was sent it, and whose turn it is. */
interface Round {
  /** `second`: those with the greater name, too. */
  readonly turn: 'first' | 'second';
  readonly told: ReadonlySet<NodeId>;
}

const FIRST: Round = { turn: 'first', told: new Set() };

/** The acknowledgements of one node. */
export class Acknowledging {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #spread: Pick<Spread, 'tells'>;
  readonly #self: PeerIdentity;
  readonly #rows: RowLog;
  /** Streams of which some peers have not been told yet. */
  readonly #rounds: Readonly<Record<AcknowledgeScope, Map<StreamName, Round>>> = {
    region: new Map(),
    abroad: new Map(),
  };

  constructor(parts: {
    readonly outbox: Outbox;
    readonly links: LinkTable;
    /** Whom words about pushes are for. */
    readonly spread: Pick<Spread, 'tells'>;
    readonly self: PeerIdentity;
    /** The durable rows. */
    readonly rows: RowLog;
  }) {
    this.#outbox = parts.outbox;
    this.#links = parts.links;
    this.#spread = parts.spread;
    this.#self = parts.self;
    this.#rows = parts.rows;
  }

  /** The row of a stream is durable; `news`: to whom this node has pushed it. */
  durable(stream: StreamName, news: News): void {
    if (news === 'not-pushed') return this.#tell(stream, this.#lacking(stream));
    for (const scope of SCOPES) {
      if (this.#untold(stream, scope, news).length === 0) continue;
      // A stream that keeps moving must not put off for ever whoever speaks second.
      const { turn } = this.#rounds[scope].get(stream) ?? FIRST;
      this.#wait(scope, stream, { turn, told: news });
    }
  }

  /** It is time to speak, in the region or abroad. */
  due(scope: AcknowledgeScope): void {
    const rounds = [...this.#rounds[scope]];
    this.#rounds[scope].clear();
    for (const [stream, { turn, told }] of rounds) {
      const untold = this.#untold(stream, scope, told);
      const isDue = ({ nodeId }: Link): boolean => turn === 'second' || this.#self.nodeId < nodeId;
      const due = untold.filter(isDue);
      this.#tell(stream, due);
      if (due.length === untold.length) continue;
      const names = due.map(({ nodeId }) => nodeId);
      this.#wait(scope, stream, { turn: 'second', told: new Set([...told, ...names]) });
    }
  }

  #wait(scope: AcknowledgeScope, stream: StreamName, round: Round): void {
    const rounds = this.#rounds[scope];
    if (rounds.size === 0) this.#outbox.arm({ name: 'acknowledge', scope }, WAIT_MS[scope]);
    rounds.set(stream, round);
  }

  #tell(stream: StreamName, links: readonly Link[]): void {
    const row = this.#rows.rows.get(stream);
    if (row === undefined) return;
    // One object for all links: it is encoded once.
    const frame = { kind: 'held', row, revision: this.#rows.revisionOf(stream) } as const;
    for (const link of links) this.#outbox.send(link, frame);
  }

  /** Those who are not known to hold what is held here. */
  #lacking(stream: StreamName): readonly Link[] {
    const row = this.#rows.rows.get(stream);
    return row === undefined ? [] : this.#links.ready().filter((link) => !holds(link, row));
  }

  /** Those of them that a word about a push is for. */
  #untold(stream: StreamName, scope: AcknowledgeScope, told: ReadonlySet<NodeId>): readonly Link[] {
    return this.#lacking(stream).filter(
      (link) => this.#scopeOf(link) === scope && !told.has(link.nodeId) && this.#spread.tells(link),
    );
  }

  #scopeOf(link: Link): AcknowledgeScope {
    return link.region === this.#self.region ? 'region' : 'abroad';
  }
}

/** A peer that has another statement in that place, or a fork, has to hear of ours. */
function holds(link: Link, row: Row): boolean {
  const theirs = link.held.get(row.stream);
  if (theirs === undefined) return false;
  const relation = compareRow(row, theirs);
  return relation === 'same' || (relation === 'fetch' && theirs.sequence > row.sequence);
}

/**
 * Acknowledging what is durable here: who lacks it learns where it is, and who has it spares us
 * a push.
 *
 * What was not pushed everybody hears of at once: this is how they learn that it exists. What was
 * pushed is on its way to all by then, and words would only be in its way: they wait until pushes
 * must have come, inside the region a few milliseconds, across regions longer. Of two nodes that
 * both have the news one word is enough: the one with the smaller name speaks, the other one only
 * when it has heard nothing for as long again; and whoever is known to hold it hears nothing.
 * Source: docs/replication.md.
 *
 * @module
 */
import type { NodeId, StreamName } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import type { AcknowledgeScope } from './events.ts';
import type { Link, LinkTable } from './links.ts';
import type { Outbox } from './outbox.ts';
import type { RowLog } from './row-log.ts';
import { compareRow, type Row } from './rows.ts';

/** How long each of two nodes waits: longer than pushes to both lie apart, milliseconds. */
const WAIT_MS: Readonly<Record<AcknowledgeScope, number>> = { region: 20, abroad: 400 };
const SCOPES: readonly AcknowledgeScope[] = ['region', 'abroad'];

/** Who has been told of a stream, and whose turn it is. */
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
    readonly self: PeerIdentity;
    /** The durable rows. */
    readonly rows: RowLog;
  }) {
    this.#outbox = parts.outbox;
    this.#links = parts.links;
    this.#self = parts.self;
    this.#rows = parts.rows;
  }

  /** The row of a stream is durable; `pushed`: by this node, or to it. */
  durable(stream: StreamName, news: 'pushed' | 'not-pushed'): void {
    const lacking = this.#lacking(stream);
    if (news === 'not-pushed') return this.#tell(stream, lacking);
    for (const scope of SCOPES) {
      if (!lacking.some((link) => this.#scopeOf(link) === scope)) continue;
      // A stream that keeps moving must not put off for ever whoever speaks second.
      const { turn } = this.#rounds[scope].get(stream) ?? FIRST;
      this.#wait(scope, stream, { turn, told: new Set() });
    }
  }

  /** It is time to speak, in the region or abroad. */
  due(scope: AcknowledgeScope): void {
    const rounds = [...this.#rounds[scope]];
    this.#rounds[scope].clear();
    for (const [stream, { turn, told }] of rounds) {
      const lacking = this.#lacking(stream).filter(
        (link) => this.#scopeOf(link) === scope && !told.has(link.nodeId),
      );
      const isDue = ({ nodeId }: Link): boolean => turn === 'second' || this.#self.nodeId < nodeId;
      const due = lacking.filter(isDue);
      this.#tell(stream, due);
      if (due.length === lacking.length) continue;
      const names = due.map(({ nodeId }) => nodeId);
      this.#wait(scope, stream, { turn: 'second', told: new Set(names) });
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

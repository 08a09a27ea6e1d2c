/**
 * Acknowledging what is durable here: who lacks it learns where it is, and who has it spares us
 * a push.
 *
 * Of two nodes that both have the news one acknowledgement is enough, and that one is of little
 * use; among many nodes they are most of all frames. So whoever is known to hold it hears nothing.
 * Inside the region everybody else hears of it at once: pushes reach only some, and the others
 * fetch it from whom they hear of it. Across regions, where pushes reach many nodes at about the
 * same time, all are silent for a while; then the one with the smaller name speaks, and the other
 * one only when it has heard nothing for another while. What was not pushed everybody hears of at
 * once: this is how they learn that it exists. Source: docs/replication.md.
 *
 * @module
 */
import type { StreamName } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import type { Link, LinkTable } from './links.ts';
import type { Outbox } from './outbox.ts';
import type { RowLog } from './row-log.ts';
import { compareRow, type Row } from './rows.ts';

/** How long each of the two waits: longer than a way across regions, milliseconds. */
const SILENT_MS = 400;

/** Who speaks next: those with the smaller name, or whoever has heard nothing. */
type Turn = 'first' | 'second';

/** The acknowledgements of one node. */
export class Acknowledging {
  readonly #outbox: Outbox;
  readonly #links: LinkTable;
  readonly #self: PeerIdentity;
  readonly #rows: RowLog;
  /** Streams of which some peers have not been told yet, and who is to speak of them next. */
  readonly #later: Map<StreamName, Turn> = new Map();

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

  /** The row of a stream is durable; `pushed`: by this node, and so by others too. */
  durable(stream: StreamName, news: 'pushed' | 'not-pushed'): void {
    const isPushed = news === 'pushed';
    const silent = this.#tell(stream, (link) => !isPushed || this.#isNear(link));
    if (silent > 0) this.#wait(stream, 'first');
  }

  /** Those who have said nothing for long enough hear it now. */
  due(): void {
    const turns = [...this.#later];
    this.#later.clear();
    for (const [stream, turn] of turns) {
      const silent = this.#tell(stream, (link) => turn === 'second' || this.#speaksFirst(link));
      if (silent > 0) this.#wait(stream, 'second');
    }
  }

  #wait(stream: StreamName, turn: Turn): void {
    if (this.#later.size === 0) this.#outbox.arm({ name: 'acknowledge' }, SILENT_MS);
    this.#later.set(stream, turn);
  }

  /** Tells those whom `isDue` names; returns how many more lack it. */
  #tell(stream: StreamName, isDue: (link: Link) => boolean): number {
    const row = this.#rows.rows.get(stream);
    if (row === undefined) return 0;
    // One object for all links: it is encoded once.
    const frame = { kind: 'held', row, revision: this.#rows.revisionOf(stream) } as const;
    let silent = 0;
    for (const link of this.#links.ready()) {
      if (holds(link, row)) continue;
      if (isDue(link)) this.#outbox.send(link, frame);
      else silent += 1;
    }
    return silent;
  }

  #isNear(link: Link): boolean {
    return link.region === this.#self.region;
  }

  #speaksFirst(link: Link): boolean {
    return this.#isNear(link) || this.#self.nodeId < link.nodeId;
  }
}

/** A peer that has another statement in that place, or a fork, has to hear of ours. */
function holds(link: Link, row: Row): boolean {
  const theirs = link.held.get(row.stream);
  if (theirs === undefined) return false;
  const relation = compareRow(row, theirs);
  return relation === 'same' || (relation === 'fetch' && theirs.sequence > row.sequence);
}

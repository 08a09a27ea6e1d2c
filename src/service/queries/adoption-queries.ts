/**
 * Answers admins about the adoption by clients: from the rows of all nodes that this one holds, and
 * for single clients by asking the nodes that have them.
 *
 * @module
 */

import { shortDigest } from '../../core/adoption/client.ts';
import { isOutdated } from '../../core/adoption/freshness.ts';
import { clientBytes, listClients, mayHave } from '../../core/adoption/listing.ts';
import type {
  BundleAdoption,
  ClientList,
  ClientPage,
  ClientsQuery,
  ListClientsQuery,
  NodeClients,
} from '../../core/adoption/model.ts';
import { adoptionOf, type ReportingNode, standingOf } from '../../core/adoption/view.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Hello } from '../../core/gossip/frames.ts';
import { type BundleName, releaseStream } from '../../core/ids.ts';
import type { DialTarget } from '../../core/peer.ts';
import { headOf } from '../../core/trusted/state.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Reporting } from '../clients/reporting.ts';
import type { Replicator } from '../replication/replicator.ts';

/** Asks another node for clients of it. Errors: any. */
export type AskClients = (
  target: DialTarget,
  query: ClientsQuery,
  options: { readonly signal: AbortSignal },
) => Promise<ClientPage>;

/** What answers are made from. */
export interface AdoptionQueriesOptions {
  readonly self: Hello;
  readonly replicator: Pick<Replicator, 'adoption' | 'durable' | 'neighbours' | 'requireServing'>;
  readonly reporting: Reporting;
  readonly clock: Clock;
  readonly ask: AskClients;
}

/** After so long a page ends; the next one goes on with the node after. */
const LIST_WITHIN_MS = 8000;
/** A page ends after so much; what one node sends more still fits a message. */
const LIST_BYTES = 1024 * 1024;

interface ListedNode extends ReportingNode {
  readonly address: string;
}

/** Answers of one node. Errors of all also: `UNAVAILABLE` while the node holds back. */
export class AdoptionQueries {
  readonly #options: AdoptionQueriesOptions;

  constructor(options: AdoptionQueriesOptions) {
    this.#options = options;
  }

  /** How far the clients of all nodes are with one bundle. */
  adoption(bundle: BundleName): BundleAdoption {
    const { replicator, clock } = this.#options;
    replicator.requireServing();
    const head = headOf(replicator.durable, releaseStream(bundle));
    return adoptionOf({
      bundle,
      head: head && {
        sequence: head.sequence,
        digest: head.digest,
        anchors: new Set(head.body.anchors.map(({ id }) => id)),
      },
      nowMs: clock.nowMs(),
      nodes: this.nodes(),
    });
  }

  /** All nodes with their rows, this one included. */
  nodes(): readonly ListedNode[] {
    const { self, replicator, reporting } = this.#options;
    const { nodeId, region, address } = self;
    const own = { nodeId, region, address, state: 'alive', trust: 'met' } as const;
    const others = replicator.neighbours().map((node): ListedNode => {
      // Who lost its link may be gone, and its clients with other nodes, before anybody says so.
      const isCutOff = node.wanted === 'wanted' && node.link === undefined;
      return {
        nodeId: node.nodeId,
        region: node.region,
        address: node.address,
        state: node.state,
        trust: node.doubt === 'unproven' || isCutOff ? 'doubtful' : 'met',
        row: replicator.adoption.row(node.nodeId),
      };
    });
    return [{ ...own, row: reporting.row() }, ...others];
  }

  /**
   * The same for who opens waves by what they say: one that told too long ago is as good as one
   * that does not answer, since what failed at its programs may have been held back.
   */
  timelyNodes(): readonly ReportingNode[] {
    const nowMs = this.#options.clock.nowMs();
    return this.nodes().map((node) => {
      const { issuedAtMs } = node.row ?? {};
      const isOld =
        issuedAtMs !== undefined && isOutdated({ standing: standingOf(node), issuedAtMs }, nowMs);
      return isOld ? { ...node, trust: 'doubtful' } : node;
    });
  }

  /** Clients of this node. */
  clients(query: ClientsQuery): ClientPage {
    return listClients(this.#options.reporting.board, query);
  }

  /** Clients of one node or of all; nodes that do not answer are named. */
  async list(query: ListClientsQuery, signal: AbortSignal): Promise<ClientList> {
    const { replicator, clock } = this.#options;
    replicator.requireServing();
    const [first = '', ...rest] = query.after.split(' ');
    const startedMs = clock.monotonicMs();
    const nodes: NodeClients[] = [];
    let left = query.limit;
    let bytes = 0;
    let after = rest.join(' ');
    for (const node of this.#listed(query, first)) {
      if (node.nodeId !== first) after = '';
      const isLate = clock.monotonicMs() - startedMs > LIST_WITHIN_MS;
      if (left <= 0 || bytes > LIST_BYTES || isLate) {
        return { nodes, next: `${node.nodeId} ${after}` };
      }
      const { next, ...answer } = await this.#ask(node, { ...query, after, limit: left }, signal);
      nodes.push(answer);
      left -= answer.clients.length;
      bytes += answer.clients.reduce((sum, client) => sum + clientBytes(client), 0);
      if (next !== undefined) return { nodes, next: `${node.nodeId} ${next}` };
    }
    return { nodes };
  }

  async #ask(
    { nodeId, region, state, address }: ListedNode,
    query: ClientsQuery,
    signal: AbortSignal,
  ): Promise<NodeClients & Pick<ClientPage, 'next'>> {
    if (nodeId === this.#options.self.nodeId) return { nodeId, region, ...this.clients(query) };
    if (state !== 'alive') {
      return { nodeId, region, clients: [], missing: `this node counts it as ${state}` };
    }
    try {
      const page = await this.#options.ask({ address, nodeId }, query, { signal });
      return { nodeId, region, ...page };
    } catch (thrown) {
      const { code, message } = KedgeError.from(thrown);
      return { nodeId, region, clients: [], missing: `${code}: ${message}` };
    }
  }

  /** Nodes that may have such clients, in order, from the one on where the page starts. */
  #listed(query: ListClientsQuery, first: string): readonly ListedNode[] {
    const head = this.#options.replicator.durable.streams.get(releaseStream(query.bundle))?.head;
    const digest = head === undefined ? '' : shortDigest(head.digest);
    return this.nodes()
      .filter(({ nodeId }) => query.nodeId === undefined || nodeId === query.nodeId)
      .filter(({ nodeId, state, row }) => {
        if (nodeId < first || state === 'left') return false;
        return row === undefined || state !== 'alive' || mayHave(row, query, digest);
      })
      .toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
  }
}

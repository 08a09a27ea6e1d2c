/**
 * Nodes in one process: real replicators and stores, links that are function calls.
 *
 * Frames arrive in order on a later turn of the event loop; links can be cut and healed. What is
 * replaced is the transport alone.
 */

import { KedgeError } from '../../../src/core/errors.ts';
import type { FetchItem, FetchRequest, Frame, Hello } from '../../../src/core/gossip/frames.ts';
import type { StreamName } from '../../../src/core/ids.ts';
import { type NodeId, parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import type { DialTarget } from '../../../src/core/peer.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import { emptyTrustedState } from '../../../src/core/trusted/state.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import type { Store } from '../../../src/ports/store.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { fetchItems } from '../../../src/service/fetch-source.ts';
import type { PeerTransport } from '../../../src/service/replication/peer-transport.ts';
import { Replicator } from '../../../src/service/replication/replicator.ts';
import { testHello, testMembership } from '../../../src/testing/members.ts';

/** What all nodes of a cluster share. */
export interface ClusterRealm {
  readonly realm: Hello['realm'];
  readonly firstCharterDigest: Hello['firstCharterDigest'];
}

/** One node of a test cluster. */
export interface TestNode {
  readonly id: NodeId;
  readonly store: Store;
  readonly replicator: Replicator;
  /** Every durable state that was served, in order. */
  readonly served: { readonly state: TrustedState; readonly streams: readonly StreamName[] }[];
}

/** A set of nodes that all know each other. */
export class TestCluster implements AsyncDisposable {
  readonly nodes: TestNode[] = [];
  readonly frames: { from: NodeId; to: NodeId; frame: Frame }[] = [];
  readonly #realm: ClusterRealm;
  readonly #cut: Set<string> = new Set();
  readonly #links: Map<string, { from: NodeId; to: NodeId }> = new Map();
  #nextLink = 1;

  constructor(realm: ClusterRealm) {
    this.#realm = realm;
  }

  /** Adds a node; `names` are all nodes of the cluster. */
  add(name: string, names: readonly string[], store: Store, state?: TrustedState): TestNode {
    const id = parseNodeId(name);
    const { realm, firstCharterDigest } = this.#realm;
    const served: TestNode['served'] = [];
    const pin = { name: realm, firstCharterDigest };
    const self = testHello(name, pin, {
      region: parseRegionName(name),
      storeId: store.storeId,
      address: addressOf(name),
    });
    const replicator = new Replicator({
      self,
      hasSeeds: true,
      membership: testMembership(self),
      state: state ?? emptyTrustedState(realm, firstCharterDigest),
      store,
      transport: this.#transport(id, names),
      clock: systemClock,
      logger: noLogger,
      metrics: noMetrics,
      random: () => 0.5,
      onServe: (state, streams) => served.push({ state, streams }),
    });
    const node = { id, store, replicator, served };
    this.nodes.push(node);
    return node;
  }

  start(): void {
    for (const node of this.nodes) node.replicator.start();
  }

  node(name: string): TestNode {
    const found = this.nodes.find((node) => node.id === name);
    if (found === undefined) throw new Error(`no node ${name}`);
    return found;
  }

  /** Cuts all links of a node. */
  cut(name: string): void {
    this.#cut.add(name);
    for (const [linkId, { from, to }] of [...this.#links]) {
      if (from === name || to === name) this.#drop(linkId);
    }
  }

  heal(name: string): void {
    this.#cut.delete(name);
  }

  /** True when all nodes hold the same. */
  get isConverged(): boolean {
    const roots = new Set(this.nodes.map((node) => node.replicator.root.root));
    return roots.size === 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.replicator[Symbol.asyncDispose]()));
    await Promise.all(this.nodes.map((node) => node.store[Symbol.asyncDispose]()));
  }

  #transport(self: NodeId, names: readonly string[]): PeerTransport {
    return {
      dial: (target) => {
        setImmediate(() => {
          this.#connect(self, target);
        });
      },
      resolveSeeds: async () =>
        Promise.resolve({ addresses: names.map(addressOf), unresolved: [] }),
      fetch: ({ address }, requests) => this.#fetch(self, nodeAt(address), requests),
    };
  }

  async *#fetch(
    self: NodeId,
    peer: NodeId,
    requests: readonly FetchRequest[],
  ): AsyncIterable<FetchItem> {
    if (this.#cut.has(self) || this.#cut.has(peer)) throw new Error('cut');
    const { store, replicator } = this.node(peer);
    yield* fetchItems(store, () => replicator.durable, requests);
  }

  #connect(from: NodeId, dialled: DialTarget): void {
    const to = nodeAt(dialled.address);
    const linkId = `${from}-${to}-${String(this.#nextLink++)}`;
    const target = this.nodes.find((node) => node.id === to);
    const source = this.node(from);
    if (target === undefined || this.#cut.has(from) || this.#cut.has(to)) {
      source.replicator.linkFailed(dialled, new KedgeError('UNAVAILABLE', 'unreachable'));
      return;
    }
    this.#links.set(linkId, { from, to });
    const handle = (self: NodeId, other: TestNode) => ({
      linkId,
      send: (frame: Frame) => {
        setImmediate(() => {
          if (!this.#links.has(linkId)) return;
          this.frames.push({ from: self, to: other.id, frame });
          other.replicator.linkFrame(linkId, frame, 100);
        });
        return 'sent' as const;
      },
      reading: () => undefined,
      close: () => {
        this.#drop(linkId);
      },
    });
    source.replicator.linkUp(handle(from, target), to, dialled);
    target.replicator.linkUp(handle(to, source), from);
  }

  #drop(linkId: string): void {
    const link = this.#links.get(linkId);
    if (link === undefined) return;
    this.#links.delete(linkId);
    setImmediate(() => {
      this.node(link.from).replicator.linkDown(linkId, undefined);
      this.node(link.to).replicator.linkDown(linkId, undefined);
    });
  }
}

function addressOf(name: string): string {
  return `${name}:7441`;
}

function nodeAt(address: string): NodeId {
  return parseNodeId(address.replace(/:.*/, ''));
}

/** Waits until `condition` holds; fails loudly after `timeoutMs`. */
export async function until(
  what: string,
  condition: () => boolean,
  timeoutMs: number = 10_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

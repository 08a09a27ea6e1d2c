/**
 * Nodes with their membership machines and topologies in virtual time: links with latency and
 * loss, partitions, crashes, pauses, restarts. A run repeats itself for one seed.
 *
 * @module
 */
import { generateSigningKey, type SigningKey } from '../../../src/core/crypto.ts';
import { type NodeId, parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import type { MembershipConfig } from '../../../src/core/membership/config.ts';
import type {
  MembershipEffect,
  MembershipEvent,
  MembershipNotice,
  MembershipSnapshot,
} from '../../../src/core/membership/events.ts';
import {
  type MembershipFrame,
  memberBytes,
  observationBytes,
} from '../../../src/core/membership/frames.ts';
import { MembershipMachine } from '../../../src/core/membership/machine.ts';
import { signMember } from '../../../src/core/membership/record.ts';
import type { MemberState } from '../../../src/core/membership/view.ts';
import { Topology } from '../../../src/core/topology/topology.ts';
import { REALM } from '../support.ts';

const REDIAL_MS = 3000;
const DIAL_TIMEOUT_MS = 1000;
const OBSERVE_MS = 1000;
/** After so long the transport gives up a link on which nothing comes. */
const KEEPALIVE_MS = 20_000;

/** A change of one member as one node saw it. */
export interface Seen {
  readonly atMs: number;
  readonly by: NodeId;
  readonly about: NodeId;
  readonly before: MemberState | undefined;
  readonly state: MemberState | 'removed';
}

interface Task {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A number from a seed, uniform in [0, 1). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A running node. */
export class SimulatedNode {
  readonly id: NodeId;
  readonly region: string;
  readonly key: SigningKey;
  machine: MembershipMachine;
  topology: Topology;
  isUp: boolean = true;
  pausedUntilMs: number = 0;
  /** Extra delay of each event that this node handles. */
  slowMs: number = 0;
  readonly links: Map<NodeId, string> = new Map();
  readonly dialling: Set<NodeId> = new Set();
  readonly timers: Map<string, number> = new Map();
  relays: string = '';
  epoch: number = 0;

  constructor(
    id: NodeId,
    region: string,
    key: SigningKey,
    machine: MembershipMachine,
    topology: Topology,
  ) {
    this.id = id;
    this.region = region;
    this.key = key;
    this.machine = machine;
    this.topology = topology;
  }
}

export interface SimulationOptions {
  readonly seed?: number;
  readonly loss?: number;
  readonly localMs?: number;
  readonly wideMs?: number;
  readonly config?: Partial<MembershipConfig>;
}

export class Simulation {
  readonly nodes: Map<NodeId, SimulatedNode> = new Map();
  readonly seen: Seen[] = [];
  readonly notices: MembershipNotice[] = [];
  nowMs: number = 0;
  loss: number;
  frames: number = 0;
  bytes: number = 0;
  piggybackMax: number = 0;
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #queue: Task[] = [];
  readonly #ends: Map<string, readonly SimulatedNode[]> = new Map();
  #order = 0;
  #boots = 0;
  #nextLink = 1;
  #reaches: (a: NodeId, b: NodeId) => boolean = () => true;

  constructor(options: SimulationOptions = {}) {
    this.#options = options;
    this.loss = options.loss ?? 0;
    this.#random = randomOf(options.seed ?? 1);
  }

  /** Adds a node that knows `seeds` by address. */
  join(name: string, region: string, seeds: readonly string[] = []): SimulatedNode {
    const id = parseNodeId(name);
    const key = generateSigningKey('ed25519');
    const node = new SimulatedNode(
      id,
      region,
      key,
      this.#machine(id, region, key, undefined),
      new Topology({ nodeId: id, region: parseRegionName(region) }),
    );
    this.nodes.set(id, node);
    this.#boot(node);
    for (const seed of seeds) this.#redialSeed(node, parseNodeId(seed), node.epoch);
    return node;
  }

  /** Stops a node: with `reset` its peers see their links go, with `silent` they see nothing. */
  crash(node: SimulatedNode, how: 'reset' | 'silent'): void {
    node.isUp = false;
    node.epoch += 1;
    node.timers.clear();
    for (const [peerId, linkId] of node.links) {
      const peer = this.nodes.get(peerId);
      if (how === 'reset' && peer !== undefined) this.#drop(peer, node.id, linkId);
      if (how === 'silent') {
        this.#later(KEEPALIVE_MS, () => peer && this.#drop(peer, node.id, linkId));
      }
    }
    node.links.clear();
  }

  /** Starts a stopped node again, with or without its memory. */
  restart(node: SimulatedNode, memory: 'kept' | 'lost', seeds: readonly string[] = []): void {
    const remembered = memory === 'kept' ? node.machine.snapshot() : undefined;
    node.machine = this.#machine(node.id, node.region, node.key, remembered);
    node.topology = new Topology({ nodeId: node.id, region: parseRegionName(node.region) });
    for (const { record, state } of node.machine.members()) {
      if (state === 'alive') node.topology.add(record);
    }
    node.isUp = true;
    node.relays = '';
    node.dialling.clear();
    this.#boot(node);
    for (const seed of seeds) this.#redialSeed(node, parseNodeId(seed), node.epoch);
  }

  /** A node tells all its peers of members that do not exist, spread over all regions. */
  invent(liar: SimulatedNode, count: number, incarnation: number): void {
    const regions = [...new Set([...this.nodes.values()].map(({ region }) => region))];
    const members = Array.from({ length: count }, (_, index) =>
      signMember(
        {
          ...liar.machine.self.record,
          nodeId: parseNodeId(`ghost${String(index)}`),
          region: parseRegionName(regions[index % regions.length] ?? ''),
          address: `ghost${String(index)}.example.org:7441`,
          incarnation,
        },
        (message) => liar.key.sign(message),
      ),
    );
    const frame = { kind: 'members', updates: { members, observations: [] } } as const;
    for (const linkId of liar.links.values()) this.#send(liar, linkId, frame);
  }

  leave(node: SimulatedNode): void {
    this.#give(node, { kind: 'leave' });
    this.#later(500, () => this.crash(node, 'reset'));
  }

  pause(node: SimulatedNode, ms: number): void {
    node.pausedUntilMs = this.nowMs + ms;
  }

  /** From now on only those pairs reach each other; other links break, seen or unseen. */
  partition(reaches: (a: NodeId, b: NodeId) => boolean, how: 'reset' | 'silent'): void {
    this.#reaches = reaches;
    if (how === 'reset') this.#breakLinks();
    else this.#later(KEEPALIVE_MS, () => this.#breakLinks());
  }

  /** Links that cannot carry anything are gone. */
  #breakLinks(): void {
    for (const node of this.nodes.values()) {
      for (const [peerId, linkId] of [...node.links]) {
        if (!this.#reaches(node.id, peerId)) this.#drop(node, peerId, linkId);
      }
    }
  }

  heal(): void {
    this.#reaches = () => true;
  }

  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let task = this.#queue[0]; task !== undefined; task = this.#queue[0]) {
      if (task.atMs > endMs) break;
      this.#pop();
      this.nowMs = task.atMs;
      task.run();
    }
    this.nowMs = endMs;
  }

  /** Runs until `done`, looking every 100 ms; returns how long it took, or undefined. */
  runUntil(maxMs: number, done: () => boolean): number | undefined {
    for (let ms = 0; ms <= maxMs; ms += 100) {
      if (done()) return ms;
      this.run(100);
    }
    return undefined;
  }

  up(): readonly SimulatedNode[] {
    return [...this.nodes.values()].filter((node) => node.isUp);
  }

  /** True when every running node sees exactly the running nodes alive, and their roots agree. */
  agrees(): boolean {
    const up = this.up();
    const root = up[0]?.machine.root.root;
    return up.every(
      ({ machine }) => machine.root.count === up.length && machine.root.root === root,
    );
  }

  /** How one node sees another. */
  state(by: SimulatedNode, about: SimulatedNode): MemberState | undefined {
    return by.machine.member(about.id)?.state;
  }

  #machine(
    nodeId: NodeId,
    region: string,
    key: SigningKey,
    remembered: MembershipSnapshot | undefined,
  ): MembershipMachine {
    this.#boots += 1;
    return new MembershipMachine({
      self: {
        nodeId,
        region: parseRegionName(region),
        realm: REALM,
        address: `${nodeId}.example.org:7441`,
        bootId: this.#boots.toString(16).padStart(32, '0'),
        protocolVersion: 1,
        publicKey: key.publicKey.spki,
      },
      sign: (message) => key.sign(message),
      random: randomOf((this.#options.seed ?? 1) * 7919 + this.#boots),
      nowMs: this.nowMs,
      ...(this.#options.config === undefined ? {} : { config: this.#options.config }),
      ...(remembered === undefined ? {} : { remembered }),
    });
  }

  #boot(node: SimulatedNode): void {
    const { epoch } = node;
    this.#give(node, { kind: 'start' });
    this.#tellRelays(node);
    const maintain = (): void => {
      if (node.epoch !== epoch) return;
      if (this.nowMs >= node.pausedUntilMs) this.#dialWanted(node);
      this.#later(REDIAL_MS, maintain);
    };
    const observe = (): void => {
      if (node.epoch !== epoch) return;
      node.topology.observe();
      this.#tellRelays(node);
      this.#later(OBSERVE_MS, observe);
    };
    this.#later(REDIAL_MS * this.#random(), maintain);
    this.#later(OBSERVE_MS, observe);
  }

  #redialSeed(node: SimulatedNode, seed: NodeId, epoch: number): void {
    if (node.epoch !== epoch) return;
    if (node.links.size === 0) this.#dial(node, seed);
    this.#later(REDIAL_MS, () => this.#redialSeed(node, seed, epoch));
  }

  #dialWanted(node: SimulatedNode): void {
    for (const wanted of node.topology.links()) {
      if (!node.links.has(wanted)) this.#dial(node, wanted);
    }
  }

  #dial(node: SimulatedNode, peerId: NodeId): void {
    const peer = this.nodes.get(peerId);
    if (node.links.has(peerId) || node.dialling.has(peerId) || peerId === node.id) return;
    node.dialling.add(peerId);
    const { epoch } = node;
    const works = peer?.isUp === true && this.#reaches(node.id, peerId);
    this.#later(works ? 2 * this.#latency(node, peerId) : DIAL_TIMEOUT_MS, () => {
      node.dialling.delete(peerId);
      if (node.epoch !== epoch || node.links.has(peerId)) return;
      if (peer?.isUp !== true || !this.#reaches(node.id, peerId) || peer.links.has(node.id)) {
        return this.#give(node, { kind: 'dial-failed', nodeId: peerId });
      }
      const linkId = String(this.#nextLink++);
      this.#ends.set(linkId, [node, peer]);
      node.links.set(peerId, linkId);
      peer.links.set(node.id, linkId);
      for (const [one, other] of [
        [node, peer],
        [peer, node],
      ] as const) {
        const identity = { nodeId: other.id, region: parseRegionName(other.region) };
        this.#give(one, { kind: 'link-up', linkId, peer: identity });
      }
    });
  }

  #drop(node: SimulatedNode, peerId: NodeId, linkId: string): void {
    if (node.links.get(peerId) !== linkId) return;
    node.links.delete(peerId);
    this.#give(node, { kind: 'link-down', linkId });
  }

  #give(node: SimulatedNode, event: MembershipEvent): void {
    if (!node.isUp) return;
    const { epoch } = node;
    const waitMs = Math.max(0, node.pausedUntilMs - this.nowMs) + node.slowMs;
    if (waitMs > 0) {
      this.#later(waitMs, () => {
        if (node.epoch === epoch) this.#carryOut(node, event);
      });
    } else {
      this.#carryOut(node, event);
    }
  }

  #carryOut(node: SimulatedNode, event: MembershipEvent): void {
    const { version } = node.topology;
    for (const effect of node.machine.handle(event, this.nowMs)) this.#effect(node, effect);
    if (node.topology.version !== version) {
      this.#tellRelays(node);
      this.#dialWanted(node);
    }
  }

  #tellRelays(node: SimulatedNode): void {
    const nodeIds = node.topology.relaysOf(parseRegionName(node.region));
    const relays = nodeIds.join();
    if (relays === node.relays) return;
    node.relays = relays;
    this.#give(node, { kind: 'relays', nodeIds });
  }

  #effect(node: SimulatedNode, effect: MembershipEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.#send(node, effect.linkId, effect.frame);
      case 'arm': {
        const { timer, delayMs } = effect;
        const order = ++this.#order;
        const { epoch } = node;
        node.timers.set(timer.name, order);
        return this.#later(delayMs, () => {
          if (node.epoch !== epoch || node.timers.get(timer.name) !== order) return;
          this.#give(node, { kind: 'timer', timer });
        });
      }
      case 'changed': {
        const { member, before } = effect;
        const { record, state } = member;
        this.seen.push({ atMs: this.nowMs, by: node.id, about: record.nodeId, before, state });
        const isAlive = state === 'alive' || state === 'suspect';
        if (isAlive && !node.machine.isDoubtful(record.nodeId)) node.topology.add(record);
        else node.topology.remove(record);
        return;
      }
      case 'removed': {
        const { record, state: before } = effect.member;
        node.topology.remove(record);
        this.seen.push({
          atMs: this.nowMs,
          by: node.id,
          about: record.nodeId,
          before,
          state: 'removed',
        });
        return;
      }
      case 'dial':
        return this.#dial(node, effect.nodeId);
      case 'notice':
        this.notices.push(effect.notice);
        return;
      case 'self':
        return;
    }
  }

  #send(node: SimulatedNode, linkId: string, frame: MembershipFrame): void {
    this.frames += 1;
    if ('updates' in frame) {
      let bytes = 0;
      for (const one of frame.updates.members) bytes += memberBytes(one);
      for (const one of frame.updates.observations) bytes += observationBytes(one);
      this.bytes += bytes;
      if (frame.kind !== 'members') this.piggybackMax = Math.max(this.piggybackMax, bytes);
    }
    const peer = this.#ends.get(linkId)?.find((end) => end !== node);
    if (peer === undefined || this.#random() < this.loss) return;
    this.#later(this.#latency(node, peer.id), () => {
      if (peer.links.get(node.id) !== linkId || !this.#reaches(node.id, peer.id)) return;
      this.#give(peer, { kind: 'frame', linkId, frame });
    });
  }

  #latency(node: SimulatedNode, peerId: NodeId): number {
    const { localMs = 1, wideMs = 80 } = this.#options;
    const base = this.nodes.get(peerId)?.region === node.region ? localMs : wideMs;
    return base * (1 + 0.2 * this.#random());
  }

  // A binary heap by time, then order.

  #later(delayMs: number, run: () => void): void {
    const queue = this.#queue;
    const task = { atMs: this.nowMs + delayMs, order: ++this.#order, run };
    let place = queue.push(task) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = queue[above];
      if (parent === undefined || !isBefore(task, parent)) break;
      queue[place] = parent;
      place = above;
    }
    queue[place] = task;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      let child = queue[below];
      if (child === undefined) break;
      const right = queue[below + 1];
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (!isBefore(child, last)) break;
      queue[place] = child;
      place = below;
    }
    queue[place] = last;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/**
 * One seed: its hosts, network, faults and admins in simulated time, from start to end.
 *
 * @module
 */
import { GossipMachine, type GossipOptions } from '../../src/core/gossip/machine.ts';
import { Chaos } from '../faults/chaos.ts';
import { Fates } from '../faults/fates.ts';
import { Network } from '../network/network.ts';
import { DELAYS_MS, SEED_REGIONS } from '../network/regions.ts';
import { Disk } from '../nodes/disk.ts';
import { addressOf, Host, nodeIdOf } from '../nodes/host.ts';
import type { Machine } from '../nodes/node.ts';
import { Coverage } from '../oracle/coverage.ts';
import { Oracle } from '../oracle/oracle.ts';
import { Truth } from '../oracle/truth.ts';
import { Admin } from '../people/admin.ts';
import { Decider } from '../people/decider.ts';
import type { Pool } from '../people/pool.ts';
import { Proposer } from '../people/proposer.ts';
import { Robbery } from '../people/robbery.ts';
import type { Trace } from '../runs/trace.ts';
import type { SeedPlan } from './plan.ts';
import { draw } from './prf.ts';
import { TaskQueue } from './queue.ts';
import type { Scene } from './scene.ts';

/** What worlds of one run share. */
export interface WorldOptions {
  readonly pool: Pool;
  /** Of the pool: what a world signs is known to it alone. */
  readonly truth: Truth;
  /** Default: the production machine. */
  readonly makeMachine?: (options: GossipOptions) => Machine;
  readonly trace?: Trace;
}

const BOOT_WITHIN_MS = 500;
const SEEDS = 3;

/** Everything that there is. */
export class World implements Scene {
  readonly seed: number;
  readonly plan: SeedPlan;
  readonly pool: Pool;
  readonly coverage: Coverage = new Coverage();
  readonly hosts: readonly Host[];
  readonly network: Network;
  readonly oracle: Oracle;
  readonly chaos: Chaos;
  readonly admin: Admin;
  readonly proposer: Proposer;
  readonly decider: Decider;
  readonly robbery: Robbery;
  readonly truth: Truth;
  /** Frames and bytes sent, by kind of frame. */
  readonly traffic: Map<string, { frames: number; bytes: number }> = new Map();
  /** What every node's configuration names as its seeds. */
  readonly seeds: readonly string[];
  nowMs = 0;
  eventCount = 0;
  readonly #queue = new TaskQueue();
  readonly #byAddress: Map<string, number> = new Map();

  constructor(plan: SeedPlan, options: WorldOptions) {
    this.seed = plan.seed;
    this.plan = plan;
    this.pool = options.pool;
    this.truth = new Truth(options.truth);
    this.oracle = new Oracle(this, this.truth, options.trace);
    const clones = plan.faults.filter(({ kind }) => kind === 'clone').length;
    this.network = new Network(this, new Fates(this), plan.hosts.length + clones);
    this.hosts = this.#makeHosts(options.makeMachine ?? ((machine) => new GossipMachine(machine)));
    this.seeds = [...this.#byAddress.keys()].slice(0, SEEDS);
    this.chaos = new Chaos(this);
    this.proposer = new Proposer(this);
    this.admin = new Admin(this, this.proposer);
    this.decider = new Decider(this, this.admin);
    this.robbery = new Robbery(this, this.admin);
    this.chaos.start();
    this.admin.start();
    this.decider.start();
    for (const host of this.hosts) {
      if (host.role !== 'member') continue;
      const atMs = BOOT_WITHIN_MS * draw(this.seed, 'identity', host.index, 1);
      this.at(atMs, -1, () => host.boot());
    }
  }

  /** Runs something at a time, on a host (-1: outside of all). */
  at(atMs: number, host: number, run: () => void): void {
    this.#queue.push(Math.max(atMs, this.nowMs), host, run);
  }

  after(delayMs: number, host: number, run: () => void): void {
    this.#queue.push(this.nowMs + Math.max(0, delayMs), host, run);
  }

  /** Lets time pass. */
  runUntil(untilMs: number): void {
    for (let task = this.#queue.peek(); task !== undefined; task = this.#queue.peek()) {
      if (task.atMs > untilMs) break;
      this.#queue.pop();
      this.nowMs = task.atMs;
      const host = task.host < 0 ? undefined : this.hosts[task.host];
      if (host !== undefined) {
        if (host.freeAtMs > task.atMs) {
          this.#queue.push(host.freeAtMs, task.host, task.run);
          continue;
        }
        if (host.costMs > 0) host.freeAtMs = task.atMs + host.costMs;
      }
      this.eventCount += 1;
      task.run();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** The host behind an address. */
  hostAt(address: string): number | undefined {
    return this.#byAddress.get(address);
  }

  baseDelayMs(from: number, to: number): number {
    const [a, b] = [this.hosts[from]?.region ?? 0, this.hosts[to]?.region ?? 0];
    return DELAYS_MS[a]?.[b] ?? 1;
  }

  /** Honest nodes that are still there. */
  core(): readonly Host[] {
    return this.hosts.filter((host) => host.role === 'member' && host.isHonest);
  }

  tally(kind: string, bytes: number): void {
    const known = this.traffic.get(kind);
    if (known === undefined) {
      this.traffic.set(kind, { frames: 1, bytes });
      return;
    }
    known.frames += 1;
    known.bytes += bytes;
  }

  #makeHosts(makeMachine: (options: GossipOptions) => Machine): readonly Host[] {
    const { pool, plan, network, oracle } = this;
    const around = { scene: this, network, oracle, makeMachine };
    const members = plan.hosts.map(({ region, holds }, index) => {
      const nodeId = nodeIdOf(index);
      this.#byAddress.set(addressOf(nodeId), index);
      const disk = Disk.withFirst((index + 1).toString(16).padStart(32, '0'), pool, holds);
      const state = pool.states[holds];
      if (holds === 0) disk.origin = 'new';
      const role = 'member' as const;
      return new Host(around, { index, nodeId, region, disk, role, ...(state && { state }) });
    });
    const clones = plan.faults
      .filter((fault) => fault.kind === 'clone')
      .map(({ host }, number) => {
        const index = members.length + number;
        const disk = new Disk('f'.repeat(32));
        const region = (plan.hosts[host]?.region ?? 0) + 1;
        const role = 'clone' as const;
        const clamped = region % SEED_REGIONS;
        return new Host(around, { index, nodeId: nodeIdOf(host), region: clamped, disk, role });
      });
    return [...members, ...clones];
  }
}

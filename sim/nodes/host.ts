/**
 * The machine room of one simulated node: its disk, its clock, its power, and the process on it.
 *
 * @module
 */

import {
  type FetchItem,
  type FetchRequest,
  type Frame,
  type Hello,
  PROTOCOL_VERSION,
} from '../../src/core/gossip/frames.ts';
import type { GossipOptions } from '../../src/core/gossip/machine.ts';
import { type NodeId, parseNodeId, parseRegionName } from '../../src/core/ids.ts';
import type { PeerIdentity } from '../../src/core/peer.ts';
import { restoreTrustedState } from '../../src/core/trusted/restore.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';
import { TEST_EPOCH_MS } from '../../src/testing/simulated-clock.ts';
import type { Liar } from '../faults/liar.ts';
import { REGIONS, SEED_REGIONS } from '../network/regions.ts';
import { keyOf, regionKeyOf } from '../people/keys.ts';
import { hasWaves } from '../people/pool-waves.ts';
import { isProposing } from '../people/proposer.ts';
import { Draws, draw } from '../world/prf.ts';
import type { Disk } from './disk.ts';
import { Driver, type Surroundings } from './driver.ts';
import type { DiskFault, Machine, Role, SimNode } from './node.ts';
import { Programs } from './programs.ts';

const ATTESTING_SHARE = 0.2;

/** What a host stands in, and what runs on it. */
export interface HostSurroundings extends Surroundings {
  readonly makeMachine: (options: GossipOptions) => Machine;
}

/** What a host is made of. */
export interface HostOptions {
  readonly index: number;
  readonly nodeId: NodeId;
  readonly region: number;
  readonly disk: Disk;
  readonly role: Role;
  /** What the disk holds, when that is known already; else it is restored. */
  readonly state?: TrustedState;
}

/** One node, whether its process runs or not. */
export class Host implements SimNode {
  readonly index: number;
  readonly region: number;
  readonly identity: PeerIdentity;
  readonly diskDraws: Draws;
  readonly programs: Programs;
  role: Role;
  disk: Disk;
  driver: Driver | undefined;
  power: 'on' | 'off' = 'on';
  /** What wall time is wrong by. */
  clockOffsetMs = 0;
  protocolVersion: number = PROTOCOL_VERSION;
  /** The process does nothing before then. */
  freeAtMs = 0;
  /** What each event costs. */
  costMs = 0;
  /** Present on a node that lies. */
  liar: Liar | undefined;
  readonly diskFaults: Set<DiskFault> = new Set();
  readonly #around: HostSurroundings;
  readonly #machineDraws: Draws;
  readonly #firstStoreId: string;
  #known: TrustedState | undefined;
  #boots = 0;

  constructor(around: HostSurroundings, options: HostOptions) {
    const { index, nodeId, region, disk, role, state } = options;
    this.#around = around;
    const { seed } = around.scene;
    this.index = index;
    this.region = region;
    this.disk = disk;
    this.role = role;
    this.programs = new Programs(seed, index);
    this.#known = state;
    this.#firstStoreId = disk.storeId;
    this.identity = { nodeId, region: parseRegionName(REGIONS[region] ?? '') };
    this.diskDraws = new Draws(seed, 'disk', index);
    this.#machineDraws = new Draws(seed, 'machine', index);
  }

  get isHonest(): boolean {
    return this.liar === undefined;
  }

  /** The present process, or the last one. */
  get bootId(): string {
    return (this.index * 4096 + this.#boots).toString(16).padStart(32, '0');
  }

  /** What the process reads as time. */
  get wallMs(): number {
    return Math.floor(TEST_EPOCH_MS + this.#around.scene.nowMs + this.clockOffsetMs);
  }

  /** Starts a process on what the disk holds; verified again, as `node/boot.ts` does. */
  boot(): void {
    if (this.driver !== undefined || this.role === 'gone') return;
    this.power = 'on';
    const { scene, oracle, makeMachine } = this.#around;
    const { pool } = scene;
    const { realm, firstCharterDigest } = pool;
    const state =
      this.#known ?? restoreTrustedState({ realm, firstCharterDigest }, this.disk.load());
    this.#known = undefined;
    this.#boots += 1;
    const self = {
      protocolVersion: this.protocolVersion,
      ...this.identity,
      realm,
      firstCharterDigest,
      bootId: this.bootId,
      storeId: this.disk.storeId,
      address: addressOf(this.identity.nodeId),
      marks: true as const,
      lines: true as const,
      ...(isProposing(scene.seed) && { proposals: true as const }),
    };
    const { origin } = this.disk;
    const started = this.disk.start(self.bootId);
    const key = this.attests ? regionKeyOf(this.identity.region) : undefined;
    const machine = makeMachine({
      self,
      hasSeeds: true,
      membership: this.#membershipOf(self),
      state,
      origin,
      started,
      regionKey: key && { spki: key.publicKey.spki, cosigned: [...this.disk.cosigned.values()] },
      marks: this.disk.marks,
      proposals: [...this.disk.proposals.values()],
      random: () => this.#machineDraws.next(),
    });
    oracle.copies.boots(this, started);
    oracle.boots(this, state, machine.holding);
    if (this.#boots > 1) scene.coverage.hit('restart');
    this.driver = new Driver(this.#around, this, machine);
    if (hasWaves(pool.content) && this.role === 'member') this.driver.deliver(state);
    if (key !== undefined) this.driver.standing.attest(key);
    this.driver.start();
  }

  /**
   * One node of each region attests in some seeds. The key is bound to the store that has its
   * record, as `node/region-key.ts` does it.
   */
  get attests(): boolean {
    const { hosts, seed, plan, pool } = this.#around.scene;
    // Waves with times open by what regions say.
    const isForced = pool.content === 'timed' || plan.profile === 'copied';
    const isAsked = isForced || draw(seed, 'identity', 0, 2) < ATTESTING_SHARE;
    if (!isAsked || this.role !== 'member') return false;
    // The charter of the pool names no others.
    if (this.region >= SEED_REGIONS) return false;
    const first = hosts.find(({ region, isHonest }) => region === this.region && isHonest);
    return first === this && this.disk.storeId === this.#firstStoreId;
  }

  #membershipOf(self: Hello): GossipOptions['membership'] {
    const { nodeId, region, realm, address, bootId, protocolVersion } = self;
    const key = keyOf(nodeId);
    const publicKey = key.publicKey.spki;
    const remembered = this.disk.memory;
    return {
      self: { nodeId, region, realm, address, bootId, protocolVersion, publicKey },
      sign: (message) => key.sign(message),
      nowMs: this.#around.scene.nowMs,
      ...(remembered !== undefined && { remembered }),
    };
  }

  /** The process dies at once; `power`: with the machine under it. */
  die(how: 'process' | 'power' = 'process'): void {
    const { driver } = this;
    if (how === 'power') this.power = 'off';
    if (driver === undefined) return;
    this.driver = undefined;
    driver.stop();
    driver.writer.crash();
    this.#around.network.vanish(driver, how === 'power' ? 'untold' : 'told');
  }

  /** Another disk takes the place of the present one; the process must be dead. */
  replaceDisk(disk: Disk): void {
    this.disk = disk;
    this.#around.oracle.diskReplaced(this);
  }

  /** Says whether a fault of this kind strikes now. */
  diskFault(how: DiskFault['how']): boolean {
    for (const fault of this.diskFaults) {
      if (fault.how === how && (how === 'slow' || this.diskDraws.chance(fault.rate))) return true;
    }
    return false;
  }

  /** What really goes out when the machine sends a frame. */
  tamper(frame: Frame, reader: SimNode): readonly Frame[] {
    if (this.liar === undefined) return [frame];
    const kept = this.driver?.machine.marks().snapshot() ?? [];
    return this.liar.tamper(frame, { reader, kept });
  }

  /** What really answers a fetch. */
  answer(durable: () => TrustedState, requests: readonly FetchRequest[]): Generator<FetchItem> {
    const items = this.disk.fetch(durable, requests);
    return this.liar === undefined ? items : this.liar.answer(items);
  }
}

/** Where a node is dialled. */
export function addressOf(nodeId: NodeId): string {
  return `${nodeId}:7443`;
}

/** The name of a host's node. */
export function nodeIdOf(index: number): NodeId {
  return parseNodeId(`node-${index + 1}`);
}

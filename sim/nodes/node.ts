/**
 * A simulated node and its process as the other parts of a world see them; `host.ts` and
 * `driver.ts` are what they really are.
 *
 * @module
 */
import type { BundleRow } from '../../src/core/adoption/row.ts';
import type { ProposeResult, SubmitResult } from '../../src/core/gossip/events.ts';
import type { FetchItem, FetchRequest, Frame } from '../../src/core/gossip/frames.ts';
import type { GossipMachine } from '../../src/core/gossip/machine.ts';
import type { BundleName } from '../../src/core/ids.ts';
import type { PeerIdentity } from '../../src/core/peer.ts';
import type { Proposal } from '../../src/core/proposals/model.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';
import type { Fault } from '../faults/faults.ts';
import type { Endpoint, LinkEnd, SimLink } from '../network/link.ts';
import type { Published } from '../people/pool.ts';
import type { Draws } from '../world/prf.ts';
import type { Disk } from './disk.ts';
import type { Programs } from './programs.ts';

/** What of the machine is used; tests put broken ones in its place. */
export type Machine = Pick<
  GossipMachine,
  | 'handle'
  | 'durable'
  | 'verified'
  | 'root'
  | 'isLinked'
  | 'memory'
  | 'marks'
  | 'holding'
  | 'attestations'
  | 'proposals'
>;

/** What a disk does to its node. */
export type DiskFault = Extract<Fault, { readonly kind: 'disk' }>;

/** `gone`: dead for ever; `clone`: a second process under the id of a member. */
export type Role = 'member' | 'gone' | 'clone';

/** A running process. */
export interface Process extends Endpoint {
  readonly host: SimNode;
  readonly machine: Machine;
  /** How much it has under way. */
  readonly timerCount: number;
  readonly links: ReadonlyMap<string, { readonly link: SimLink; readonly end: LinkEnd }>;
  readonly fetcher: Sized;
  readonly writer: Sized;
  readonly standing: { readonly isWaiting: boolean };
  /** Absent where nothing waits for rollouts. */
  readonly delivering: { readonly row: (bundle: BundleName) => BundleRow } | undefined;
  submit(
    published: Pick<Published, 'document' | 'blobs'>,
    done: (result: SubmitResult) => void,
  ): void;
  readonly keeping: {
    propose(proposal: Proposal, done: (result: ProposeResult) => void): void;
  };
}

/** A node, whether its process runs or not. */
export interface SimNode {
  readonly index: number;
  readonly region: number;
  readonly identity: PeerIdentity;
  readonly disk: Disk;
  readonly diskDraws: Draws;
  /** What it gives releases to. */
  readonly programs: Programs;
  readonly role: Role;
  readonly power: 'on' | 'off';
  /** The present process, or the last one. */
  readonly bootId: string;
  readonly isHonest: boolean;
  /** Attests for its region. */
  readonly attests: boolean;
  /** What its clock shows. */
  readonly wallMs: number;
  readonly driver: Process | undefined;
  /** Says whether a fault of this kind strikes now. */
  diskFault(how: DiskFault['how']): boolean;
  /** What really goes out when the machine sends a frame. */
  tamper(frame: Frame, reader: SimNode): readonly Frame[];
  /** What really answers a fetch. */
  answer(durable: () => TrustedState, requests: readonly FetchRequest[]): Generator<FetchItem>;
  /** Starts a process on what the disk holds. */
  boot(): void;
  /** The process dies at once. */
  die(): void;
}

interface Sized {
  readonly size: number;
}

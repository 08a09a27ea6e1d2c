/**
 * A wide area network on this machine: hosts in regions, with the distance between them.
 *
 * Where the machine allows it, each host is a network namespace and a router holds packets back, so
 * that the kernel's own TCP is measured, that of other products too. Elsewhere a proxy in this
 * process delays what nodes say to each other: the distances are right, TCP's part is missing.
 *
 * @module
 */
import type { DelayMatrix } from './matrix.ts';

/** One machine of the network. */
export interface WanHost {
  /** For example `fra-2`. */
  readonly name: string;
  readonly region: string;
  readonly regionIndex: number;
  /** From 1 in its region. */
  readonly number: number;
}

/** Bytes of a host since it was made, IP headers included. */
export interface Traffic {
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly receivedBytes: number;
}

/** The network. Regions are meant by their index. */
export interface Wan extends AsyncDisposable {
  readonly kind: 'namespaces' | 'proxies';
  readonly matrix: DelayMatrix;
  readonly hosts: readonly WanHost[];
  /** Where programs on a host listen, and where this process reaches them without delay. */
  address(host: WanHost): string;
  /** Where programs on one host reach those on another. */
  dialAddress(from: WanHost, to: WanHost): string;
  /** What to put in front of a command so that it runs on a host. */
  prefix(host: WanHost): readonly string[];
  /** Loses everything that goes from one region to another, one way, until `heal`. */
  cut(from: number, to: number): Promise<void>;
  heal(from: number, to: number): Promise<void>;
  /** Loses this share of the packets between regions. */
  lose(share: number): Promise<void>;
  /** Absent where it cannot be counted. */
  traffic?(host: WanHost): Traffic;
  /** Sets a network setting of the kernel on a host; absent where hosts share one kernel state. */
  tune?(host: WanHost, name: string, value: string): void;
}

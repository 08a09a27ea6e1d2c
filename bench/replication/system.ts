/**
 * What replicates: Kedge, and what it is compared with.
 *
 * @module
 */
import type { Wan, WanHost } from '../wan/wan.ts';

/** Where and what is replicated. */
export interface Setting {
  readonly wan: Wan;
  /** The host where everything is published. */
  readonly origin: WanHost;
  /** Bytes of one update. */
  readonly payloadBytes: number;
  /** A folder for the servers' files. */
  readonly folder: string;
}

/** A system, running on all hosts of the network. */
export interface RunningSystem extends AsyncDisposable {
  /**
   * Publishes one update at the origin. Resolves to the milliseconds from just before the call
   * until the last place has it, by the clock of this process.
   */
  publish(round: number): Promise<number>;
  /** Processor time of each node so far, milliseconds; absent: not measured. */
  readonly processorMs?: () => readonly number[];
}

/** A system that can be started. */
export interface System {
  /** For figures: lower camel case. */
  readonly name: string;
  /** What is measured, what it promises by then, and where it was helped. */
  readonly summary: string;
  /** Programs that it needs on the path. */
  readonly programs: readonly string[];
  start(setting: Setting): Promise<RunningSystem>;
}

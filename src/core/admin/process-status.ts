/**
 * How the process of a node is: its store, and the processes beside it.
 *
 * @module
 */

/** Writes to the store of a node fail; the reason says what to do. */
export interface StoreTrouble {
  /** By the clock of the node's host. */
  readonly sinceMs: number;
  readonly reason: string;
}

/** A process that does TLS with programs in the place of the node. */
export interface TlsWorkerStatus {
  /** From 1 on. */
  readonly place: number;
  /** `ended`: the last one in this place ended, and the next one is to be started. */
  readonly state: 'running' | 'ended';
  /** When it was started, or when it ended. */
  readonly sinceMs: number;
  readonly connections: number;
  /** By its own word; absent: it has not said yet. */
  readonly residentBytes?: number;
  /** How often a process in this place ended by itself. */
  readonly ended: number;
}

/**
 * How the process of a node is: its store, and the processes beside it.
 *
 * @module
 */
import type { NodeId } from '../ids.ts';

/** Writes to the store of a node fail; the reason says what to do. */
export interface StoreTrouble {
  /** By the clock of the node's host. */
  readonly sinceMs: number;
  readonly reason: string;
}

/** The key of the node's region signs nothing yet, or again, before others have answered (OL-5). */
export interface KeyWait {
  /** By the clock of the node's host. */
  readonly sinceMs: number;
  /** Of the linked nodes those that have not; empty: none is linked. */
  readonly on: readonly NodeId[];
}

/** What a waiting key waits for and what to do about it, for people. */
export function keyWaitText({ on }: Pick<KeyWait, 'on'>): string {
  const looks = 'the key of the region signs nothing before';
  if (on.length === 0) {
    return (
      `${looks} another node has looked at the store of this one: see why none is reached; where ` +
      'none is left, start this node with --serve-anyway'
    );
  }
  return (
    `${looks} ${on.join(', ')} told what is known there of that key and of this store: restart ` +
    'or update what does not answer, or let this node reach another one; where nobody ever will, ' +
    'stop it and start this node with --serve-anyway'
  );
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

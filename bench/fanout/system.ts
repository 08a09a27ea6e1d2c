/**
 * What sends one thing to many: Kedge, what it is measured against, and what it is compared with.
 *
 * @module
 */
import type { LinkFiles } from '../../demo/messages.ts';
import type { Dialogue } from '../swarm/swarm.ts';
import type { Certificates } from './certificates.ts';

/** What is sent: a change, or a whole bundle. */
export type Content = 'delta' | 'snapshot';

/** Where a system is started. */
export interface Setting {
  /** Of its own, for its files. */
  readonly folder: string;
  readonly certificates: Certificates;
  /** For its server. */
  readonly tls: LinkFiles;
  readonly port: number;
}

/** One message for all subscribers. */
export interface Publication {
  readonly round: number;
  readonly content: Content;
  /** Bytes that each subscriber is to get; Kedge decides by itself. */
  readonly bytes: number;
}

/** A server that runs. */
export interface RunningServer extends AsyncDisposable {
  readonly pid: number;
  readonly dialogue: Dialogue;
  /** Makes what is to be published; then publishes it when it is called. */
  prepare(publication: Publication): () => Promise<void>;
  /**
   * The same for nobody, where a system first checks and keeps what it is given: what is spent
   * before the first subscriber can have it. Resolves when it is kept.
   */
  prepareUnwatched?(publication: Publication): () => Promise<void>;
  /** When a server that keeps it had it on disk, by its own clock: wall time, milliseconds. */
  keptAtMs?(publication: Publication): Promise<number>;
  /** What a client answers to it, where clients do. */
  reply?(publication: Publication): Uint8Array;
}

/** A system that can be started. */
export interface FanoutSystem {
  /** For figures: lower camel case. */
  readonly name: string;
  /** What is measured, and what is kept by then. */
  readonly summary: string;
  /** Programs that it needs on the path. */
  readonly programs: readonly string[];
  start(setting: Setting): Promise<RunningServer>;
}

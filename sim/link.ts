/**
 * One simulated connection: two ordered streams of frames between two processes.
 *
 * Each end has its own idea of whether the link is up. What is cut off on the way waits, as TCP
 * makes it wait, until the way is free again or an end gives up.
 *
 * @module
 */
import type { Frame } from '../src/core/gossip/frames.ts';
import type { Driver } from './driver.ts';

/** A frame on its way. */
export interface Parcel {
  readonly frame: Frame;
  readonly bytes: number;
}

/** One end of a link, with the stream that leaves from it. */
export interface LinkEnd {
  readonly driver: Driver;
  readonly host: number;
  /** What this end believes. */
  isUp: boolean;
  /** The line is busy until then. */
  freeAtMs: number;
  /** Nothing may arrive before what was sent before. */
  lastArrivalMs: number;
  /** Sent and not arrived. */
  waitingBytes: number;
  waitingCount: number;
  sent: number;
  /** Held up where the way is cut. */
  stash: Parcel[];
}

/** A connection. */
export interface SimLink {
  readonly linkId: string;
  readonly dialler: LinkEnd;
  readonly acceptor: LinkEnd;
}

/** The other end. */
export function otherEnd(link: SimLink, end: LinkEnd): LinkEnd {
  return end === link.dialler ? link.acceptor : link.dialler;
}

/** An end that is not up yet. */
export function makeEnd(driver: Driver): LinkEnd {
  return {
    driver,
    host: driver.host.index,
    isUp: false,
    freeAtMs: 0,
    lastArrivalMs: 0,
    waitingBytes: 0,
    waitingCount: 0,
    sent: 0,
    stash: [],
  };
}

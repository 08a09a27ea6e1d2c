/**
 * One simulated connection: two ordered streams of frames between two processes.
 *
 * Each end has its own idea of whether the link is up. What is cut off on the way waits, as TCP
 * makes it wait, until the way is free again or an end gives up.
 *
 * @module
 */
import type { Frame } from '../../src/core/gossip/frames.ts';
import type { NodeId } from '../../src/core/ids.ts';
import type { DialTarget, PeerIdentity } from '../../src/core/peer.ts';

/** A process as a link knows it. */
export interface Endpoint {
  readonly host: { readonly index: number; readonly identity: PeerIdentity };
  readonly isAlive: boolean;
  /** A connection is there; `target`: it was dialled from here. */
  linkUp(link: SimLink, end: LinkEnd, nodeId: NodeId, target?: DialTarget): void;
  linkFrame(linkId: string, frame: Frame): void;
  /** Something came that is no frame. */
  linkGarbage(linkId: string): void;
  linkDown(linkId: string): void;
  /** A dial came to nothing. */
  linkFailed(target: DialTarget): void;
}

/** A frame on its way. */
export interface Parcel {
  readonly frame: Frame;
  readonly bytes: number;
}

/** One end of a link, with the stream that leaves from it. */
export interface LinkEnd {
  readonly driver: Endpoint;
  readonly host: number;
  /** What this end believes. */
  isUp: boolean;
  /** Something it sent is lost: what it sends after that arrives no more than that did. */
  isBroken: boolean;
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

/** Says whether a link joins two hosts. */
export function isBetween({ dialler, acceptor }: SimLink, a: number, b: number): boolean {
  return (dialler.host === a && acceptor.host === b) || (dialler.host === b && acceptor.host === a);
}

/** An end that is not up yet. */
export function makeEnd(driver: Endpoint): LinkEnd {
  return {
    driver,
    host: driver.host.index,
    isUp: false,
    isBroken: false,
    freeAtMs: 0,
    lastArrivalMs: 0,
    waitingBytes: 0,
    waitingCount: 0,
    sent: 0,
    stash: [],
  };
}

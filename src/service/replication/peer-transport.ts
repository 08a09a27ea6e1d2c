/**
 * How a node reaches its peers, as replication needs it; `src/grpc` provides it.
 *
 * @module
 */
import type { KedgeError } from '../../core/errors.ts';
import type { FetchItem, FetchRequest, Frame } from '../../core/gossip/frames.ts';
import type { DialTarget, LinkId } from '../../core/peer.ts';

/** One connection to a peer, as a transport offers it. */
export interface LinkHandle {
  readonly linkId: LinkId;
  /** Takes the frame; `dropped`: the peer does not keep up, and repair will bring it. */
  send(frame: Frame): 'sent' | 'dropped';
  /** `off`: no more frames are read, soon; the peer is left waiting. */
  reading(state: 'on' | 'off'): void;
  close(error: KedgeError): void;
}

/** A seed that could not be looked up. */
export interface UnresolvedSeed {
  /** As it is configured, `host:port`. */
  readonly seed: string;
  readonly reason: string;
}

/** What the seeds stand for. */
export interface ResolvedSeeds {
  /** `host:port` each. */
  readonly addresses: readonly string[];
  readonly unresolved: readonly UnresolvedSeed[];
}

/** How nodes reach each other. */
export interface PeerTransport {
  /** Starts to connect; ends in `linkUp` or `linkFailed`. */
  dial(target: DialTarget): void;
  /** What the configured seeds stand for now. */
  resolveSeeds(): Promise<ResolvedSeeds>;
  /** Streams what a peer holds of some streams. Errors: any, as rejection of the iteration. */
  fetch(
    target: DialTarget,
    requests: readonly FetchRequest[],
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<FetchItem>;
}

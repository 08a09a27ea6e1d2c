/**
 * How a node reaches its peers, as replication needs it; `src/grpc` provides it.
 *
 * @module
 */
import type { KedgeError } from '../core/errors.ts';
import type { FetchItem, FetchRequest, Frame } from '../core/gossip/frames.ts';
import type { DialTarget, LinkId } from '../core/peer.ts';

/** One connection to a peer, as a transport offers it. */
export interface LinkHandle {
  readonly linkId: LinkId;
  /** Takes the frame; `dropped`: the peer does not keep up, and repair will bring it. */
  send(frame: Frame): 'sent' | 'dropped';
  /** `off`: no more frames are read, soon; the peer is left waiting. */
  reading(state: 'on' | 'off'): void;
  close(error: KedgeError): void;
}

/** How nodes reach each other. */
export interface PeerTransport {
  /** Starts to connect; ends in `linkUp` or `linkFailed`. */
  dial(target: DialTarget): void;
  /** The addresses that the configured seeds stand for now; none for a name that is unknown. */
  resolveSeeds(): Promise<readonly string[]>;
  /** Streams what a peer holds of some streams. Errors: any, as rejection of the iteration. */
  fetch(
    target: DialTarget,
    requests: readonly FetchRequest[],
    options: { readonly signal: AbortSignal },
  ): AsyncIterable<FetchItem>;
}

/**
 * The greeting: what two nodes must agree on before they exchange anything else.
 *
 * @module
 */
import { KedgeError } from '../../errors.ts';
import type { NodeId } from '../../ids.ts';
import { type Hello, PROTOCOL_VERSION } from '../frames.ts';

/** Says what speaks against a peer's hello; `proven` is whose certificate it has. */
export function helloProblem(self: Hello, peer: Hello, proven: NodeId): KedgeError | undefined {
  if (peer.protocolVersion < PROTOCOL_VERSION) {
    const spoken = String(peer.protocolVersion);
    return new KedgeError('TYPE', `the peer speaks protocol ${spoken}: upgrade ${peer.nodeId}`);
  }
  if (peer.nodeId !== proven) {
    return new KedgeError(
      'ACCESS',
      `the peer calls itself ${peer.nodeId}, but its certificate is that of ${proven}: compare ` +
        '"node.id" of its configuration with its certificate',
    );
  }
  if (peer.realm !== self.realm || peer.firstCharterDigest !== self.firstCharterDigest) {
    return new KedgeError(
      'REALM',
      `${peer.nodeId} serves realm ${peer.realm} (first charter ${peer.firstCharterDigest}), ` +
        `this node serves ${self.realm} (${self.firstCharterDigest}): compare "realm" and ` +
        '"firstCharterDigest" in both configurations, and where "peers.seeds" lead',
    );
  }
  return undefined;
}

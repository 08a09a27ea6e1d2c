/**
 * The greeting: what two nodes must agree on before they exchange anything else.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { PeerIdentity } from './events.ts';
import { type Hello, PROTOCOL_VERSION } from './frames.ts';

/** Says what speaks against a peer's hello; `identity` is what its certificate permits. */
export function helloProblem(
  self: Hello,
  peer: Hello,
  identity: PeerIdentity,
): KedgeError | undefined {
  if (peer.protocolVersion < PROTOCOL_VERSION) {
    const spoken = String(peer.protocolVersion);
    return new KedgeError('TYPE', `the peer speaks protocol ${spoken}: upgrade ${peer.nodeId}`);
  }
  if (peer.nodeId !== identity.nodeId || peer.region !== identity.region) {
    return new KedgeError(
      'ACCESS',
      `the peer calls itself ${peer.nodeId} in ${peer.region}, but its certificate is that of ` +
        `${identity.nodeId} in ${identity.region}: compare "peers" in both configurations`,
    );
  }
  if (peer.realm !== self.realm || peer.firstCharterDigest !== self.firstCharterDigest) {
    return new KedgeError(
      'REALM',
      `${peer.nodeId} serves realm ${peer.realm} (first charter ${peer.firstCharterDigest}), ` +
        `this node serves ${self.realm} (${self.firstCharterDigest}): compare "realm" and ` +
        '"firstCharterDigest" in both configurations, and who is listed in "peers"',
    );
  }
  return undefined;
}

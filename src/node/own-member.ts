/**
 * This node as other nodes see it: how it greets them, and as a member.
 *
 * @module
 */
import type { SigningKey } from '../core/crypto.ts';
import { type Hello, PROTOCOL_VERSION } from '../core/gossip/frames.ts';
import type { GossipOptions } from '../core/gossip/machine.ts';
import type { Sha256 } from '../core/ids.ts';
import type { MembershipSnapshot } from '../core/membership/events.ts';
import { DOCUMENT_LEVEL } from '../core/statements/document-level.ts';
import type { Clock } from '../ports/clock.ts';
import type { NodeConfig } from './config.ts';
import { packageVersion } from './package-version.ts';

/** What a member is made of. */
interface MemberOptions {
  readonly nodeKey: SigningKey;
  readonly remembered: MembershipSnapshot | undefined;
  readonly clock: Clock;
}

/** Of a node that listens for no peers and has no seeds: nobody meets it. */
const NO_ADDRESS = 'localhost:1';

/** This node as a member. */
export function membershipOf(
  { nodeId, region, realm, address, bootId, protocolVersion }: Hello,
  { nodeKey, remembered, clock }: MemberOptions,
): GossipOptions['membership'] {
  const publicKey = nodeKey.publicKey.spki;
  return {
    self: { nodeId, region, realm, address, bootId, protocolVersion, publicKey },
    sign: (message) => nodeKey.sign(message),
    software: { version: packageVersion(), documents: DOCUMENT_LEVEL },
    nowMs: clock.monotonicMs(),
    ...(remembered !== undefined && { remembered }),
  };
}

/** What names its realm, its process and its store. */
interface OwnIds {
  readonly firstCharterDigest: Sha256;
  readonly bootId: string;
  readonly storeId: string;
}

/** How this node greets others. */
export function helloOf(
  config: NodeConfig,
  { firstCharterDigest, bootId, storeId }: OwnIds,
): Hello {
  return {
    protocolVersion: PROTOCOL_VERSION,
    nodeId: config.node.id,
    region: config.node.region,
    realm: config.realm,
    firstCharterDigest,
    bootId,
    storeId,
    address: config.node.address ?? config.listen.peers ?? NO_ADDRESS,
    adoption: true,
    proposals: true,
    waveCounts: true,
    marks: true,
    lines: true,
  };
}

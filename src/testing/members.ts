/**
 * Nodes as members, for tests: a greeting and a record with a key of their own.
 *
 * @module
 */
import { generateSigningKey } from '../core/crypto.ts';
import { type Hello, PROTOCOL_VERSION } from '../core/gossip/frames.ts';
import type { GossipOptions } from '../core/gossip/machine.ts';
import { parseNodeId, parseRegionName, type RealmName, type Sha256 } from '../core/ids.ts';

const NO_ID = '0'.repeat(32);

/** The greeting of a node at `<name>:7441`; its region is what stands before the last dash. */
export function testHello(
  name: string,
  realm: { readonly name: RealmName; readonly firstCharterDigest: Sha256 },
  change: Partial<Hello> = {},
): Hello {
  return {
    protocolVersion: PROTOCOL_VERSION,
    nodeId: parseNodeId(name),
    region: parseRegionName(name.replace(/-[^-]*$/, '')),
    realm: realm.name,
    firstCharterDigest: realm.firstCharterDigest,
    bootId: NO_ID,
    storeId: NO_ID,
    address: `${name}:7441`,
    ...change,
  };
}

/** A node as a member, with a new key. */
export function testMembership(hello: Hello): GossipOptions['membership'] {
  const key = generateSigningKey('ed25519');
  const { nodeId, region, realm, address, bootId, protocolVersion } = hello;
  const publicKey = key.publicKey.spki;
  return {
    self: { nodeId, region, realm, address, bootId, protocolVersion, publicKey },
    sign: (message) => key.sign(message),
    nowMs: 0,
  };
}

/**
 * Members with keys and machines for unit tests of membership.
 *
 * @module
 */
import type { SigningKey } from '../../../src/core/crypto.ts';
import { parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import type { MembershipEffect } from '../../../src/core/membership/events.ts';
import type { MembershipFrame } from '../../../src/core/membership/frames.ts';
import { MembershipMachine, type MembershipOptions } from '../../../src/core/membership/machine.ts';
import {
  type MemberRecord,
  type SignedMember,
  signMember,
} from '../../../src/core/membership/record.ts';
import type { PeerIdentity } from '../../../src/core/peer.ts';
import { ed25519Key, REALM } from '../support.ts';

/** Node `n<number>` in region `iad`; its key is number `key`, by default the same number. */
export function recordOf(
  number: number,
  change: Partial<MemberRecord> = {},
  key: SigningKey = ed25519Key(number),
): MemberRecord {
  return {
    nodeId: parseNodeId(`n${number}`),
    region: parseRegionName('iad'),
    realm: REALM,
    address: `n${number}.example.org:7441`,
    incarnation: 1,
    bootId: number.toString(16).padStart(32, '0'),
    protocolVersion: 1,
    status: 'alive',
    publicKey: key.publicKey.spki,
    ...change,
  };
}

/** The record of {@link recordOf}, signed. */
export function signedOf(
  number: number,
  change: Partial<MemberRecord> = {},
  key: SigningKey = ed25519Key(number),
): SignedMember {
  return signMember(recordOf(number, change, key), (message) => key.sign(message));
}

export function peerOf(number: number, region: string = 'iad'): PeerIdentity {
  return { nodeId: parseNodeId(`n${number}`), region: parseRegionName(region) };
}

/** The machine of node `n<number>`, alone. */
export function machineOf(
  number: number,
  options: Partial<MembershipOptions> = {},
): MembershipMachine {
  const key = ed25519Key(number);
  return new MembershipMachine({
    self: recordOf(number),
    sign: (message) => key.sign(message),
    random: () => 0.5,
    nowMs: 0,
    ...options,
  });
}

/** Frames that go out on a link. */
export function framesTo(
  linkId: string,
  effects: readonly MembershipEffect[],
): readonly MembershipFrame[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.linkId === linkId ? [effect.frame] : [],
  );
}

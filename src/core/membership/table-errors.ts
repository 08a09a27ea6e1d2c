/**
 * Why a table of members does not take a record.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { RealmName } from '../ids.ts';
import type { PeerIdentity } from '../peer.ts';
import type { MemberRecord } from './record.ts';

/** It is of another realm. */
export function otherRealm({ nodeId, realm }: MemberRecord, own: RealmName): KedgeError {
  return new KedgeError('REALM', `the record of ${nodeId} is of realm ${realm}, not of ${own}`);
}

/** A member claims another region than its certificate has. */
export function otherRegion({ nodeId, region }: MemberRecord, peer: PeerIdentity): KedgeError {
  return new KedgeError(
    'ACCESS',
    `${nodeId} calls itself a node of region ${region}, but its certificate is of ${peer.region}`,
  );
}

/** Somebody else brings it under another key. */
export function otherKey({ nodeId }: MemberRecord): KedgeError {
  return new KedgeError(
    'CONFLICT',
    `a relayed record gives ${nodeId} another key than the one known here; if the node has a new ` +
      'key on purpose, a direct link to it settles it',
    { detail: { nodeId } },
  );
}

/** The table is full of better ones. */
export function tableFull(max: number): KedgeError {
  return new KedgeError('LIMIT', `the table holds ${max} members already`, {
    detail: { max },
  });
}

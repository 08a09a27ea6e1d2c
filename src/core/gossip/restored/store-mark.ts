/**
 * The mark of a store: how often it was written to, said by a process of its node and signed with
 * the node's key. Peers keep marks and show them back; the node believes nothing but its own
 * signature, so nobody can talk it into anything.
 *
 * Counts only grow, each start counts too, and a mark says what is on disk. So in one history of a
 * store the marks of earlier processes count less than the present one began with. One that counts
 * more was signed by a process with another history: then there are two copies of the store, one
 * after the other or at the same time. Spec section 9.
 *
 * @module
 */
import { equalBytes } from '../../bytes.ts';
import { encodeCanonical, parseCanonical } from '../../canonical.ts';
import { importPublicKey, verifySignature } from '../../crypto.ts';
import { KedgeError } from '../../errors.ts';
import { type NodeId, parseNodeId, parseRealmName, type RealmName } from '../../ids.ts';
import { MARK_MAX_BYTES } from '../../limits.ts';
import type { CosignedHead } from '../../log/regions.ts';
import type { MemberSigner } from '../../membership/record.ts';
import { readObject } from '../../reader.ts';
import { pae } from '../../statements/envelope.ts';

/** What a process says of its store. */
export interface StoreMark {
  readonly realm: RealmName;
  readonly nodeId: NodeId;
  /** 32 hex digits, like the next two. */
  readonly storeId: string;
  /** The process. */
  readonly bootId: string;
  /** The process before it in this store; zeros for the first one. */
  readonly after: string;
  /** The count that its start made. */
  readonly begin: number;
  /** The count now, at least `begin`. */
  readonly count: number;
}

/** What this node once signed, and a peer showed, proves that there is a copy of its store. */
export type CopyNotice = {
  readonly kind: 'copy';
  /** Who showed it. */
  readonly by: NodeId;
} & (
  | {
      /** `older`: it is this store; `copied`: another process runs on a copy of it. */
      readonly what: 'older' | 'copied';
      /** What was signed, and what this process has. */
      readonly mark: StoreMark;
      readonly own: StoreMark;
    }
  | {
      /** The key of the region signed a line that this store does not have. */
      readonly what: 'cosigned';
      readonly line: CosignedHead;
      /** What the store has of that stream; absent: nothing. */
      readonly held: CosignedHead | undefined;
    }
);

/** A mark as it travels and is kept. */
export interface SignedMark {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** Whose mark it must be. */
export interface MarkWriter {
  readonly realm: RealmName;
  readonly nodeId: NodeId;
  /** The node's Ed25519 key, SPKI DER. */
  readonly publicKey: Uint8Array;
}

/** The key of a node. */
export interface MarkSigner {
  readonly sign: MemberSigner;
  /** SPKI DER. */
  readonly publicKey: Uint8Array;
}

/** The process before the first one of a store. */
export const NO_BOOT: string = '0'.repeat(32);

const PAYLOAD_TYPE = 'application/vnd.kedge.store-mark.v1+json';
const RANDOM_ID = /^[0-9a-f]{32}$/;
const COUNT = { min: 1, max: Number.MAX_SAFE_INTEGER };

// As for member records: one object is verified once, whoever reads it in this process, and what
// was signed here not at all.
const verified = new WeakMap<SignedMark, { publicKey: Uint8Array; mark: StoreMark }>();

/** Signs a mark. */
export function signMark(mark: StoreMark, { sign, publicKey }: MarkSigner): SignedMark {
  const { after, begin, bootId, count, nodeId, realm, storeId } = mark;
  const payload = encodeCanonical({ after, begin, bootId, count, nodeId, realm, storeId });
  const signed = { payload, signature: sign(pae(PAYLOAD_TYPE, payload)) };
  verified.set(signed, { publicKey, mark });
  return signed;
}

/**
 * Verifies and reads a mark. Errors: `KEY` (not signed by that node), `ACCESS` (of another node),
 * `REALM`, `PARSE`, `LIMIT`. Rules SM-1 to SM-4.
 */
export function verifyMark(signed: SignedMark, writer: MarkWriter): StoreMark {
  const known = verified.get(signed);
  const isVerified = known !== undefined && equalBytes(known.publicKey, writer.publicKey);
  const mark = isVerified ? known.mark : parseMark(signed.payload);
  const { nodeId, realm } = mark;
  if (realm !== writer.realm) throw new KedgeError('REALM', `a mark of realm ${realm}`);
  if (nodeId !== writer.nodeId) {
    throw new KedgeError('ACCESS', `a mark of ${nodeId}, not of ${writer.nodeId}`);
  }
  if (isVerified) return mark;
  const key = importPublicKey({ alg: 'ed25519', spki: writer.publicKey });
  if (!verifySignature(key, pae(PAYLOAD_TYPE, signed.payload), signed.signature)) {
    throw new KedgeError('KEY', `the mark of ${nodeId} is not signed by its key`);
  }
  verified.set(signed, { publicKey: writer.publicKey, mark });
  return mark;
}

/**
 * What another mark of the same node says about the store of a process; `own` has its present
 * count.
 *
 * `older`: another process wrote what this store does not have, so this one is an old copy.
 * `copied`: another process runs on an old copy of this store.
 */
export function judgeMark(own: StoreMark, other: StoreMark): 'nothing' | 'older' | 'copied' {
  if (other.nodeId !== own.nodeId || other.storeId !== own.storeId) return 'nothing';
  // The memory of a process may go back with its disk, as in a snapshot of a running machine.
  if (other.bootId === own.bootId) return other.count > own.count ? 'older' : 'nothing';
  if (other.count < own.begin) return 'nothing';
  return other.after === own.bootId && other.begin <= own.count ? 'copied' : 'older';
}

/** Reads a mark; the signature is not looked at. Errors: `PARSE`, `LIMIT`. Rules SM-1, SM-2. */
export function parseMark(payload: Uint8Array): StoreMark {
  const value = parseCanonical(payload, { maxBytes: MARK_MAX_BYTES, what: 'mark of a store' });
  const reader = readObject(value, 'mark', {
    required: ['after', 'begin', 'bootId', 'count', 'nodeId', 'realm', 'storeId'],
  });
  const mark = {
    realm: reader.parsed('realm', parseRealmName),
    nodeId: reader.parsed('nodeId', parseNodeId),
    storeId: reader.parsed('storeId', parseRandomId),
    bootId: reader.parsed('bootId', parseRandomId),
    after: reader.parsed('after', parseRandomId),
    begin: reader.integer('begin', COUNT),
    count: reader.integer('count', COUNT),
  };
  if (mark.count >= mark.begin) return mark;
  throw new KedgeError('PARSE', 'a mark counts less than its process began with');
}

function parseRandomId(text: string): string {
  if (RANDOM_ID.test(text)) return text;
  throw new KedgeError('PARSE', 'not an id of 32 hex digits');
}

/**
 * The member record: what a node says about itself, signed with its own long-lived key.
 *
 * Whoever relays a record cannot change it. The key stands in the record, so a signature proves
 * only that the owner of that key wrote it; which key a node id has is decided by the table
 * (`table.ts`). The payload travels and is kept as it was signed. Spec section 9.
 *
 * @module
 */
import { encodeBase64, equalBytes } from '../bytes.ts';
import { encodeCanonical, parseCanonical } from '../canonical.ts';
import { importPublicKey, type PublicKey, verifySignature } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import {
  type NodeId,
  parseNodeId,
  parseRealmName,
  parseRegionName,
  type RealmName,
  type RegionName,
} from '../ids.ts';
import { MEMBER_MAX_BYTES } from '../limits.ts';
import { readObject } from '../reader.ts';
import { pae } from '../statements/envelope.ts';
import { type Software, withSoftware } from './software.ts';

/** What a node may say about itself; that it failed is for others to say. */
export type MemberStatus = 'alive' | 'left';

/** A member's own words. */
export interface MemberRecord {
  readonly nodeId: NodeId;
  readonly region: RegionName;
  readonly realm: RealmName;
  /** `host:port` at which peers dial the node. */
  readonly address: string;
  /** From 0 to 2^53 - 1; a higher one replaces a lower one. */
  readonly incarnation: number;
  /** 32 hex digits, random per process start. */
  readonly bootId: string;
  readonly protocolVersion: number;
  readonly status: MemberStatus;
  /** The node's Ed25519 key, SPKI DER. */
  readonly publicKey: Uint8Array;
}

/** A record as it travels. */
export interface SignedMember {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** What the node runs, where that is told; not signed. */
  readonly software?: Software;
}

/** Signs the bytes that {@link signMember} gives it with the node's key. */
export type MemberSigner = (message: Uint8Array) => Uint8Array;

/** The payload type that a signature over a record covers; nothing else that is signed has it. */
export const MEMBER_PAYLOAD_TYPE: string = 'application/vnd.kedge.member.v1+json';

const ADDRESS = /^(?:\[[0-9a-f:.]{2,45}\]|[A-Za-z0-9][A-Za-z0-9._-]{0,252}):([1-9][0-9]{0,4})$/;
const BOOT_ID = /^[0-9a-f]{32}$/;
const PORT_MAX = 65_535;
const PUBLIC_KEY_MAX_BYTES = 64;
const INTEGER = { min: 0, max: Number.MAX_SAFE_INTEGER };

// A record object is parsed and verified once, however many tables in one process take it in. The
// key of the map is the object, so a changed copy is looked at again.
const verified = new WeakMap<SignedMember, MemberRecord>();

/**
 * Signs a record, beside which `software` goes. Errors: `LIMIT`, `PARSE` (a field that no reader
 * would take), `KEY`.
 */
export function signMember(
  record: MemberRecord,
  sign: MemberSigner,
  software?: Software,
): SignedMember {
  const payload = encodeCanonical({
    address: record.address,
    bootId: record.bootId,
    incarnation: record.incarnation,
    nodeId: record.nodeId,
    protocolVersion: record.protocolVersion,
    publicKey: encodeBase64(record.publicKey),
    realm: record.realm,
    region: record.region,
    status: record.status,
  });
  const signature = sign(pae(MEMBER_PAYLOAD_TYPE, payload));
  const signed = withSoftware({ payload, signature }, software);
  verifyMember(signed);
  return signed;
}

/**
 * Parses a record; the signature is not looked at.
 *
 * Errors: `LIMIT` (size), `PARSE`. Rules MB-1 and MB-2.
 */
export function parseMember(payload: Uint8Array): MemberRecord {
  const value = parseCanonical(payload, { maxBytes: MEMBER_MAX_BYTES, what: 'member record' });
  const reader = readObject(value, 'member', {
    required: [
      'address',
      'bootId',
      'incarnation',
      'nodeId',
      'protocolVersion',
      'publicKey',
      'realm',
      'region',
      'status',
    ],
  });
  return {
    nodeId: reader.parsed('nodeId', parseNodeId),
    region: reader.parsed('region', parseRegionName),
    realm: reader.parsed('realm', parseRealmName),
    address: reader.parsed('address', parseAddress),
    incarnation: reader.integer('incarnation', INTEGER),
    bootId: reader.parsed('bootId', parseBootId),
    protocolVersion: reader.integer('protocolVersion', INTEGER),
    status: reader.oneOf('status', ['alive', 'left']),
    publicKey: reader.bytes('publicKey', { maxBytes: PUBLIC_KEY_MAX_BYTES }),
  };
}

/**
 * Parses a record and verifies its signature with the key that stands in it.
 *
 * Errors: those of {@link parseMember}, `KEY` (not an Ed25519 key, weak, or the signature does not
 * verify). Rules MB-1 to MB-4.
 */
export function verifyMember(signed: SignedMember): MemberRecord {
  const known = verified.get(signed);
  if (known !== undefined) return known;
  const record = parseMember(signed.payload);
  const key: PublicKey = importPublicKey({ alg: 'ed25519', spki: record.publicKey });
  const message = pae(MEMBER_PAYLOAD_TYPE, signed.payload);
  if (!verifySignature(key, message, signed.signature)) {
    throw new KedgeError('KEY', `the member record of ${record.nodeId} is not signed by its key`, {
      detail: { nodeId: record.nodeId, keyId: key.keyId },
    });
  }
  verified.set(signed, record);
  return record;
}

/** What a record says, whoever wrote it. Errors: those of {@link parseMember}. */
export function peekMember(signed: SignedMember): MemberRecord {
  return verified.get(signed) ?? parseMember(signed.payload);
}

/** Says whether two records have the same payload. */
export function equalMembers(a: SignedMember, b: SignedMember): boolean {
  return a === b || equalBytes(a.payload, b.payload);
}

function parseAddress(text: string): string {
  const port = ADDRESS.exec(text)?.[1];
  if (port !== undefined && Number(port) <= PORT_MAX) return text;
  throw new KedgeError('PARSE', `not an address like host:7441: ${JSON.stringify(text)}`);
}

function parseBootId(text: string): string {
  if (BOOT_ID.test(text)) return text;
  throw new KedgeError('PARSE', 'not a boot id of 32 hex digits');
}

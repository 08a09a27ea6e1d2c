/**
 * The row of a node: what it says about its clients, signed with its member key.
 *
 * There is one writer, so merging is trivial: of two rows of one process the one with the higher
 * version holds. Whoever relays a row cannot change it. It carries counts, never who the clients
 * are; of labels only those that the node groups by. docs/adoption.md.
 *
 * @module
 */
import { type CanonicalObject, encodeCanonical, parseCanonical } from '../canonical.ts';
import { importPublicKey, verifySignature } from '../crypto.ts';
import { type ErrorCode, isErrorCode, KedgeError } from '../errors.ts';
import {
  type BundleName,
  type NodeId,
  parseBundleName,
  parseNodeId,
  parseRealmName,
  parseSequence,
  parseSha256,
  type RealmName,
} from '../ids.ts';
import { ADOPTION_ROW_MAX_BYTES, ANCHORS_MAX, LABEL_MAX_CHARS } from '../limits.ts';
import type { MemberSigner } from '../membership/record.ts';
import { type ObjectReader, readObject, readString } from '../reader.ts';
import { pae } from '../statements/envelope.ts';
import type { AdoptionGroup, AnchorAdoption, ClientCounts } from './model.ts';
import {
  ROLLOUT_ROW_KEYS,
  type RolloutRow,
  readRolloutRow,
  writeRolloutRow,
} from './rollout-row.ts';

/** Clients of one node that are in the same place. */
export type RowGroup = Omit<AdoptionGroup, 'region'>;

/** What a row says of one bundle. */
export interface BundleRow {
  readonly bundle: BundleName;
  readonly counts: ClientCounts;
  readonly groups: readonly RowGroup[];
  readonly anchors: readonly AnchorAdoption[];
  /** `partial`: the node knows more than it says, or had to forget something early. */
  readonly knowledge: 'whole' | 'partial';
  /** Present while a release comes in waves. */
  readonly rollout?: RolloutRow;
}

/** What a node says about its clients. */
export interface AdoptionRow {
  readonly nodeId: NodeId;
  readonly realm: RealmName;
  /** 32 hex digits, of the process that counts. */
  readonly bootId: string;
  /** Grows with each row of a process. */
  readonly version: number;
  /** Since when the process counts, and when it wrote this; its clock. */
  readonly sinceMs: number;
  readonly issuedAtMs: number;
  readonly bundles: readonly BundleRow[];
  /** `partial`: there are bundles of which nothing is said. */
  readonly knowledge: 'whole' | 'partial';
}

/** Which row it is. */
export interface RowVersion {
  readonly nodeId: NodeId;
  readonly bootId: string;
  readonly version: number;
}

/** A row as it travels; what it says beside the payload is checked against it. */
export interface SignedRow extends RowVersion {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

/** Whose row it must be. */
export interface RowWriter {
  readonly realm: RealmName;
  /** The member's Ed25519 key, SPKI DER. */
  readonly publicKey: Uint8Array;
}

/** Bundles in one row, and groups of one bundle. */
export const ROW_BUNDLES_MAX: number = 1000;
export const ROW_GROUPS_MAX: number = 512;
/** Groups of various clients among them: one by stage and presence. */
export const MERGED_GROUPS_MAX: number = 8;
/** Their labels. */
export const OTHER_LABELS: ReadonlyMap<string, string> = new Map([['(other)', '(other)']]);

const PAYLOAD_TYPE = 'application/vnd.kedge.adoption.v1+json';
const BOOT_ID = /^[0-9a-f]{32}$/;
const SHORT_DIGEST = /^(?:[0-9a-f]{16})?$/;
const INTEGER = { min: 0, max: Number.MAX_SAFE_INTEGER };
/** More clients than any node has; all groups of all members together are still a safe integer. */
const COUNT = { min: 0, max: 1_000_000_000 };
/** The last moment that can be written as a date with four digits of a year. */
const TIME = { min: 0, max: Date.UTC(10_000, 0) - 1 };
const STAGES = ['waiting', 'delivered', 'loaded', 'refused'] as const;
const GROUP_LABELS_MAX = 4;
/** As clients may call labels, or of various clients. */
const LABEL_KEY = /^(?:[A-Za-z0-9][A-Za-z0-9._/-]*|\(other\))$/;

/** Signs a row. Errors: `LIMIT` (too large), `PARSE`. */
export function signRow(row: AdoptionRow, sign: MemberSigner): SignedRow {
  const payload = encodeRow(row);
  if (payload.length > ADOPTION_ROW_MAX_BYTES) throw tooLarge(payload.length);
  const { nodeId, bootId, version } = row;
  return { nodeId, bootId, version, payload, signature: sign(pae(PAYLOAD_TYPE, payload)) };
}

/**
 * Verifies and reads a row. Errors: `KEY` (not signed by that member), `REALM`, `PARSE`, `LIMIT`.
 */
export function verifyRow(signed: SignedRow, writer: RowWriter): AdoptionRow {
  const { payload, signature, nodeId } = signed;
  if (payload.length > ADOPTION_ROW_MAX_BYTES) throw tooLarge(payload.length);
  const key = importPublicKey({ alg: 'ed25519', spki: writer.publicKey });
  if (!verifySignature(key, pae(PAYLOAD_TYPE, payload), signature)) {
    throw new KedgeError('KEY', `the adoption row of ${nodeId} is not signed by its member key`);
  }
  const row = parseRow(payload);
  if (row.realm !== writer.realm) throw new KedgeError('REALM', 'an adoption row of another realm');
  const { bootId, version } = row;
  if (row.nodeId === nodeId && bootId === signed.bootId && version === signed.version) return row;
  throw new KedgeError('PARSE', `an adoption row is not what it says to be: of ${nodeId}`);
}

/** The bytes of a row. */
function encodeRow(row: AdoptionRow): Uint8Array {
  return encodeCanonical({
    bootId: row.bootId,
    bundles: row.bundles.map(writeBundle),
    issuedAt: row.issuedAtMs,
    nodeId: row.nodeId,
    partial: row.knowledge === 'partial',
    realm: row.realm,
    since: row.sinceMs,
    version: row.version,
  });
}

/** Says whether a row is a later one of the same process. */
export function isLater(a: RowVersion, b: RowVersion): boolean {
  return a.bootId === b.bootId && a.version > b.version;
}

function parseRow(payload: Uint8Array): AdoptionRow {
  const what = 'adoption row';
  const value = parseCanonical(payload, { maxBytes: ADOPTION_ROW_MAX_BYTES, what });
  const reader = readObject(value, 'row', {
    required: ['bootId', 'bundles', 'issuedAt', 'nodeId', 'partial', 'realm', 'since', 'version'],
  });
  return {
    nodeId: reader.parsed('nodeId', parseNodeId),
    realm: reader.parsed('realm', parseRealmName),
    bootId: reader.parsed('bootId', parseBootId),
    version: reader.integer('version', INTEGER),
    sinceMs: reader.integer('since', TIME),
    issuedAtMs: reader.integer('issuedAt', TIME),
    bundles: reader.list('bundles', { max: ROW_BUNDLES_MAX }, (item, path) =>
      readBundle(readObject(item, path, BUNDLE_KEYS)),
    ),
    knowledge: reader.boolean('partial') ? 'partial' : 'whole',
  };
}

const BUNDLE_KEYS = {
  required: ['anchors', 'bundle', 'counts', 'groups', 'partial'],
  optional: ['rollout'],
} as const;
type BundleKey = (typeof BUNDLE_KEYS)['required'][number] | 'rollout';

function readBundle(reader: ObjectReader<BundleKey>): BundleRow {
  const counts = reader.object('counts', {
    required: ['connected', 'departed', 'silent', 'untracked'],
  });
  return {
    bundle: reader.parsed('bundle', parseBundleName),
    counts: {
      connected: counts.integer('connected', COUNT),
      departed: counts.integer('departed', COUNT),
      silent: counts.integer('silent', COUNT),
      untracked: counts.integer('untracked', COUNT),
    },
    groups: reader.list('groups', { max: ROW_GROUPS_MAX }, (item, path) =>
      readGroup(readObject(item, path, GROUP_KEYS)),
    ),
    anchors: reader.list('anchors', { max: ANCHORS_MAX }, (item, path) =>
      readAnchor(readObject(item, path, { required: ['clients', 'handshakes', 'id', 'lastUsed'] })),
    ),
    knowledge: reader.boolean('partial') ? 'partial' : 'whole',
    ...(reader.has('rollout') && {
      rollout: readRolloutRow(reader.object('rollout', ROLLOUT_ROW_KEYS), COUNT),
    }),
  };
}

const GROUP_KEYS = {
  required: ['count', 'departed', 'digest', 'labels', 'sequence', 'stage'],
  optional: ['behindSince', 'code', 'otherSequence'],
} as const;
type GroupKey = (typeof GROUP_KEYS)['required'][number] | (typeof GROUP_KEYS)['optional'][number];

function readGroup(reader: ObjectReader<GroupKey>): RowGroup {
  return {
    stage: reader.oneOf('stage', STAGES),
    sequence: reader.integer('sequence', INTEGER),
    digest: reader.parsed('digest', parseShortDigest),
    labels: readLabels(reader),
    presence: reader.boolean('departed') ? 'departed' : 'connected',
    count: reader.integer('count', COUNT),
    ...(reader.has('behindSince') && { behindSinceMs: reader.integer('behindSince', TIME) }),
    ...(reader.has('code') && { code: reader.parsed('code', asCode) }),
    ...(reader.has('otherSequence') && {
      otherSequence: parseSequence(reader.integer('otherSequence', INTEGER)),
    }),
  };
}

function readLabels(reader: ObjectReader<GroupKey>): ReadonlyMap<string, string> {
  const pairs = reader.list('labels', { max: GROUP_LABELS_MAX }, (item, path) => {
    const pair = readObject(item, path, { required: ['key', 'value'] });
    const [key, value] = [pair.string('key'), readString(pair.value('value'), path)];
    if (!LABEL_KEY.test(key)) throw new KedgeError('PARSE', `${path} has no key of a label`);
    if (key.length <= LABEL_MAX_CHARS && value.length <= LABEL_MAX_CHARS) return [key, value];
    throw new KedgeError('LIMIT', `${path} is longer than ${String(LABEL_MAX_CHARS)} characters`);
  });
  return new Map(pairs.map(([key = '', value = '']) => [key, value]));
}

function readAnchor(
  reader: ObjectReader<'clients' | 'handshakes' | 'id' | 'lastUsed'>,
): AnchorAdoption {
  return {
    anchor: reader.parsed('id', parseSha256),
    clients: reader.integer('clients', COUNT),
    handshakes: reader.integer('handshakes', INTEGER),
    lastUsedMs: reader.integer('lastUsed', TIME),
  };
}

function writeBundle(row: BundleRow): CanonicalObject {
  const { bundle, counts, groups, anchors, knowledge, rollout } = row;
  return {
    anchors: anchors.map(({ anchor, clients, handshakes, lastUsedMs }) => ({
      clients,
      handshakes,
      id: anchor,
      lastUsed: lastUsedMs,
    })),
    bundle,
    counts: { ...counts },
    groups: groups.map(writeGroup),
    partial: knowledge === 'partial',
    ...(rollout !== undefined && { rollout: writeRolloutRow(rollout) }),
  };
}

function writeGroup(group: RowGroup): CanonicalObject {
  const { behindSinceMs, code, otherSequence } = group;
  return {
    count: group.count,
    departed: group.presence === 'departed',
    digest: group.digest,
    labels: Array.from(group.labels, ([key, value]) => ({ key, value })),
    sequence: group.sequence,
    stage: group.stage,
    ...(behindSinceMs !== undefined && { behindSince: behindSinceMs }),
    ...(code !== undefined && { code }),
    ...(otherSequence !== undefined && { otherSequence }),
  };
}

/** A code that only newer versions know is `BUG`. */
function asCode(text: string): ErrorCode {
  return isErrorCode(text) ? text : 'BUG';
}

function parseBootId(text: string): string {
  if (BOOT_ID.test(text)) return text;
  throw new KedgeError('PARSE', 'not a boot id of 32 hex digits');
}

function parseShortDigest(text: string): string {
  if (SHORT_DIGEST.test(text)) return text;
  throw new KedgeError('PARSE', 'not the beginning of a digest, 16 hex digits');
}

function tooLarge(size: number): KedgeError {
  const max = ADOPTION_ROW_MAX_BYTES;
  return new KedgeError('LIMIT', `an adoption row has ${size} bytes; at most ${max} are allowed`);
}

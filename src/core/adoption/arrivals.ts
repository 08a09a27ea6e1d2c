/**
 * A notice that clients came from another node, for that node: signed by the one where they are.
 *
 * It names them by a hash of identity and instance, so that nobody on the way learns who they are.
 *
 * @module
 */
import { encodeCanonical, parseCanonical } from '../canonical.ts';
import { importPublicKey, verifySignature } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { type NodeId, parseNodeId, parseRealmName, type RealmName } from '../ids.ts';
import { ADOPTION_ROW_MAX_BYTES, ARRIVALS_MAX } from '../limits.ts';
import type { MemberSigner } from '../membership/record.ts';
import { readObject } from '../reader.ts';
import { pae } from '../statements/envelope.ts';
import type { Arrival } from './board.ts';
import type { RowWriter } from './row.ts';

/** Who came from where to where. */
export interface ArrivalNotice {
  /** Where they are now. */
  readonly nodeId: NodeId;
  /** Where they were. */
  readonly to: NodeId;
  readonly realm: RealmName;
  /** Of the process where they are now. */
  readonly bootId: string;
  /** At most `ARRIVALS_MAX`. */
  readonly clients: readonly Arrival[];
}

/** A notice as it travels. */
export interface SignedArrivals {
  readonly nodeId: NodeId;
  readonly to: NodeId;
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

const PAYLOAD_TYPE = 'application/vnd.kedge.arrivals.v1+json';
const KEY = /^[0-9a-f]{32}$/;
const INTEGER = { min: 0, max: Number.MAX_SAFE_INTEGER };

/** Signs a notice. Errors: `PARSE`. */
export function signArrivals(notice: ArrivalNotice, sign: MemberSigner): SignedArrivals {
  const { nodeId, to, realm, bootId, clients } = notice;
  const keys = clients.map(({ key, streams }) => ({ key, streams }));
  const payload = encodeCanonical({ bootId, clients: keys, nodeId, realm, to });
  return { nodeId, to, payload, signature: sign(pae(PAYLOAD_TYPE, payload)) };
}

/** Verifies and reads a notice. Errors: `KEY`, `REALM`, `PARSE`, `LIMIT`. */
export function verifyArrivals(signed: SignedArrivals, writer: RowWriter): ArrivalNotice {
  const key = importPublicKey({ alg: 'ed25519', spki: writer.publicKey });
  const { payload, signature } = signed;
  if (!verifySignature(key, pae(PAYLOAD_TYPE, payload), signature)) {
    throw new KedgeError('KEY', `arrivals at ${signed.nodeId} are not signed by its member key`);
  }
  const what = 'arrivals';
  const value = parseCanonical(payload, { maxBytes: ADOPTION_ROW_MAX_BYTES, what });
  const reader = readObject(value, what, {
    required: ['bootId', 'clients', 'nodeId', 'realm', 'to'],
  });
  const notice: ArrivalNotice = {
    nodeId: reader.parsed('nodeId', parseNodeId),
    to: reader.parsed('to', parseNodeId),
    realm: reader.parsed('realm', parseRealmName),
    bootId: reader.string('bootId'),
    clients: reader.list('clients', { max: ARRIVALS_MAX }, (item, path) => {
      const client = readObject(item, path, { required: ['key', 'streams'] });
      return {
        key: client.parsed('key', parseKey),
        streams: client.integer('streams', INTEGER),
      };
    }),
  };
  if (notice.realm !== writer.realm) throw new KedgeError('REALM', 'arrivals of another realm');
  if (notice.nodeId === signed.nodeId && notice.to === signed.to) return notice;
  throw new KedgeError('PARSE', `arrivals are not what they say to be: at ${signed.nodeId}`);
}

function parseKey(text: string): string {
  if (KEY.test(text)) return text;
  throw new KedgeError('PARSE', 'not the key of a client, 32 hex digits');
}

/**
 * What nodes say about clients: messages ⇄ the frames of `core/adoption/frames.ts`. The payloads
 * stay as they were signed. Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import type { AdoptionFrame } from '../core/adoption/frames.ts';
import type { RowVersion, SignedRow } from '../core/adoption/row.ts';
import { encodeHex } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { ARRIVAL_HOPS_MAX } from '../core/gossip/adoption.ts';
import { parseNodeId } from '../core/ids.ts';
import {
  ADOPTION_ROW_MAX_BYTES,
  ADOPTION_ROWS_PER_FRAME_MAX,
  MEMBERS_MAX,
  SIGNATURE_MAX_BYTES,
} from '../core/limits.ts';
import {
  decodeBytes,
  decodeRandomId,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireMessage,
} from './fields.ts';
import type { AdoptionRowOutput } from './gen/kedge/v1/AdoptionRow.ts';
import type {
  AdoptionVersionInput,
  AdoptionVersionOutput,
} from './gen/kedge/v1/AdoptionVersion.ts';
import type { ArrivalsOutput } from './gen/kedge/v1/Arrivals.ts';
import type { FrameInput, FrameOutput } from './gen/kedge/v1/Frame.ts';

/** The members of a frame's oneof that are about adoption. */
type AdoptionMember = 'adoptionRows' | 'adoptionDigest' | 'adoptionVector' | 'arrivals';

const ROOT = { min: 8, max: 8 };
const PAYLOAD = { min: 1, max: ADOPTION_ROW_MAX_BYTES };
const SIGNATURE = { min: 1, max: SIGNATURE_MAX_BYTES };

/** Reads the frame about adoption that a message holds. */
export function decodeAdoptionFrame(frame: FrameOutput, member: AdoptionMember): AdoptionFrame {
  switch (member) {
    case 'adoptionRows': {
      const { rows, asked } = requireMessage(frame.adoptionRows, 'adoption rows');
      const bounded = requireCount(rows, ADOPTION_ROWS_PER_FRAME_MAX, 'adoption rows');
      return {
        kind: 'adoption-rows',
        rows: bounded.map(decodeRow),
        cause: asked ? 'asked' : 'news',
      };
    }
    case 'adoptionDigest': {
      const { root } = requireMessage(frame.adoptionDigest, 'adoption digest');
      return { kind: 'adoption-digest', root: encodeHex(decodeBytes(root, ROOT, 'adoption root')) };
    }
    case 'adoptionVector': {
      const { versions, answer } = requireMessage(frame.adoptionVector, 'adoption vector');
      const bounded = requireCount(versions, MEMBERS_MAX, 'versions of rows');
      const turn = answer ? 'answer' : 'last';
      return { kind: 'adoption-vector', versions: bounded.map(decodeVersion), turn };
    }
    case 'arrivals':
      return decodeArrivals(requireMessage(frame.arrivals, 'arrivals'));
  }
}

/** The message of a frame about adoption. */
export function adoptionMessage(frame: AdoptionFrame): FrameInput {
  switch (frame.kind) {
    case 'adoption-rows': {
      const rows = frame.rows.map(({ payload, signature, ...version }) => ({
        ...versionMessage(version),
        payload,
        signature,
      }));
      return { adoptionRows: { rows, asked: frame.cause === 'asked' } };
    }
    case 'adoption-digest':
      return { adoptionDigest: { root: encodeHexBytes(frame.root) } };
    case 'adoption-vector': {
      const versions = frame.versions.map(versionMessage);
      return { adoptionVector: { versions, answer: frame.turn === 'answer' } };
    }
    case 'arrivals':
      return { arrivals: { ...frame.arrivals, hops: frame.hops } };
  }
}

function decodeRow(row: AdoptionRowOutput): SignedRow {
  return {
    ...decodeVersion(row),
    payload: decodeBytes(row.payload, PAYLOAD, 'adoption row'),
    signature: decodeBytes(row.signature, SIGNATURE, 'signature of a row'),
  };
}

function decodeVersion({ nodeId, bootId, version }: AdoptionVersionOutput): RowVersion {
  return {
    nodeId: parseNodeId(nodeId),
    bootId: decodeRandomId(bootId, 'boot id'),
    version: decodeUint(version, 'version of a row'),
  };
}

function versionMessage({ nodeId, bootId, version }: RowVersion): AdoptionVersionInput {
  return { nodeId, bootId: encodeHexBytes(bootId), version: String(version) };
}

function decodeArrivals({ nodeId, to, payload, signature, hops }: ArrivalsOutput): AdoptionFrame {
  if (hops > ARRIVAL_HOPS_MAX) throw new KedgeError('LIMIT', 'arrivals go too many ways');
  return {
    kind: 'arrivals',
    arrivals: {
      nodeId: parseNodeId(nodeId),
      to: parseNodeId(to),
      payload: decodeBytes(payload, PAYLOAD, 'arrivals'),
      signature: decodeBytes(signature, SIGNATURE, 'signature of arrivals'),
    },
    hops,
  };
}

/**
 * What regions attest: messages ⇄ the frames of `core/gossip/attestations.ts`.
 *
 * A cosigned checkpoint travels as the signed note that any C2SP tool reads. Errors: `PARSE`,
 * `LIMIT`.
 *
 * @module
 */
import { COSIGNED_ASK_MAX } from '../core/gossip/attestations.ts';
import type { AttestationFrame } from '../core/gossip/frames.ts';
import { parseRealmName, parseRegionName, parseStreamName } from '../core/ids.ts';
import {
  LINES_PER_FRAME_MAX,
  NOTE_MAX_BYTES,
  PROOF_HASHES_MAX,
  REGIONS_MAX,
  SIGNATURE_MAX_BYTES,
  WATCH_BUNDLES_MAX,
} from '../core/limits.ts';
import type { AttestedRows, CosignedLeaf } from '../core/log/attested.ts';
import { parseCheckpoint } from '../core/log/checkpoint.ts';
import type { HeadProof } from '../core/log/heads.ts';
import type { Heartbeat } from '../core/log/heartbeat.ts';
import { LINE_RANGES_MAX, type LineRange } from '../core/log/line-ranges.ts';
import { parseNote } from '../core/log/note.ts';
import type { ProofHashes } from '../core/log/proof.ts';
import { type CosignedHead, parseCosignedHead, sealCheckpoint } from '../core/log/regions.ts';
import type { SplitPair } from '../core/log/split.ts';
import { TREE_HASH_BYTES } from '../core/log/tree.ts';
import {
  decodeBytes,
  decodeSha256,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireMessage,
} from './fields.ts';
import type { AttestedRowOutput } from './gen/kedge/v1/AttestedRow.ts';
import type { AttestedRowsInput, AttestedRowsOutput } from './gen/kedge/v1/AttestedRows.ts';
import type { CosignedHeadInput, CosignedHeadOutput } from './gen/kedge/v1/CosignedHead.ts';
import type { FrameInput, FrameOutput } from './gen/kedge/v1/Frame.ts';
import type { HeartbeatInput, HeartbeatOutput } from './gen/kedge/v1/Heartbeat.ts';
import type { LineRangeOutput } from './gen/kedge/v1/LineRange.ts';
import type { LinesOutput } from './gen/kedge/v1/Lines.ts';
import type { LinesAskOutput } from './gen/kedge/v1/LinesAsk.ts';
import type { RegionSplitInput, RegionSplitOutput } from './gen/kedge/v1/RegionSplit.ts';

/** The charter's stream is a row too. */
const ROWS_MAX = WATCH_BUNDLES_MAX + 1;

/** The members of a frame's oneof that are attestations. */
type AttestationMember =
  | 'cosigned'
  | 'heartbeat'
  | 'regionSplit'
  | 'cosignedAsk'
  | 'linesAsk'
  | 'lines';

/** Reads the attestation that a message holds. */
export function decodeAttestation(frame: FrameOutput, member: AttestationMember): AttestationFrame {
  switch (member) {
    case 'cosigned': {
      const { note } = requireMessage(frame.cosigned, 'cosigned');
      return { kind: 'cosigned', head: decodeHead(note) };
    }
    case 'heartbeat':
      return { kind: 'heartbeat', heartbeat: decodeHeartbeat(frame.heartbeat) };
    case 'regionSplit':
      return { kind: 'region-split', split: decodeSplit(frame.regionSplit) };
    case 'cosignedAsk': {
      const ask = requireMessage(frame.cosignedAsk, 'cosigned ask');
      const streams = requireCount(ask.streams, COSIGNED_ASK_MAX, 'asked streams');
      const regions = requireCount(ask.regions, REGIONS_MAX, 'asked regions');
      return {
        kind: 'cosigned-ask',
        streams: streams.map(parseStreamName),
        regions: regions.map(parseRegionName),
      };
    }
    case 'linesAsk':
      return decodeLinesAsk(requireMessage(frame.linesAsk, 'lines ask'));
    case 'lines':
      return decodeLines(requireMessage(frame.lines, 'lines'));
  }
}

/** The message of an attestation. */
export function attestationMessage(frame: AttestationFrame): FrameInput {
  switch (frame.kind) {
    case 'cosigned':
      return { cosigned: { note: encodeHead(frame.head) } };
    case 'heartbeat':
      return { heartbeat: encodeHeartbeat(frame.heartbeat) };
    case 'region-split':
      return { regionSplit: encodeSplit(frame.split) };
    case 'cosigned-ask':
      return { cosignedAsk: { streams: [...frame.streams], regions: [...frame.regions] } };
    case 'lines-ask': {
      const { keyId, after = '', ranges } = frame;
      const asked = ranges.map(({ upTo = '', hash }) => ({ upTo, hash: encodeHexBytes(hash) }));
      return { linesAsk: { keyId: encodeHexBytes(keyId), after, ranges: asked } };
    }
    case 'lines': {
      const { after = '', upTo = '', heads } = frame;
      return { lines: { after, upTo, notes: heads.map(encodeHead) } };
    }
  }
}

function decodeLinesAsk({ keyId, after, ranges }: LinesAskOutput): AttestationFrame {
  const some = requireCount(ranges, LINE_RANGES_MAX, 'ranges of lines');
  return {
    kind: 'lines-ask',
    keyId: decodeSha256(keyId, 'key id of lines'),
    ...(after !== '' && { after: parseStreamName(after) }),
    ranges: some.map(decodeLineRange),
  };
}

function decodeLineRange({ upTo, hash }: LineRangeOutput): LineRange {
  return {
    ...(upTo !== '' && { upTo: parseStreamName(upTo) }),
    hash: decodeSha256(hash, 'hash of lines'),
  };
}

function decodeLines({ after, upTo, notes }: LinesOutput): AttestationFrame {
  return {
    kind: 'lines',
    ...(after !== '' && { after: parseStreamName(after) }),
    ...(upTo !== '' && { upTo: parseStreamName(upTo) }),
    heads: requireCount(notes, LINES_PER_FRAME_MAX, 'lines').map(decodeHead),
  };
}

/** Reads a proof against a region; the verifier says whose key it is. */
export function decodeSplit(message: RegionSplitOutput | null | undefined): SplitPair {
  const { first, second } = requireMessage(message, 'region split');
  return { first: decodeHead(first), second: decodeHead(second) };
}

/** The message of a proof against a region. */
export function encodeSplit({ first, second }: SplitPair): RegionSplitInput {
  return { first: encodeHead(first), second: encodeHead(second) };
}

/** Reads a cosigned head with the place of its last statement. */
export function decodeCosignedLeaf(
  message:
    | (Pick<CosignedHeadOutput, 'note' | 'proof'> & Partial<CosignedHeadOutput>)
    | null
    | undefined,
): CosignedLeaf {
  const { note, proof, sequence: decimal = '0' } = requireMessage(message, 'cosigned head');
  const { text, signatures } = parseNote(
    decodeBytes(note, { min: 1, max: NOTE_MAX_BYTES }, 'cosigned note'),
  );
  const leaf = { checkpoint: parseCheckpoint(text), lines: signatures, proof: decodeProof(proof) };
  const sequence = decodeUint(decimal, 'sequence of a cosigned statement');
  return sequence > 0 ? { ...leaf, sequence } : leaf;
}

/** The message of a cosigned head. */
export function encodeCosignedLeaf({
  checkpoint,
  lines,
  proof,
  sequence = 0,
}: CosignedLeaf): CosignedHeadInput {
  const note = sealCheckpoint(checkpoint, lines);
  return { note, proof: [...proof], sequence: String(sequence) };
}

/** Reads a heartbeat with its rows. */
export function decodeAttestedRows(message: AttestedRowsOutput | null | undefined): AttestedRows {
  const { heartbeat, rows } = requireMessage(message, 'attested rows');
  return {
    heartbeat: decodeHeartbeat(heartbeat),
    rows: requireCount(rows, ROWS_MAX, 'attested rows').map(decodeRow),
  };
}

/** The message of a heartbeat with its rows. */
export function encodeAttestedRows({ heartbeat, rows }: AttestedRows): AttestedRowsInput {
  return {
    heartbeat: encodeHeartbeat(heartbeat),
    rows: rows.map(({ row, index, hashes }) => ({
      stream: row.stream,
      sequence: String(row.sequence),
      digest: encodeHexBytes(row.digest),
      forked: row.forked,
      index: String(index),
      proof: [...hashes],
    })),
  };
}

function decodeRow(row: AttestedRowOutput): HeadProof {
  return {
    row: {
      stream: parseStreamName(row.stream),
      sequence: decodeUint(row.sequence, 'attested sequence'),
      digest: decodeSha256(row.digest, 'attested digest'),
      forked: row.forked,
    },
    index: decodeUint(row.index, 'attested index'),
    hashes: decodeProof(row.proof),
  };
}

function decodeProof(hashes: readonly Uint8Array[]): ProofHashes {
  const bounds = { min: TREE_HASH_BYTES, max: TREE_HASH_BYTES };
  const bounded = requireCount(hashes, PROOF_HASHES_MAX, 'proof');
  return bounded.map((hash) => decodeBytes(hash, bounds, 'hash of a proof'));
}

function decodeHeartbeat(given: HeartbeatOutput | null | undefined): Heartbeat {
  const message = requireMessage(given, 'heartbeat');
  const signed = decodeBytes(
    message.signature,
    { min: 1, max: SIGNATURE_MAX_BYTES },
    'heartbeat signature',
  );
  return {
    realm: parseRealmName(message.realm),
    region: parseRegionName(message.region),
    timeSeconds: decodeUint(message.timeSeconds, 'heartbeat time'),
    heads: {
      size: decodeUint(message.size, 'heartbeat size'),
      root: decodeSha256(message.root, 'heartbeat root'),
    },
    keyId: decodeSha256(message.keyId, 'heartbeat key id'),
    signature: signed,
  };
}

function encodeHeartbeat(heartbeat: Heartbeat): HeartbeatInput {
  const { realm, region, timeSeconds, heads, keyId, signature } = heartbeat;
  return {
    realm,
    region,
    timeSeconds: String(timeSeconds),
    size: String(heads.size),
    root: encodeHexBytes(heads.root),
    keyId: encodeHexBytes(keyId),
    signature,
  };
}

function decodeHead(note: Uint8Array): CosignedHead {
  return parseCosignedHead(decodeBytes(note, { min: 1, max: NOTE_MAX_BYTES }, 'cosigned note'));
}

function encodeHead({ checkpoint, line }: CosignedHead): Uint8Array {
  return sealCheckpoint(checkpoint, [line]);
}

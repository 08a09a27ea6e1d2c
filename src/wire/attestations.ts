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
import { NOTE_MAX_BYTES, SIGNATURE_MAX_BYTES } from '../core/limits.ts';
import { type CosignedHead, parseCosignedHead, sealCheckpoint } from '../core/log/regions.ts';
import {
  decodeBytes,
  decodeSha256,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireMessage,
} from './fields.ts';
import type { FrameInput, FrameOutput } from './gen/kedge/v1/Frame.ts';
import type { HeartbeatOutput } from './gen/kedge/v1/Heartbeat.ts';

/** The members of a frame's oneof that are attestations. */
type AttestationMember = 'cosigned' | 'heartbeat' | 'regionSplit' | 'cosignedAsk';

/** Reads the attestation that a message holds. */
export function decodeAttestation(frame: FrameOutput, member: AttestationMember): AttestationFrame {
  switch (member) {
    case 'cosigned': {
      const { note } = requireMessage(frame.cosigned, 'cosigned');
      return { kind: 'cosigned', head: decodeHead(note) };
    }
    case 'heartbeat':
      return decodeHeartbeat(requireMessage(frame.heartbeat, 'heartbeat'));
    case 'regionSplit': {
      const { first, second } = requireMessage(frame.regionSplit, 'region split');
      // The verifier says whose key it is.
      const heads = { first: decodeHead(first), second: decodeHead(second) };
      return { kind: 'region-split', split: heads };
    }
    case 'cosignedAsk': {
      const { streams } = requireMessage(frame.cosignedAsk, 'cosigned ask');
      const asked = requireCount(streams, COSIGNED_ASK_MAX, 'asked streams');
      return { kind: 'cosigned-ask', streams: asked.map(parseStreamName) };
    }
  }
}

/** The message of an attestation. */
export function attestationMessage(frame: AttestationFrame): FrameInput {
  switch (frame.kind) {
    case 'cosigned':
      return { cosigned: { note: encodeHead(frame.head) } };
    case 'heartbeat': {
      const { realm, region, timeSeconds, heads, keyId, signature } = frame.heartbeat;
      return {
        heartbeat: {
          realm,
          region,
          timeSeconds: String(timeSeconds),
          size: String(heads.size),
          root: encodeHexBytes(heads.root),
          keyId: encodeHexBytes(keyId),
          signature,
        },
      };
    }
    case 'region-split': {
      const { first, second } = frame.split;
      return { regionSplit: { first: encodeHead(first), second: encodeHead(second) } };
    }
    case 'cosigned-ask':
      return { cosignedAsk: { streams: [...frame.streams] } };
  }
}

function decodeHeartbeat(message: HeartbeatOutput): AttestationFrame {
  const signed = decodeBytes(
    message.signature,
    { min: 1, max: SIGNATURE_MAX_BYTES },
    'heartbeat signature',
  );
  const heartbeat = {
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
  return { kind: 'heartbeat', heartbeat };
}

function decodeHead(note: Uint8Array): CosignedHead {
  return parseCosignedHead(decodeBytes(note, { min: 1, max: NOTE_MAX_BYTES }, 'cosigned note'));
}

function encodeHead({ checkpoint, line }: CosignedHead): Uint8Array {
  return sealCheckpoint(checkpoint, [line]);
}

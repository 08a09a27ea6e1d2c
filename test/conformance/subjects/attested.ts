/**
 * What regions attest in a case, as the values that subjects take.
 */
import { parseBase64 } from '../../../src/core/bytes.ts';
import {
  parseRealmName,
  parseRegionName,
  parseSha256,
  parseStreamName,
} from '../../../src/core/ids.ts';
import type { AttestedRows, CosignedLeaf } from '../../../src/core/log/attested.ts';
import { parseCheckpoint } from '../../../src/core/log/checkpoint.ts';
import { parseNote } from '../../../src/core/log/note.ts';
import { parseCosignedHead } from '../../../src/core/log/regions.ts';
import type { SplitPair } from '../../../src/core/log/split.ts';
import type { CosignedStep, HeartbeatStep, JudgedStep, RegionStep, SplitStep } from '../format.ts';

export function isRegionStep(step: JudgedStep): step is RegionStep {
  return 'cosigned' in step || 'heartbeat' in step || 'split' in step;
}

export function decodeLeaf({ cosigned }: CosignedStep): CosignedLeaf {
  const { text, signatures } = parseNote(parseBase64(cosigned.note));
  const proof = cosigned.proof.map(parseBase64);
  return { checkpoint: parseCheckpoint(text), lines: signatures, proof };
}

export function decodeRows({ heartbeat, rows }: HeartbeatStep): AttestedRows {
  const { realm, region, timeSeconds, size, root, keyId, signature } = heartbeat;
  return {
    heartbeat: {
      realm: parseRealmName(realm),
      region: parseRegionName(region),
      timeSeconds,
      heads: { size, root: parseSha256(root) },
      keyId: parseSha256(keyId),
      signature: parseBase64(signature),
    },
    rows: rows.map(({ stream, sequence, digest, forked, index, proof }) => ({
      row: { stream: parseStreamName(stream), sequence, digest: parseSha256(digest), forked },
      index,
      hashes: proof.map(parseBase64),
    })),
  };
}

export function decodePair({ split }: SplitStep): SplitPair {
  const [first, second] = [split.first, split.second].map((note) =>
    parseCosignedHead(parseBase64(note)),
  );
  if (first === undefined || second === undefined) throw new Error('a split has two notes');
  return { first, second };
}

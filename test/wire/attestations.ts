/**
 * Random but well-formed values of what regions attest.
 *
 * @module
 */
import fc from 'fast-check';
import { encodeHex } from '../../src/core/bytes.ts';
import type { AttestationFrame } from '../../src/core/gossip/frames.ts';
import {
  parseRealmName,
  parseRegionName,
  parseSha256,
  parseStreamName,
  type Sha256,
} from '../../src/core/ids.ts';
import type { StreamAttestation } from '../../src/core/log/attested.ts';
import type { Checkpoint } from '../../src/core/log/checkpoint.ts';
import type { Heartbeat } from '../../src/core/log/heartbeat.ts';
import type { NoteSignature } from '../../src/core/log/note.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const digest: fc.Arbitrary<Sha256> = bytes(32).map((hash) => parseSha256(encodeHex(hash)));
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const domain = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,40}$/);
const realm = domain.map(parseRealmName);
const region = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/).map(parseRegionName);
const stream = domain.map((name) => parseStreamName(`release/${name}`));
const checkpoint: fc.Arbitrary<Checkpoint> = fc.record({
  realm,
  stream,
  size: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  root: digest,
});
const line: fc.Arbitrary<NoteSignature> = fc.record({
  name: fc.tuple(realm, region).map(([of, name]) => `${of}/region/${name}`),
  keyHash: bytes(4).map(encodeHex),
  signature: fc.uint8Array({ minLength: 1, maxLength: 72 }),
});
const head = fc.record({ checkpoint, line });
const split = fc.record({ first: head, second: head });
const heartbeat: fc.Arbitrary<Heartbeat> = fc.record({
  realm,
  region,
  timeSeconds: count,
  heads: fc.record({ size: count, root: digest }),
  keyId: digest,
  signature: bytes(64),
});
const proof = fc.array(bytes(32), { maxLength: 5 });
const row = fc.record({ stream, sequence: count, digest, forked: fc.boolean() });
const said = fc.record({
  heartbeat,
  rows: fc.array(fc.record({ row, index: count, hashes: proof }), { maxLength: 3 }),
});
const leaf = fc.record({
  checkpoint,
  lines: fc.array(line, { minLength: 1, maxLength: 3 }),
  proof,
});

/** Between nodes. */
export const attestationFrame: fc.Arbitrary<AttestationFrame> = fc.oneof(
  fc.record({ kind: fc.constant('cosigned' as const), head }),
  fc.record({ kind: fc.constant('heartbeat' as const), heartbeat }),
  fc.record({ kind: fc.constant('region-split' as const), split }),
  fc.record({
    kind: fc.constant('cosigned-ask' as const),
    streams: fc.array(stream, { maxLength: 3 }),
    regions: fc.array(region, { maxLength: 3 }),
  }),
  fc.record(
    {
      kind: fc.constant('lines-ask' as const),
      keyId: digest,
      after: stream,
      ranges: fc.array(fc.record({ upTo: stream, hash: digest }, { requiredKeys: ['hash'] }), {
        maxLength: 3,
      }),
    },
    { requiredKeys: ['kind', 'keyId', 'ranges'] },
  ),
  fc.record(
    {
      kind: fc.constant('lines' as const),
      after: stream,
      upTo: stream,
      heads: fc.array(head, { maxLength: 3 }),
    },
    { requiredKeys: ['kind', 'heads'] },
  ),
);
/** From a node to a client. */
export const attestationResponse: fc.Arbitrary<WatchResponse> = fc.oneof(
  fc.record({ kind: fc.constant('cosigned' as const), leaf }),
  fc.record({ kind: fc.constant('heartbeat' as const), said }),
  fc.record({ kind: fc.constant('region-split' as const), split }),
);
/** From a node to an admin. */
export const streamAttestation: fc.Arbitrary<StreamAttestation> = fc.record({
  leaf,
  heartbeats: fc.array(said, { maxLength: 3 }),
});

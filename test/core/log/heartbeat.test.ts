import { describe, expect, it } from 'vitest';
import { encodeHex, parseHex, parseUtf8 } from '../../../src/core/bytes.ts';
import { parseRealmName, parseRegionName, parseSha256 } from '../../../src/core/ids.ts';
import { STREAMS_MAX } from '../../../src/core/limits.ts';
import { cosignatureMessage } from '../../../src/core/log/cosignature.ts';
import {
  type HeartbeatFields,
  heartbeatMessage,
  sealHeartbeat,
  verifyHeartbeat,
} from '../../../src/core/log/heartbeat.ts';
import { ed25519Key, expectCode, REALM } from '../support.ts';
import {
  checkpointOf,
  FRA,
  heartbeat,
  IAD,
  leavesOf,
  policyOf,
  readVectors,
  regionKey,
  SIN,
  treeAt,
} from './fixtures.ts';

const vector = readVectors('heartbeat') as {
  rows: unknown[];
  root: string;
  region: string;
  timeSeconds: number;
  message: string;
  keyId: string;
  signature: string;
};
const policy = policyOf(2);
const good = heartbeat(IAD, 1234, treeAt(5));

function fieldsOf(changed: Partial<HeartbeatFields> = {}): HeartbeatFields {
  const { realm, region, timeSeconds, heads } = good;
  return { realm, region, timeSeconds, heads, ...changed };
}

describe('vector of a heartbeat', () => {
  it('gives its message and signature', () => {
    const key = ed25519Key(0x21);
    const fields = {
      realm: REALM,
      region: parseRegionName(vector.region),
      timeSeconds: vector.timeSeconds,
      heads: { size: vector.rows.length, root: parseSha256(vector.root) },
    };
    expect(parseUtf8(heartbeatMessage(fields))).toBe(vector.message);
    const signature = key.sign(heartbeatMessage(fields));
    expect(encodeHex(signature)).toBe(vector.signature);
    expect(sealHeartbeat(fields, key.publicKey, signature).keyId).toBe(vector.keyId);
  });
});

describe('heartbeatMessage', () => {
  it('is no message of a cosignature, whatever both say', () => {
    const message = parseUtf8(heartbeatMessage(fieldsOf()));
    const other = parseUtf8(cosignatureMessage(checkpointOf(leavesOf(2)), 1234));
    expect(message.split('\n')[0]).not.toBe(other.split('\n')[0]);
  });
});

describe('sealHeartbeat', () => {
  it('refuses a signature that does not verify, and the time 0 (D11)', () => {
    const { publicKey, sign } = regionKey(IAD);
    expectCode('KEY', () => sealHeartbeat(fieldsOf(), publicKey, new Uint8Array(64)));
    const zero = fieldsOf({ timeSeconds: 0 });
    expectCode('KEY', () => sealHeartbeat(zero, publicKey, sign(heartbeatMessage(zero))));
  });
});

describe('verifyHeartbeat', () => {
  it('takes a heartbeat of a region of the charter', () => {
    verifyHeartbeat(policy, good);
  });

  it('refuses every change', () => {
    const { heads } = good;
    const changes: readonly Partial<HeartbeatFields>[] = [
      { timeSeconds: 1235 },
      { timeSeconds: 0 },
      { timeSeconds: 1.5 },
      { timeSeconds: Number.NaN },
      { heads: { ...heads, size: heads.size + 1 } },
      { heads: { ...heads, size: -1 } },
      { heads: { ...heads, root: parseSha256('ab'.repeat(32)) } },
    ];
    for (const change of changes) {
      expectCode('PROOF', () => verifyHeartbeat(policy, { ...good, ...change }));
    }
    const signature = parseHex('00'.repeat(64));
    expectCode('PROOF', () => verifyHeartbeat(policy, { ...good, signature }));
  });

  it('refuses another realm, another region, and a region that left (G24)', () => {
    const realm = parseRealmName('staging.example.org');
    expectCode('REALM', () => verifyHeartbeat(policy, { ...good, realm }));
    expectCode('KEY', () => verifyHeartbeat(policy, { ...good, region: FRA }));
    expectCode('KEY', () => verifyHeartbeat(policyOf(1, [FRA, SIN]), good));
  });

  it('refuses one over more streams than a node holds before it verifies', () => {
    const heads = { ...good.heads, size: STREAMS_MAX + 2 };
    expectCode('LIMIT', () => verifyHeartbeat(policy, { ...good, heads }));
  });
});

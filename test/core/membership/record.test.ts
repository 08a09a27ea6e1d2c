import { describe, expect, it } from 'vitest';
import { encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { encodeCanonical, parseCanonical } from '../../../src/core/canonical.ts';
import { MEMBER_MAX_BYTES } from '../../../src/core/limits.ts';
import {
  MEMBER_PAYLOAD_TYPE,
  parseMember,
  signMember,
  verifyMember,
} from '../../../src/core/membership/record.ts';
import { pae } from '../../../src/core/statements/envelope.ts';
import { ed25519Key, expectCode, p256Key } from '../support.ts';
import { recordOf, signedOf } from './people.ts';

describe('signMember', () => {
  it('gives a record that verifies and reads back', () => {
    expect(verifyMember(signedOf(1))).toEqual(recordOf(1));
  });

  it('signs canonical bytes under their own payload type', () => {
    const { payload, signature } = signedOf(1);
    expect(parseUtf8(payload)).toBe(
      '{"address":"n1.example.org:7441","bootId":"00000000000000000000000000000001",' +
        '"incarnation":1,"nodeId":"n1","protocolVersion":1,' +
        '"publicKey":"MCowBQYDK2VwAyEAiojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w=",' +
        '"realm":"prod.example.org","region":"iad","status":"alive"}',
    );
    expect(signature).toEqual(ed25519Key(1).sign(pae(MEMBER_PAYLOAD_TYPE, payload)));
  });

  it('refuses to make what no reader takes', () => {
    const sign = (message: Uint8Array): Uint8Array => ed25519Key(1).sign(message);
    expectCode('PARSE', () => signMember(recordOf(1, { address: 'no port' }), sign));
    expectCode('KEY', () => signMember(recordOf(2), sign));
  });
});

describe('verifyMember', () => {
  it('refuses a changed record and a changed signature', () => {
    const { payload, signature } = signedOf(1);
    const other = signedOf(1, { incarnation: 2 });
    expectCode('KEY', () => verifyMember({ payload: other.payload, signature }));
    expectCode('KEY', () => verifyMember({ payload, signature: signature.slice(1) }));
  });

  it('refuses a signature over the bare payload', () => {
    const { payload } = signedOf(1);
    expectCode('KEY', () => verifyMember({ payload, signature: ed25519Key(1).sign(payload) }));
  });

  it('refuses a key that is not Ed25519', () => {
    const key = p256Key(3);
    expectCode('PARSE', () => signedOf(3, { incarnation: -1 }));
    const record = { ...recordOf(3), publicKey: key.publicKey.spki };
    expect(() => signMember(record, (message) => key.sign(message))).toThrow();
  });
});

describe('parseMember', () => {
  const fields = parseCanonical(signedOf(1).payload, { maxBytes: MEMBER_MAX_BYTES, what: 'it' });
  const changed = (change: object): Uint8Array =>
    encodeCanonical({ ...(fields as object), ...change });

  it.each([
    ['an unknown key', { extra: 1 }],
    ['a negative incarnation', { incarnation: -1 }],
    ['a status that others give', { status: 'failed' }],
    ['a short boot id', { bootId: '00' }],
    ['an address without port', { address: 'host' }],
    ['port 0', { address: 'host:0' }],
    ['a port that is too high', { address: 'host:65536' }],
    ['an address with a path', { address: 'host/x:1' }],
    ['a name that is no node id', { nodeId: 'N 1' }],
  ])('refuses %s', (_, change) => {
    expectCode('PARSE', () => parseMember(changed(change)));
  });

  it.each(['10.0.0.1:7441', '[2001:db8::1]:7441', 'a-b.example.org:65535'])(
    'takes the address %s',
    (address) => {
      expect(parseMember(changed({ address })).address).toBe(address);
    },
  );

  it('refuses what is too long before it reads it', () => {
    expectCode('LIMIT', () => parseMember(encodeUtf8('x'.repeat(MEMBER_MAX_BYTES + 1))));
  });
});

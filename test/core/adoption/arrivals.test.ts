import { describe, expect, it } from 'vitest';
import {
  type ArrivalNotice,
  type SignedArrivals,
  signArrivals,
  verifyArrivals,
} from '../../../src/core/adoption/arrivals.ts';
import { generateSigningKey } from '../../../src/core/crypto.ts';
import { parseNodeId, parseRealmName } from '../../../src/core/ids.ts';

const REALM = parseRealmName('test.example.org');
const [IAD, FRA, SIN] = ['iad-1', 'fra-1', 'sin-1'].map(parseNodeId);
const KEY = generateSigningKey('ed25519');
const writer = { realm: REALM, publicKey: KEY.publicKey.spki };

describe('a notice of arrivals', () => {
  it('is read as it was signed', () => {
    expect(verifyArrivals(signed(), writer)).toEqual(notice());
  });

  it('is refused from another key, and when somebody changed it', () => {
    const other = generateSigningKey('ed25519');
    expect(() => verifyArrivals(signArrivals(notice(), other.sign), writer)).toThrow(code('KEY'));
    const one = signed();
    const payload = Uint8Array.from(one.payload, (byte, at) => (at === 20 ? byte ^ 1 : byte));
    expect(() => verifyArrivals({ ...one, payload }, writer)).toThrow(code('KEY'));
  });

  it('is refused in another realm', () => {
    const realm = parseRealmName('staging.example.org');
    expect(() => verifyArrivals(signed({ realm }), writer)).toThrow(code('REALM'));
  });

  it('is refused as one of other nodes than it says', () => {
    const one = signed();
    for (const said of [{ nodeId: SIN ?? one.nodeId }, { to: SIN ?? one.to }]) {
      expect(() => verifyArrivals({ ...one, ...said }, writer)).toThrow(code('PARSE'));
    }
  });

  it('is refused with what is no key of a client', () => {
    for (const key of ['', 'x', 'AB'.repeat(16), 'ab'.repeat(17)]) {
      const clients = [{ key, streams: 1 }];
      expect(() => verifyArrivals(signed({ clients }), writer)).toThrow(code('PARSE'));
    }
  });
});

function notice(changed: Partial<ArrivalNotice> = {}): ArrivalNotice {
  if (IAD === undefined || FRA === undefined) throw new Error('nodes have names');
  const clients = [{ key: 'ab'.repeat(16), streams: 2 }];
  return { nodeId: IAD, to: FRA, realm: REALM, bootId: 'cd'.repeat(16), clients, ...changed };
}

function signed(changed: Partial<ArrivalNotice> = {}): SignedArrivals {
  return signArrivals(notice(changed), KEY.sign);
}

function code(expected: string): Error {
  return expect.objectContaining({ code: expected }) as Error;
}

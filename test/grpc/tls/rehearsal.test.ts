import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Authorities } from '../../../src/grpc/tls/authorities.ts';
import type { TlsMaterial } from '../../../src/grpc/tls/live-tls.ts';
import { rehearse } from '../../../src/grpc/tls/rehearsal.ts';
import { createTestPki, type TestLeafOptions, type TestPki } from '../../../src/testing/pki.ts';

const DAY_MS = 86_400_000;
const pki = createTestPki({ shape: 'with-intermediate' });
const trusted = trustIn(pki);
const nobody = new Authorities([]);

function trustIn(from: TestPki): Authorities {
  return new Authorities([{ certificate: new X509Certificate(from.caPem), state: 'active' }]);
}

function material(leaf: TestLeafOptions = {}, changes: Partial<TlsMaterial> = {}): TlsMaterial {
  const { certificatePem, keyPem } = pki.issue('node', leaf);
  const pair = { cert: Buffer.from(certificatePem), key: Buffer.from(keyPem) };
  return { ...pair, callers: trusted, peers: trusted, ...changes };
}

async function outcomeOf(tls: TlsMaterial): Promise<string> {
  const result = await rehearse(tls);
  return result.outcome === 'good' ? 'good' : result.reason;
}

describe('rehearse', () => {
  it('is good when a node would believe itself in both roles', async () => {
    expect(await outcomeOf(material())).toBe('good');
  });

  it('is refused when nobody vouches for it as a caller', async () => {
    expect(await outcomeOf(material({}, { callers: nobody }))).not.toBe('good');
  });

  it('is refused when nobody vouches for it as one that is called', async () => {
    expect(await outcomeOf(material({}, { peers: nobody }))).not.toBe('good');
  });

  it('is refused by the CA of somebody else', async () => {
    const other = trustIn(createTestPki());
    expect(await outcomeOf(material({}, { callers: other, peers: other }))).not.toBe('good');
  });

  it('is refused for a leaf that has expired', async () => {
    const expired = material({ nowMs: Date.now() - 2 * DAY_MS, validForMs: DAY_MS });
    expect(await outcomeOf(expired)).toContain('expired');
  });

  it.each([['serverAuth'], ['clientAuth']] as const)(
    'is refused for a leaf for %s only',
    async (usage) => {
      expect(await outcomeOf(material({ usages: [usage] }))).not.toBe('good');
    },
  );

  it('is refused for a pair that does not belong together', async () => {
    const { key } = material();
    expect(await outcomeOf({ ...material(), key })).not.toBe('good');
  });

  it('is refused for a leaf that is too young for its authority', async () => {
    const certificate = new X509Certificate(pki.caPem);
    const old = new Authorities([{ certificate, state: 'retiring', distrustAfterMs: 0 }]);
    expect(await outcomeOf(material({}, { callers: old }))).toContain('of this age');
  });
});

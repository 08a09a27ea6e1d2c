import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes.ts';
import {
  ALGORITHMS,
  generateSigningKey,
  type SigningKey,
  sha256,
  verifySignature,
} from '../../src/core/crypto.ts';
import { NO_PREVIOUS, parseRealmName, parseSequence, parseStreamName } from '../../src/core/ids.ts';
import { PAYLOAD_TYPE, pae } from '../../src/core/statements/envelope.ts';
import { encodeStatement } from '../../src/core/statements/statement.ts';
import type { Signer } from '../../src/ports/signer.ts';
import { Ledger } from '../../src/signers/ledger.ts';
import { LocalSigner } from '../../src/signers/local-signer.ts';
import { signWithLedger } from '../../src/signers/sign.ts';
import { codeOf } from '../contract/store.ts';

const root = await mkdtemp(join(tmpdir(), 'kedge-sign-'));
let count = 0;
afterAll(() => rm(root, { recursive: true }));

function newLedger(): Ledger {
  count += 1;
  return new Ledger(join(root, `${String(count)}.ledger`));
}

function payloadOf(note: string): Uint8Array {
  return encodeStatement({
    realm: parseRealmName('prod.example.org'),
    stream: parseStreamName('release/payments.example.org'),
    sequence: parseSequence(1),
    previous: NO_PREVIOUS,
    charterVersion: 1,
    issuedMs: Date.UTC(2026, 10, 23),
    expiresMs: Date.UTC(2027, 10, 23),
    bodyDigest: sha256(encodeUtf8(note)),
    bodyBytes: 100,
  });
}

/** A token that says it holds one key and signs as `sign` does. */
function token(key: SigningKey, sign: (message: Uint8Array) => Uint8Array): Signer {
  return { publicKey: key.publicKey, sign: async (message) => sign(message) };
}

describe('signWithLedger', () => {
  it.each(ALGORITHMS)('makes a signature that verifies, with %s', async (alg) => {
    const key = generateSigningKey(alg);
    const payload = payloadOf('one');
    const signed = await signWithLedger(new LocalSigner(key), newLedger(), payload);
    const [signature] = signed.signatures;
    expect(signed.payload).toBe(payload);
    expect(signed.signatures).toHaveLength(1);
    expect(signature?.keyId).toBe(key.publicKey.keyId);
    const bytes = signature?.signature ?? new Uint8Array();
    expect(verifySignature(key.publicKey, pae(PAYLOAD_TYPE, payload), bytes)).toBe(true);
  });

  it('signs the same statement again', async () => {
    const [signer, ledger] = [new LocalSigner(generateSigningKey('ed25519')), newLedger()];
    const first = await signWithLedger(signer, ledger, payloadOf('one'));
    expect(await signWithLedger(signer, ledger, payloadOf('one'))).toEqual(first);
  });

  it('never asks the key for a second statement of one sequence (C13)', async () => {
    const key = generateSigningKey('ed25519');
    const ledger = newLedger();
    let asked = 0;
    const signer = token(key, (message) => {
      asked += 1;
      return key.sign(message);
    });
    await signWithLedger(signer, ledger, payloadOf('one'));
    expect(await codeOf(signWithLedger(signer, ledger, payloadOf('two')))).toBe('CONFLICT');
    expect(asked).toBe(1);
  });

  it('notes the statement before the key signs it', async () => {
    const key = generateSigningKey('ed25519');
    const ledger = newLedger();
    const broken = token(key, () => {
      throw new Error('the token was pulled out');
    });
    await expect(signWithLedger(broken, ledger, payloadOf('one'))).rejects.toThrow('pulled out');
    expect(await ledger.entries()).toMatchObject([{ digest: sha256(payloadOf('one')) }]);
  });

  it.each<[string, (key: SigningKey) => Signer]>([
    ['with another key', (key) => token(key, (m) => generateSigningKey('ed25519').sign(m))],
    ['another message', (key) => token(key, () => key.sign(encodeUtf8('another')))],
    ['in another encoding', (key) => token(key, (m) => encodeUtf8(hex(key.sign(m))))],
    ['nothing', (key) => token(key, () => new Uint8Array())],
  ])('refuses the signature of a token that signs %s (J02)', async (_what, make) => {
    const signer = make(generateSigningKey('ed25519'));
    expect(await codeOf(signWithLedger(signer, newLedger(), payloadOf('one')))).toBe('KEY');
  });

  it('signs and notes nothing that is no statement', async () => {
    const ledger = newLedger();
    const signer = new LocalSigner(generateSigningKey('ed25519'));
    expect(await codeOf(signWithLedger(signer, ledger, encodeUtf8('{"a":1}')))).toBe('PARSE');
    expect(await ledger.entries()).toEqual([]);
  });
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

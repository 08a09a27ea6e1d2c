import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isSignedBy, parseRevocationList } from '../../src/x509/revocation-list.ts';
import { deltaIndicator, makeList, scope } from '../preflight/remade.ts';
import { DAY_MS, leaf, NOW_MS, root } from '../preflight/support.ts';

const ca = root('Test CA');
const end = leaf(ca);
const terms = { fromMs: NOW_MS - DAY_MS, toMs: NOW_MS + DAY_MS };

describe('parseRevocationList', () => {
  it('reads times, entries and their reasons', () => {
    const list = parseRevocationList(makeList(ca, { ...terms, revoked: [end], reason: 4 }));
    expect([list.thisUpdateMs, list.nextUpdateMs]).toEqual([terms.fromMs, terms.toMs]);
    expect([...list.entries.values()]).toEqual([{ atMs: terms.fromMs, reason: 'superseded' }]);
    const endless = parseRevocationList(makeList(ca, { fromMs: NOW_MS }));
    expect([endless.nextUpdateMs, endless.entries.size]).toEqual([undefined, 0]);
  });

  it.each([
    ['it only lists changes', makeList(ca, { ...terms, more: [deltaIndicator] })],
    ['it is for several CAs', makeList(ca, { ...terms, scope: [scope.indirect] })],
    [
      'about two things alone',
      makeList(ca, { ...terms, scope: [scope.usersOnly, scope.authoritiesOnly] }),
    ],
    ['bytes follow it', Uint8Array.from([...makeList(ca, terms), 0])],
    ['it has too few parts', Uint8Array.of(0x30, 0)],
    ['it names two signature algorithms', ca.der],
  ])('refuses a list of which it has to be said that %s', (message, der) => {
    expect(() => parseRevocationList(der)).toThrow(
      expect.objectContaining({
        code: 'PARSE',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it('refuses whatever is cut off or damaged with a typed error, or reads it', () => {
    const der = makeList(ca, { ...terms, revoked: [end, leaf(ca)], reason: 1 });
    for (let at = 0; at < der.length; at += 1) {
      const damaged = Uint8Array.from(der);
      damaged[at] = (damaged[at] ?? 0) ^ 0x41;
      for (const bytes of [damaged, der.subarray(0, at)]) {
        try {
          parseRevocationList(bytes);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'PARSE' });
        }
      }
    }
  });
});

describe('isSignedBy', () => {
  const list = parseRevocationList(makeList(ca, terms));

  it('says whether a key has signed it', () => {
    expect(isSignedBy(list, createPublicKey(ca.keyPem))).toBe(true);
    expect(isSignedBy(list, createPublicKey(root('Test CA').keyPem))).toBe(false);
    expect(isSignedBy(list, generateKeyPairSync('ed25519').publicKey)).toBe(false);
  });
});

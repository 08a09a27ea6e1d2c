import { describe, expect, it } from 'vitest';
import { generateSigningKey } from '../../src/core/crypto.ts';
import { CHARTER_STREAM, parseBundleName, releaseStream } from '../../src/core/ids.ts';
import { logNameOf } from '../../src/testing/attesting.ts';
import { createTestRealm } from '../../src/testing/realm.ts';

describe('logNameOf', () => {
  it('names all logs by the newest recovery', () => {
    const realm = createTestRealm();
    const { name } = realm;
    const stream = releaseStream(parseBundleName('payments.test.example.org'));
    expect(logNameOf(realm, CHARTER_STREAM)).toEqual({ realm: name, stream: CHARTER_STREAM });
    realm.nextCharter((charter) => ({
      ...charter,
      revealed: [generateSigningKey('ed25519').publicKey],
    }));
    realm.nextCharter(({ revealed: _, ...charter }) => charter);
    expect(logNameOf(realm, CHARTER_STREAM)).toMatchObject({ recoveredBy: 2 });
    expect(logNameOf(realm, stream)).toEqual({ realm: name, stream, recoveredBy: 2 });
  });
});

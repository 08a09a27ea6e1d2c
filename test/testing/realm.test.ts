import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import { acceptDocument } from '../../src/core/trusted/accept.ts';
import { currentCharter, headOf } from '../../src/core/trusted/state.ts';
import {
  addActive,
  addStaged,
  createTestAnchors,
  type TestAnchor,
} from '../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';

const BUNDLE = 'payments.test.example.org';
const [first, second, third] = createTestAnchors(3) as [TestAnchor, TestAnchor, TestAnchor];

function offer(realm: TestRealm, release: TestRelease): string {
  try {
    const { statement, body } = release.document;
    return acceptDocument(
      realm.trustedState(),
      { chain: [statement], body, mode: 'linked' },
      release.issuedMs,
    ).outcome;
  } catch (error) {
    return KedgeError.from(error).code;
  }
}

describe('createTestRealm', () => {
  it('makes charters and releases that are accepted', () => {
    const realm = createTestRealm();
    realm.nextRelease(BUNDLE, addActive(first));
    const head = realm.nextRelease(BUNDLE, addStaged(second));
    const state = realm.trustedState();
    expect(headOf(state, head.stream)?.digest).toBe(head.digest);
    expect(headOf(state, head.stream)?.body.anchors.length).toBe(2);
    expect(realm.releases(BUNDLE).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it.each(['ed25519', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384'] as const)(
    'signs with %s',
    (alg) => {
      const realm = createTestRealm({ alg, signers: 5 });
      realm.nextRelease(BUNDLE, addActive(first));
      expect(realm.charter.charter.roles.release.threshold).toBe(3);
      expect(realm.trustedState().streams.size).toBeGreaterThan(0);
    },
  );

  it('signs with fewer signers when asked', () => {
    const realm = createTestRealm();
    const release = realm.nextRelease(BUNDLE, addActive(first), { signers: 1, after: 'nothing' });
    expect(offer(realm, release)).toBe('THRESHOLD');
    expect(realm.releases(BUNDLE)).toEqual([]);
  });

  it('makes the other branch of a fork', () => {
    const realm = createTestRealm();
    const one = realm.nextRelease(BUNDLE, addActive(first));
    realm.nextRelease(BUNDLE, addStaged(second));
    const other = realm.nextRelease(BUNDLE, addStaged(third), { after: one });
    expect(offer(realm, other)).toBe('forked');
  });

  it('rotates its charter', () => {
    const realm = createTestRealm();
    const dave = realm.addSigner('dave');
    const next = realm.nextCharter((charter) => ({
      ...charter,
      signers: [...charter.signers, { id: dave.id, owner: 'd', keys: [dave.key.publicKey] }],
    }));
    realm.nextRelease(BUNDLE, addActive(first));
    const state = realm.trustedState();
    expect(next.sequence).toBe(2);
    expect(currentCharter(state)?.digest).toBe(next.digest);
  });
});

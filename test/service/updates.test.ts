import { describe, expect, it } from 'vitest';
import { parseBundleName } from '../../src/core/ids.ts';
import { deliveredAtOnce, revokeAnchor } from '../../src/core/releases/edit.ts';
import { parseStatement } from '../../src/core/statements/statement.ts';
import { UpdateSource } from '../../src/service/updates.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm } from '../../src/testing/realm.ts';

const BUNDLE = parseBundleName('payments.test.example.org');

describe('UpdateSource', () => {
  it('sends the release first on which the revoke role alone acted (NR-1)', async () => {
    const realm = createTestRealm({ revokeThreshold: 1 });
    const anchors = createTestAnchors(7);
    const victim = anchors[0];
    const first = realm.nextRelease(BUNDLE, addActive(...anchors.slice(0, 6)));
    const canary = realm.nextRelease(BUNDLE, (body, point) => ({
      ...addActive(...anchors.slice(6))(body, point),
      delivery: 'waves',
    }));
    const revoked = realm.nextRelease(
      BUNDLE,
      (body, point) =>
        deliveredAtOnce(victim === undefined ? body : revokeAnchor(body, victim.id, point)),
      { signers: ['alice'] },
    );
    await using store = await openMemoryStore();
    const blobs = anchors.map(({ id, facts }) => ({ id, der: facts.der }));
    await store.append({ documents: [first, canary, revoked], blobs });
    const { charters } = realm.trustedState();
    const source = new UpdateSource(store);
    const sent = async (base: typeof first | undefined): Promise<readonly number[][]> => {
      const messages = await source.update(base, revoked, BUNDLE, charters).settled;
      return messages.flatMap((message) =>
        message.kind === 'update'
          ? [message.update.statements.map(({ payload }) => parseStatement(payload).sequence)]
          : [],
      );
    };
    expect(await sent(undefined)).toEqual([[2], [3]]);
    expect(await sent(first)).toEqual([[2], [3]]);
    expect(await sent(canary)).toEqual([[3]]);
  });
});

import { describe, expect, it } from 'vitest';
import { parseBundleName } from '../../../src/core/ids.ts';
import { deliveredAtOnce, revokeAnchor } from '../../../src/core/releases/edit.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { CharterSource } from '../../../src/service/clients/charter-source.ts';
import { UpdateSource } from '../../../src/service/clients/updates.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { addActive, createTestAnchors } from '../../../src/testing/anchors.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';
import { NOW_MS } from '../../core/support.ts';
import { type BranchedCharter, Branches } from '../support/branches.ts';

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

  it('makes the update to a release that is being written, as it is read afterwards', async () => {
    const realm = createTestRealm();
    const anchors = createTestAnchors(3);
    const blobs = anchors.map(({ id, facts }) => ({ id, der: facts.der }));
    const first = realm.nextRelease(BUNDLE, addActive(...anchors.slice(0, 2)));
    await using store = await openMemoryStore();
    await store.append({ documents: [first], blobs: blobs.slice(0, 2) });
    const state = realm.trustedState();
    const next = realm.nextRelease(BUNDLE, addActive(...anchors.slice(2)));
    const source = new UpdateSource(store);
    await source.foresee({ documents: [next], blobs: blobs.slice(2) }, state);
    const foreseen = await source.update(first, next, BUNDLE, state.charters).settled;
    await store.append({ documents: [next], blobs: blobs.slice(2) });
    const read = await new UpdateSource(store).update(first, next, BUNDLE, state.charters).settled;
    expect(foreseen).toEqual(read);
    expect(foreseen.map(({ kind }) => kind)).toEqual(['blobs', 'update']);
  });

  it('foresees nothing where the release does not follow the head', async () => {
    const realm = createTestRealm();
    const first = realm.nextRelease(BUNDLE, (body) => body);
    const state = realm.trustedState();
    const second = realm.nextRelease(BUNDLE, (body) => body);
    const third = realm.nextRelease(BUNDLE, (body) => body);
    await using store = await openMemoryStore();
    await store.append({ documents: [first], blobs: [] });
    const source = new UpdateSource(store);
    await source.foresee({ documents: [third], blobs: [] }, state);
    await source.foresee({ documents: [second, third], blobs: [] }, state);
    const update = source.update(second, third, BUNDLE, state.charters).settled;
    await expect(update).rejects.toMatchObject({ code: 'STORE' });
  });
});

describe('CharterSource', () => {
  const realm = new Branches(NOW_MS);
  const { root } = realm;
  const stolen = realm.stolen(realm.stolen(root, 'two'), 'three');
  const recovered = realm.recovered(root, 1);
  const source = new CharterSource();

  /** The versions that a client is sent. */
  const sent = (
    to: BranchedCharter,
    ...client: Parameters<CharterSource['missing']>[1][]
  ): unknown =>
    client.map((one) =>
      source
        .missing(to.state.charters, one)
        .flatMap((message) => (message.kind === 'charters' ? message.charters : []))
        .map(({ statement }) => parseStatement(statement.payload).sequence),
    );

  it('sends what a client lacks of the chain that it said to hold', () => {
    const { digest } = root;
    expect(
      sent(
        stolen,
        { kind: 'said', version: 0, digest: undefined },
        { kind: 'said', version: 1, digest },
        { kind: 'said', version: 2, digest: undefined },
        { kind: 'said', version: 3, digest: stolen.digest },
        { kind: 'said', version: 9, digest },
      ),
    ).toEqual([[1, 2, 3], [2, 3], [3], [], []]);
  });

  it('sends all to a client on another branch, also to one that has more', () => {
    const said = { kind: 'said', version: 3, digest: stolen.digest } as const;
    const two = { kind: 'said', version: 2, digest: stolen.digest } as const;
    expect(sent(recovered, said, two)).toEqual([[2], [2]]);
  });

  it('sends what follows the last one that is the same to a client that it knows', () => {
    const had = { kind: 'sent', charters: stolen.state.charters } as const;
    expect(sent(recovered, had)).toEqual([[2]]);
    expect(sent(root, had)).toEqual([[]]);
  });
});

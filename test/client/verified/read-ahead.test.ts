/**
 * What is read ahead of judging: what directly follows what is held, and a quorum signed.
 */
import { describe, expect, it } from 'vitest';
import { readAhead } from '../../../src/client/verified/read-ahead.ts';
import { parseBundleName, releaseStream } from '../../../src/core/ids.ts';
import { applyPatch, diffBodies } from '../../../src/core/releases/delta.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import { emptyTrustedState, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import type { BundleUpdate } from '../../../src/core/watch/messages.ts';
import { addActive, createTestAnchors, type TestEdit } from '../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';
import { delta } from '../support/honest.ts';

const BUNDLE = parseBundleName('payments.test.example.org');
const anchors = createTestAnchors(9);
const noted =
  (note: string): TestEdit =>
  (body) => ({ ...body, note });

/** A realm with one release of so many anchors, and what somebody has verified who holds it. */
function held(count: number): { readonly realm: TestRealm; readonly trusted: TrustedState } {
  const realm = createTestRealm();
  realm.nextRelease(BUNDLE, addActive(...anchors.slice(0, count)));
  let trusted = emptyTrustedState(realm.name, realm.firstCharterDigest);
  for (const { document } of [realm.charter, realm.release(BUNDLE, 1)]) {
    const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
    trusted = acceptDocument(trusted, offer, TEST_EPOCH_MS).state;
  }
  return { realm, trusted };
}

/** Whether `update` was opened: the last patch of a body is the one whose outcome is remembered. */
async function isRead(update: BundleUpdate, trusted: TrustedState): Promise<boolean> {
  const head = headOf(trusted, releaseStream(BUNDLE));
  if (head === undefined) throw new Error('nothing is held');
  const other = diffBodies(head.bodyBytes, head.bodyBytes);
  const before = applyPatch(head.bodyBytes, other);
  await readAhead(update, trusted);
  return applyPatch(head.bodyBytes, other) !== before;
}

/** A later release, as a patch for who holds the first one. */
function updateTo(realm: TestRealm, sequence: number): BundleUpdate {
  const response = delta(realm.release(BUNDLE, 1), realm.release(BUNDLE, sequence));
  if (response.kind !== 'update') throw new Error('not an update');
  return response.update;
}

describe('readAhead', () => {
  it('reads what directly follows and a quorum signed, and lets turns end between', async () => {
    const { realm, trusted } = held(9);
    realm.nextRelease(BUNDLE, noted('next'));
    let turned = 0;
    const count = (): void => {
      turned += 1;
      again = setImmediate(count);
    };
    let again = setImmediate(count);
    expect(await isRead(updateTo(realm, 2), trusted)).toBe(true);
    clearImmediate(again);
    expect(turned).toBeGreaterThan(1);
  });

  it('leaves alone what too few signed', async () => {
    const { realm, trusted } = held(9);
    realm.nextRelease(BUNDLE, noted('next'), { signers: 1 });
    expect(await isRead(updateTo(realm, 2), trusted)).toBe(false);
  });

  it('leaves alone what follows something else', async () => {
    const { realm, trusted } = held(9);
    realm.nextRelease(BUNDLE, noted('next'));
    realm.nextRelease(BUNDLE, noted('over the next'));
    expect(await isRead(updateTo(realm, 3), trusted)).toBe(false);
  });

  it('leaves what cannot be read to judging', async () => {
    const { realm, trusted } = held(9);
    realm.nextRelease(BUNDLE, noted('next'));
    const update = updateTo(realm, 2);
    const [signed] = update.statements;
    if (signed === undefined) throw new Error('no statement');
    const torn = { ...signed, payload: signed.payload.slice(1) };
    expect(await isRead({ ...update, statements: [torn] }, trusted)).toBe(false);
  });

  it('does nothing for a few anchors', async () => {
    const { realm, trusted } = held(8);
    realm.nextRelease(BUNDLE, noted('next'));
    expect(await isRead(updateTo(realm, 2), trusted)).toBe(false);
  });
});

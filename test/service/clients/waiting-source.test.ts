/**
 * What nodes make to show what waits while a rollout runs: once for all, and kept within bounds.
 */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parseBundleName } from '../../../src/core/ids.ts';
import type { NamedRelease } from '../../../src/core/rollouts/body.ts';
import type { WatchResponse } from '../../../src/core/watch/messages.ts';
import type { Store } from '../../../src/ports/store.ts';
import { WaitingSource } from '../../../src/service/clients/waiting-source.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { createTestRealm, type TestRelease } from '../../../src/testing/realm.ts';

const BUNDLE = parseBundleName('payments.test.example.org');

describe('WaitingSource', () => {
  let store: Store;
  let releases: readonly TestRelease[];

  beforeEach(async () => {
    const realm = createTestRealm();
    for (const note of ['one', 'two', 'three', 'four']) {
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note }));
    }
    releases = realm.releases(BUNDLE);
    store = await openMemoryStore();
    onTestFinished(() => store[Symbol.asyncDispose]());
    await store.append({ documents: releases, blobs: [] });
  });

  it('makes the same once for all who have the same', async () => {
    const source = new WaitingSource(store);
    const made = await way(source, 1, 4);
    expect(made.map(({ kind }) => kind)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(await way(source, 1, 4)).toBe(made);
    expect(await way(source, 2, 4)).toHaveLength(2);
    expect(await way(source, 1, 4)).toBe(made);
  });

  it('keeps nothing of a bundle of which nothing waits any more', async () => {
    const source = new WaitingSource(store);
    const made = await way(source, 1, 4);
    source.forget(parseBundleName('other.test.example.org'));
    expect(await way(source, 1, 4)).toBe(made);
    source.forget(BUNDLE);
    expect(await way(source, 1, 4)).not.toBe(made);
  });

  it('keeps no more bytes than it may, but always the newest', async () => {
    const source = new WaitingSource(store, 1);
    const first = await way(source, 1, 3);
    expect(await way(source, 1, 3)).toBe(first);
    const second = await way(source, 1, 4);
    expect(await way(source, 1, 4)).toBe(second);
    expect(await way(source, 1, 3)).not.toBe(first);
  });

  async function way(
    source: WaitingSource,
    from: number,
    to: number,
  ): Promise<readonly WatchResponse[]> {
    return await source.between(at(from), at(to), BUNDLE).settled;
  }

  function at(sequence: number): NamedRelease {
    const found = releases[sequence - 1];
    if (found === undefined) throw new Error(`no release ${String(sequence)}`);
    return { sequence: found.sequence, digest: found.digest };
  }
});

/**
 * What a node remembers of the others, as another version of it wrote that down.
 */
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { encodeBase64 } from '../../../src/core/bytes.ts';
import { type CanonicalObject, encodeCanonical } from '../../../src/core/canonical.ts';
import type { Store } from '../../../src/ports/store.ts';
import { loadMembers } from '../../../src/service/replication/member-memory.ts';
import { openMemoryStore } from '../../../src/storage/open-store.ts';
import { recordingLogger } from '../../client/support/source.ts';

const BYTES = new Uint8Array([1, 2, 3]);
const MEMBER = {
  binding: 'confirmed',
  payload: encodeBase64(BYTES),
  signature: encodeBase64(BYTES),
  state: 'alive',
};

describe('loadMembers', () => {
  let store: Store;
  let logger: ReturnType<typeof recordingLogger>;

  beforeEach(async () => {
    store = await openMemoryStore();
    onTestFinished(() => store[Symbol.asyncDispose]());
    logger = recordingLogger();
  });

  it('reads what an earlier version wrote, which noted no software', async () => {
    const loaded = await loadMembers(store, logger);
    expect(loaded).toBeUndefined();
    expect(await load({ incarnation: 3, members: [MEMBER] })).toEqual({
      incarnation: 3,
      members: [
        { binding: 'confirmed', signed: { payload: BYTES, signature: BYTES }, state: 'alive' },
      ],
    });
  });

  it('passes over what a later version wrote beside', async () => {
    const software = { documents: 4, version: '9.0.0', built: 'yesterday' };
    const members = [{ ...MEMBER, software, mood: 'good' }];
    const loaded = await load({ incarnation: 3, members, weather: 'fair' });
    expect(loaded?.members[0]?.signed.software).toEqual({ documents: 4, version: '9.0.0' });
    expect(logger.events).toEqual([]);
  });

  it('forgets what it cannot read, and says so', async () => {
    expect(await load({ members: [MEMBER] })).toBeUndefined();
    expect(logger.events).toMatchObject([{ event: 'member.forgotten', code: 'PARSE' }]);
  });

  async function load(memory: CanonicalObject): ReturnType<typeof loadMembers> {
    await store.setNote('members', encodeCanonical(memory));
    return await loadMembers(store, logger);
  }
});

/**
 * A node is told that a process runs on a copy of its store: a real replicator on a store on disk,
 * started twice. What its peer says is made here.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Notice } from '../../src/core/gossip/events.ts';
import type { StoreDigest } from '../../src/core/gossip/frames.ts';
import { NO_BOOT, signMark } from '../../src/core/gossip/restored/store-mark.ts';
import { NO_PREVIOUS, parseNodeId } from '../../src/core/ids.ts';
import { emptyTrustedState } from '../../src/core/trusted/state.ts';
import { noLogger } from '../../src/ports/logger.ts';
import { noMetrics } from '../../src/ports/metrics.ts';
import type { Store } from '../../src/ports/store.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { Replicator } from '../../src/service/replication/replicator.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import { testHello, testMembership } from '../../src/testing/members.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';

const FIRST = 'a'.repeat(32);
const COPY = 'b'.repeat(32);
const SECOND = 'c'.repeat(32);
const realm = createTestRealm();
const self = testHello('iad-1', realm, { marks: true });
const membership = testMembership(self);
let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
});

afterEach(async () => {
  await dir[Symbol.asyncDispose]();
});

it('goes on beside a process on a copy that counts more, also after a restart', async () => {
  expect(await run(FIRST, NO_BOOT)).toEqual({ verdicts: ['copied'], begin: 1, count: 61 });
  expect(await run(SECOND, FIRST)).toEqual({ verdicts: [], begin: 62, count: 62 });
});

/** A process of the node, to which a peer shows what was signed on the copy. */
async function run(bootId: string, after: string): Promise<object> {
  await using store = await openLevelStore(dir.join('store'));
  const begin = await store.advance();
  const verdicts: string[] = [];
  const replicator = replicatorOf(store, { bootId, after, count: begin }, (notice) => {
    if (notice.kind === 'copy') verdicts.push(notice.what);
  });
  replicator.start();
  const link = { linkId: 'fra', send: () => 'sent' as const, reading: ignore, close: ignore };
  replicator.linkUp(link, parseNodeId('fra-1'));
  const hello = testHello('fra-1', realm, { marks: true });
  replicator.linkFrame(link.linkId, { kind: 'hello', hello }, 100);
  replicator.linkFrame(link.linkId, { kind: 'digest', digest: digestOf(store.storeId) }, 100);
  await replicator[Symbol.asyncDispose]();
  return { verdicts, begin, count: store.writes };
}

function replicatorOf(
  store: Store,
  { bootId, after, count }: { bootId: string; after: string; count: number },
  onNotice: (notice: Notice) => void,
): Replicator {
  return new Replicator({
    self: { ...self, bootId, storeId: store.storeId },
    hasSeeds: false,
    membership: { ...membership, self: { ...membership.self, bootId } },
    state: emptyTrustedState(realm.name, realm.firstCharterDigest),
    started: { after, count },
    store,
    transport: {
      dial: ignore,
      resolveSeeds: async () => Promise.resolve({ addresses: [], unresolved: [] }),
      fetch: () => {
        throw new Error('nothing is fetched here');
      },
    },
    clock: systemClock,
    logger: noLogger,
    metrics: noMetrics,
    random: () => 0.5,
    onServe: ignore,
    onNotice,
  });
}

/** Of a peer that keeps a mark of a copy, which began with no more than the first process has. */
function digestOf(storeId: string): StoreDigest {
  const { nodeId, publicKey } = membership.self;
  const mark = { realm: realm.name, nodeId, storeId, bootId: COPY, after: FIRST };
  const { sign } = membership;
  const remembered = signMark({ ...mark, begin: 1, count: 60 }, { sign, publicKey });
  const rows = { root: NO_PREVIOUS, count: 0, revision: 0, seen: 0 };
  return { ...rows, ask: 'note', others: 0, standing: 'serving', remembered };
}

function ignore(): void {
  // Nobody needs to know.
}

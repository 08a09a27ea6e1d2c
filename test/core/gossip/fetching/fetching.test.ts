import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../../src/core/errors.ts';
import type { GossipEffect, GossipEvent } from '../../../../src/core/gossip/events.ts';
import { FETCH_USELESS_MAX_MS } from '../../../../src/core/gossip/fetching/fetch-pace.ts';
import { RETRY_PAUSE_MS } from '../../../../src/core/gossip/fetching/pauses.ts';
import type { FetchItem, Push } from '../../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../../src/core/gossip/machine.ts';
import { REPAIR_INTERVAL_MS } from '../../../../src/core/gossip/repair/repair.ts';
import type { Row } from '../../../../src/core/gossip/rows.ts';
import {
  NO_PREVIOUS,
  parseNodeId,
  parseRegionName,
  parseSignerId,
  type StreamName,
} from '../../../../src/core/ids.ts';
import { HISTORY_BUFFER_MAX_BYTES } from '../../../../src/core/limits.ts';
import { acceptDocument } from '../../../../src/core/trusted/accept.ts';
import { emptyTrustedState } from '../../../../src/core/trusted/state.ts';
import { testHello, testMembership } from '../../../../src/testing/members.ts';
import {
  createTestRealm,
  type TestRealm,
  type TestRelease,
} from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';

const PEER = { nodeId: parseNodeId('fra-1'), region: parseRegionName('fra') };
const BUNDLE = 'payments.test.example.org';

describe('Fetching', () => {
  let realm: TestRealm;
  let machine: GossipMachine;
  /** A clock that is never set. */
  let nowMs: number;
  /** What the machine's clock shows; absent: the same. */
  let wallMs: number | undefined;

  beforeEach(() => {
    realm = createTestRealm();
    nowMs = TEST_EPOCH_MS;
    wallMs = undefined;
  });

  it('lets nothing wait that never had a quorum', () => {
    begin();
    const weak = realm.nextRelease(BUNDLE, (body) => body, { signers: 1 });
    announce(weak.stream);
    expect(cancelled(item(entry(weak)))).toBe(true);
  });

  it.each([
    [0, false],
    [Number.MAX_SAFE_INTEGER, true],
  ])('is not kept from a stream by a row at %d that nobody can ask for', (sequence, forked) => {
    begin();
    const stream = `release/${BUNDLE}` as StreamName;
    const row = { stream, sequence, digest: NO_PREVIOUS, forked };
    const effects = frame({ kind: 'held', row });
    expect(effects.some(({ kind }) => kind === 'fetch')).toBe(false);
    announce(stream);
  });

  it('fetches releases beside a charter that was promised and does not come', () => {
    begin();
    announce('charter');
    const release = `release/${BUNDLE}`;
    expect(fetches(frame({ kind: 'held', row: rowOf(release), revision: 2 }))).toEqual([]);
    nowMs += 2_999;
    expect(fetches(stall(1))).toEqual([]);
    nowMs += 1;
    const [next] = fetches(stall(1));
    expect(next?.requests.map(({ stream }) => stream)).toEqual([release]);
  });

  it('bounds what many small anchors take', () => {
    begin();
    announce(`release/${BUNDLE}` as StreamName);
    const perItem = 1000;
    const enough = HISTORY_BUFFER_MAX_BYTES / 256 / perItem;
    let count = 0;
    for (let end = false; !end && count < enough; count += 1) {
      const blobs = Array.from({ length: perItem }, (_, at) => numbered(count * perItem + at));
      end = cancelled(item({ kind: 'blobs', blobs }));
    }
    expect(count).toBeLessThan(enough);
  });

  it.each([
    ['release', { kind: 'blobs', blobs: [new Uint8Array(1)] }],
    ['charter', 'the charter that is held'],
  ] as const)('cuts off a %s that brings nothing of use for too long', (kind, sent) => {
    begin();
    announce(kind === 'charter' ? 'charter' : `release/${BUNDLE}`);
    const again = typeof sent === 'string' ? entry(realm.charter) : sent;
    expect(cancelled(item(again))).toBe(false);
    nowMs += FETCH_USELESS_MAX_MS;
    expect(cancelled(item(again))).toBe(false);
    nowMs += 5_000;
    expect(cancelled(item(again))).toBe(true);
  });

  it('goes on with a slow one that moves', () => {
    begin();
    announce(`release/${BUNDLE}`);
    for (let at = 0; at < 5; at += 1) {
      nowMs += FETCH_USELESS_MAX_MS - 1;
      const release = realm.nextRelease(BUNDLE, (body) => body);
      expect(cancelled(item(entry(release)))).toBe(false);
    }
    expect(machine.verified.streams.get(`release/${BUNDLE}` as StreamName)?.head?.sequence).toBe(5);
  });

  it('does not take a clock that is set for time that passed', () => {
    begin();
    const release = realm.nextRelease(BUNDLE, (body) => body);
    announce(release.stream);
    wallMs = TEST_EPOCH_MS + 86_400_000;
    expect(cancelled(item(entry(release)))).toBe(false);
  });

  it('tries again what was refused, also when nobody says again that it is there', () => {
    begin();
    const release = realm.nextRelease(BUNDLE, (body) => body);
    wallMs = TEST_EPOCH_MS - 86_400_000;
    announce(release.stream);
    expect(cancelled(item(entry(release)))).toBe(true);
    expect(asked(tick())).toEqual([]);
    wallMs = TEST_EPOCH_MS;
    expect(asked(tick())).toEqual([2]);
    expect(cancelled(item(entry(release), 2))).toBe(false);
    expect(asked(tick())).toEqual([]);
  });

  it('asks seldom for what nothing proves, but at once under another charter', () => {
    const old = realm.nextRelease(BUNDLE, (body) => body, { signers: ['alice', 'bob'] });
    replaceSigners();
    begin();
    announce(old.stream);
    let fetchId = 1;
    let count = 0;
    for (const endMs = nowMs + 3_600_000; nowMs < endMs; nowMs += REPAIR_INTERVAL_MS) {
      const [next] = asked(tick());
      if (next === undefined && fetchId !== 1) continue;
      fetchId = next ?? fetchId;
      item(entry(old), fetchId);
      end(fetchId);
      count += 1;
      fetchId += 1;
    }
    expect(count).toBeGreaterThan(5);
    expect(count).toBeLessThan(15);
    expect(asked(tick())).toEqual([]);
    const charter = realm.nextCharter((body) => body);
    handle({ kind: 'submit', requestId: 1, document: charter.document, blobs: [], recall: {} });
    // Whatever comes next, though it has nothing to do with it.
    expect(asked(stall(0))).toHaveLength(1);
  });

  it('asks for a release again as soon as the charter is there that it lacked', () => {
    begin();
    const charter = realm.nextCharter((body) => body);
    const release = realm.nextRelease(BUNDLE, (body) => body);
    const { stream, sequence, digest } = release;
    frame({ kind: 'held', row: { stream, sequence, digest, forked: false }, revision: 1 });
    expect(asked(item(entry(release)))).toEqual([2]);
    // The charter does not come for so long that the release is tried again, until it rests.
    nowMs += 3_000;
    let [next] = asked(stall(2));
    expect(next).toBe(3);
    while (next !== undefined) [next] = asked(item(entry(release), next));
    handle({ kind: 'submit', requestId: 1, document: charter.document, blobs: [], recall: {} });
    const [again] = fetches(handle({ kind: 'fetch-end', fetchId: 2 }));
    expect(again?.requests).toMatchObject([{ stream }]);
  });

  it('does not ask for ever for what a peer does not have any more', () => {
    begin();
    announce(`release/${BUNDLE}`);
    end(1, new KedgeError('UNAVAILABLE', 'it sent nothing'));
    nowMs += RETRY_PAUSE_MS;
    expect(asked(tick())).toEqual([2]);
    end(2);
    nowMs += RETRY_PAUSE_MS;
    expect(asked(tick())).toEqual([]);
  });

  it('asks the only one that has it again once there is a new way to it', () => {
    begin();
    announce(`release/${BUNDLE}`);
    expect(asked(stall(1))).toEqual([]);
    handle({ kind: 'link-up', linkId: '2', nodeId: PEER.nodeId });
    frame({ kind: 'hello', hello: testHello('fra-1', realm) }, '2');
    const effects = stall(1);
    expect(cancelled(effects)).toBe(true);
    expect(asked(effects)).toEqual([2]);
    for (let looks = 0; looks < 20; looks += 1) expect(asked(stall(2))).toEqual([]);
  });

  it('asks the only one that has it again when it says so again, less often each time', () => {
    begin();
    announce(`release/${BUNDLE}`);
    const looksUntilAsked = (fetchId: number): number => {
      frame({ kind: 'held', row: rowOf(`release/${BUNDLE}`), revision: 1 });
      for (let looks = 1; looks < 100; looks += 1) {
        if (asked(stall(fetchId)).includes(fetchId + 1)) return looks;
      }
      return Infinity;
    };
    expect([1, 2, 3].map(looksUntilAsked)).toEqual([4, 8, 16]);
  });

  it('leaves an answer alone that comes', () => {
    begin();
    announce(`release/${BUNDLE}`);
    for (let looks = 0; looks < 20; looks += 1) {
      frame({ kind: 'held', row: rowOf(`release/${BUNDLE}`), revision: 1 });
      item(entry(realm.nextRelease(BUNDLE, (body) => body)));
      expect(cancelled(stall(1))).toBe(false);
    }
  });

  describe('of several streams', () => {
    const names = ['a.test.example.org', 'b.test.example.org', 'c.test.example.org'];
    let releases: readonly TestRelease[];
    const over = { kind: 'over', outcome: 'sent' } as const;

    beforeEach(() => {
      begin();
      releases = names.map((name) => realm.nextRelease(name, (body) => body));
    });

    it('is one fetch that brings one after the other', () => {
      const [fetch] = fetches(rows());
      expect(fetch?.requests.map(({ stream }) => stream)).toEqual(
        releases.map(({ stream }) => stream),
      );
      for (const release of releases) {
        item(entry(release));
        item(over);
      }
      expect(heads()).toEqual([1, 1, 1]);
      expect(rows().some(({ kind }) => kind === 'fetch')).toBe(false);
    });

    it('asks for the rest again when one of them is refused', () => {
      rows();
      const refused = item({ kind: 'entry', entry: push(releases[2] ?? realm.charter) });
      expect(cancelled(refused)).toBe(true);
      expect(fetches(refused)[0]?.requests).toHaveLength(2);
    });

    it('asks for the rest again when an older peer answers the first alone', () => {
      rows();
      item(entry(releases[0] ?? realm.charter));
      const ended = handle({ kind: 'fetch-end', fetchId: 1 });
      expect(fetches(ended)[0]?.requests).toHaveLength(2);
      expect(heads()).toEqual([1, 0, 0]);
    });

    it('asks for all of them again a moment after the peer was not reached', () => {
      rows();
      const error = new KedgeError('UNAVAILABLE', 'hung up');
      expect(fetches(handle({ kind: 'fetch-end', fetchId: 1, error }))).toEqual([]);
      nowMs += REPAIR_INTERVAL_MS;
      expect(fetches(tick())[0]?.requests).toHaveLength(3);
    });

    it('asks for all that is left again once there is a new way to the peer', () => {
      rows();
      item(entry(releases[0] ?? realm.charter));
      item(over);
      stall(1);
      handle({ kind: 'link-up', linkId: '2', nodeId: PEER.nodeId });
      frame({ kind: 'hello', hello: testHello('fra-1', realm) }, '2');
      expect(fetches(stall(1))[0]?.requests).toHaveLength(2);
    });

    it('goes on after a stream that the peer lacks a part of', () => {
      rows();
      item(entry(releases[0] ?? realm.charter));
      item({ kind: 'over', outcome: 'missing' });
      item(entry(releases[1] ?? realm.charter));
      item(over);
      expect(heads()).toEqual([1, 1, 0]);
    });

    it('holds it against a peer that it sends nothing of what it says to hold', () => {
      let cutOffs = 0;
      for (let times = 1; times <= 12; times += 1) {
        const [fetch] = fetches(rows());
        const fetchId = fetch?.fetchId ?? 0;
        for (const effect of handle({ kind: 'fetch-item', fetchId, item: over, recall: {} })) {
          if (effect.kind === 'notice' && effect.notice.kind === 'cut-off') cutOffs += 1;
        }
        nowMs += RETRY_PAUSE_MS;
      }
      expect(cutOffs).toBe(1);
      expect(machine.conduct(PEER.nodeId)?.lastFault).toContain('and sends nothing');
    });

    it('holds nothing against a peer that pushed what it has not written yet', () => {
      const ahead = realm.nextRelease(names[0] ?? '', (body) => body);
      const pushed = frame({ kind: 'push', push: push(ahead), origin: PEER.region });
      const fetchId = fetches(pushed)[0]?.fetchId ?? 0;
      handle({ kind: 'fetch-end', fetchId });
      expect(machine.conduct(PEER.nodeId)).toBeUndefined();
    });

    /** The peer shows what it holds. */
    function rows(): readonly GossipEffect[] {
      const shown = releases.map(({ stream, sequence, digest }) => ({
        stream,
        sequence,
        digest,
        forked: false,
      }));
      return frame({ kind: 'rows', rows: { rows: shown, buckets: [] } });
    }

    function heads(): readonly number[] {
      const { streams } = machine.verified;
      return releases.map(({ stream }) => streams.get(stream)?.head?.sequence ?? 0);
    }
  });

  it('reads the signatures of what waits a fixed number of times', () => {
    const short = readsOf(20);
    realm = createTestRealm();
    expect(readsOf(40)).toBeLessThan(3 * short);
  });

  /** Fetches a history whose signers have all left, and a head of today. */
  function readsOf(length: number): number {
    const old = Array.from({ length }, () =>
      realm.nextRelease(BUNDLE, (body) => body, { signers: ['alice', 'bob'] }),
    );
    replaceSigners();
    const head = realm.nextRelease(BUNDLE, (body) => body, { signers: ['dave', 'erin'] });
    begin();
    announce(head.stream);
    let reads = 0;
    for (const release of [...old, head]) {
      const { payload, signatures } = release.document.statement;
      const statement = {
        payload,
        get signatures() {
          reads += 1;
          return signatures;
        },
      };
      expect(cancelled(item({ kind: 'entry', entry: { ...push(release), statement } }))).toBe(
        false,
      );
    }
    expect(machine.verified.streams.get(head.stream)?.head?.sequence).toBe(length + 1);
    return reads;
  }

  function replaceSigners(): void {
    const added = ['dave', 'erin'].map((name) => realm.addSigner(name));
    const carol = parseSignerId('carol');
    const ids = [carol, ...added.map(({ id }) => id)];
    realm.nextCharter((charter) => ({
      ...charter,
      signers: [
        ...charter.signers.filter(({ id }) => id === carol),
        ...added.map(({ id, key }) => ({ id, owner: id, keys: [key.publicKey] })),
      ],
      roles: {
        ...charter.roles,
        charter: { ...charter.roles.charter, signers: ids },
        release: { ...charter.roles.release, signers: ids },
      },
    }));
  }

  /** A node that holds the charters alone, with one peer. */
  function begin(): void {
    let state = emptyTrustedState(realm.name, realm.firstCharterDigest);
    for (const { document, issuedMs } of realm.charters) {
      const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
      ({ state } = acceptDocument(state, offer, issuedMs));
    }
    const self = testHello('iad-1', realm);
    const membership = testMembership(self);
    machine = new GossipMachine({ self, hasSeeds: false, membership, state, random: () => 0.5 });
    handle({ kind: 'link-up', linkId: '1', nodeId: PEER.nodeId });
    frame({ kind: 'hello', hello: testHello('fra-1', realm) });
  }

  function announce(stream: string): void {
    const effects = frame({ kind: 'held', row: rowOf(stream), revision: 1 });
    expect(fetches(effects)).toHaveLength(1);
  }

  function item(sent: FetchItem, fetchId = 1): readonly GossipEffect[] {
    return handle({ kind: 'fetch-item', fetchId, item: sent, recall: {} });
  }

  function end(fetchId: number, error?: KedgeError): void {
    handle({ kind: 'fetch-end', fetchId, ...(error !== undefined && { error }) });
  }

  function stall(fetchId: number): readonly GossipEffect[] {
    return handle({ kind: 'timer', timer: { name: 'fetch', fetchId } });
  }

  function tick(): readonly GossipEffect[] {
    return handle({ kind: 'timer', timer: { name: 'repair' } });
  }

  function frame(
    sent: Extract<GossipEvent, { kind: 'frame' }>['frame'],
    linkId = '1',
  ): readonly GossipEffect[] {
    return handle({ kind: 'frame', linkId, frame: sent, recall: {} });
  }

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, wallMs ?? nowMs, nowMs);
  }
});

/** What a peer has that is far ahead. */
function rowOf(stream: string): Row {
  return { stream: stream as StreamName, sequence: 1000, digest: NO_PREVIOUS, forked: false };
}

function fetches(
  effects: readonly GossipEffect[],
): readonly Extract<GossipEffect, { kind: 'fetch' }>[] {
  return effects.filter((effect) => effect.kind === 'fetch');
}

/** The ids of the fetches that begin. */
function asked(effects: readonly GossipEffect[]): readonly number[] {
  return fetches(effects).map(({ fetchId }) => fetchId);
}

function cancelled(effects: readonly GossipEffect[]): boolean {
  return effects.some(({ kind }) => kind === 'cancel-fetch');
}

function push({ document }: Pick<TestRelease, 'document'>): Push {
  const { statement, body } = document;
  return { statement, content: { kind: 'whole', body }, blobs: [] };
}

function entry(document: Pick<TestRelease, 'document'>): FetchItem {
  return { kind: 'entry', entry: push(document) };
}

function numbered(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

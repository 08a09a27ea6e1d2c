import { beforeEach, describe, expect, it } from 'vitest';
import type { GossipEffect, GossipEvent } from '../../../src/core/gossip/events.ts';
import { type Frame, type Hello, PROTOCOL_VERSION } from '../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../src/core/gossip/machine.ts';
import { LINK_FAULTS_MAX } from '../../../src/core/gossip/peers.ts';
import { REPAIR_INTERVAL_MS } from '../../../src/core/gossip/repair.ts';
import { NO_PREVIOUS, parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import { emptyTrustedState } from '../../../src/core/trusted/state.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../src/testing/simulated-clock.ts';

const PEER = { nodeId: parseNodeId('fra-1'), region: parseRegionName('fra') };

describe('GossipMachine', () => {
  let realm: TestRealm;
  let machine: GossipMachine;

  beforeEach(() => {
    realm = createTestRealm();
    machine = new GossipMachine({
      self: hello('iad-1', 'iad'),
      peers: [PEER.nodeId],
      state: emptyTrustedState(realm.name, realm.firstCharterDigest),
      random: () => 0.5,
    });
  });

  it('dials every peer and arms repair at start', () => {
    expect(handle({ kind: 'start' })).toEqual([
      { kind: 'dial', nodeId: PEER.nodeId },
      { kind: 'arm', timer: { name: 'repair' }, delayMs: REPAIR_INTERVAL_MS / 2 },
    ]);
  });

  it('greets, then compares roots', () => {
    expect(kinds(linkUp())).toEqual(['hello']);
    expect(kinds(frame({ kind: 'hello', hello: hello('fra-1', 'fra') }))).toEqual(['digest']);
  });

  it('dials a peer again for ever after its link went down', () => {
    linkUp();
    const [effect] = handle({ kind: 'link-down', linkId: '1' });
    expect(effect).toMatchObject({ kind: 'arm', timer: { name: 'dial', nodeId: PEER.nodeId } });
  });

  it.each([
    ['another realm', { realm: createTestRealm({ realm: 'other.example.org' }).name }, 'REALM'],
    ['another first charter', { firstCharterDigest: NO_PREVIOUS }, 'REALM'],
    ['another name than its certificate', { nodeId: parseNodeId('sin-1') }, 'ACCESS'],
    ['another region than its certificate', { region: parseRegionName('sin') }, 'ACCESS'],
    ['an older protocol', { protocolVersion: PROTOCOL_VERSION - 1 }, 'TYPE'],
  ])('hangs up on a peer of %s', (_, change, code) => {
    linkUp();
    const effects = frame({ kind: 'hello', hello: { ...hello('fra-1', 'fra'), ...change } });
    expect(effects.find((effect) => effect.kind === 'close')).toMatchObject({ error: { code } });
  });

  it('hangs up on a peer that does not greet first', () => {
    linkUp();
    const effects = frame({ kind: 'rows-ask', since: 0 });
    expect(effects.find((effect) => effect.kind === 'close')).toMatchObject({
      error: { code: 'PARSE' },
    });
  });

  it('forwards before it persists, and serves and acknowledges only after', () => {
    greet();
    const submitted = handle({
      kind: 'submit',
      requestId: 7,
      document: realm.charter.document,
      blobs: [],
      recall: {},
    });
    expect(submitted.map((effect) => effect.kind)).toEqual(['send', 'persist']);
    expect(kinds(submitted)).toEqual(['push']);
    expect(machine.durable.charters).toHaveLength(0);
    const persisted = handle({ kind: 'persisted', batchId: 1 });
    expect(persisted.map((effect) => effect.kind)).toEqual(['serve', 'reply', 'send']);
    expect(kinds(persisted)).toEqual(['held']);
    expect(machine.durable.charters).toHaveLength(1);
  });

  it('gives up every batch under way when the disk refuses', () => {
    const { document } = realm.charter;
    const recall = {};
    handle({ kind: 'submit', requestId: 1, document, blobs: [], recall });
    handle({ kind: 'submit', requestId: 2, document, blobs: [], recall });
    const cause = new Error('no room') as never;
    const effects = handle({ kind: 'persist-failed', batchId: 1, error: cause });
    expect(effects.filter((effect) => effect.kind === 'reply')).toMatchObject([
      { requestId: 1, result: { kind: 'refused' } },
      { requestId: 2, result: { kind: 'refused' } },
    ]);
    expect(machine.verified).toBe(machine.durable);
    expect(handle({ kind: 'persisted', batchId: 1 })).toEqual([]);
  });

  it('closes a link after a bounded number of faults, and changes nothing', () => {
    greet();
    const before = machine.verified;
    const push = {
      statement: { payload: new Uint8Array([1]), signatures: [] },
      content: { kind: 'whole', body: new Uint8Array(0) },
      blobs: [],
    } as const;
    const closed = Array.from({ length: LINK_FAULTS_MAX }, () => frame({ kind: 'push', push }))
      .flat()
      .filter((effect) => effect.kind === 'close');
    expect(closed).toHaveLength(1);
    expect(machine.verified).toBe(before);
  });

  function hello(nodeId: string, region: string): Hello {
    return {
      protocolVersion: PROTOCOL_VERSION,
      nodeId: parseNodeId(nodeId),
      region: parseRegionName(region),
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      bootId: '0'.repeat(32),
      storeId: '0'.repeat(32),
    };
  }

  function handle(event: GossipEvent): readonly GossipEffect[] {
    return machine.handle(event, TEST_EPOCH_MS);
  }

  function linkUp(): readonly GossipEffect[] {
    return handle({ kind: 'link-up', linkId: '1', peer: PEER, direction: 'dialled' });
  }

  function frame(sent: Frame): readonly GossipEffect[] {
    return handle({ kind: 'frame', linkId: '1', frame: sent, recall: {} });
  }

  function greet(): void {
    linkUp();
    frame({ kind: 'hello', hello: hello('fra-1', 'fra') });
  }
});

/** The kinds of the frames that are sent. */
function kinds(effects: readonly GossipEffect[]): string[] {
  return effects.flatMap((effect) => (effect.kind === 'send' ? [effect.frame.kind] : []));
}

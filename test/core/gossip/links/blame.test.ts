/**
 * Conformance H08: between a liar and a victim stands an honest node. What the liar sends ends
 * there, and of what the honest one passes on nothing is held against it.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/crypto.ts';
import type { GossipEffect } from '../../../../src/core/gossip/events.ts';
import type { Frame } from '../../../../src/core/gossip/frames.ts';
import { GossipMachine } from '../../../../src/core/gossip/machine.ts';
import {
  type NodeId,
  parseNodeId,
  parseRegionName,
  parseSignerId,
} from '../../../../src/core/ids.ts';
import type { SignedDocument, SignedStatement } from '../../../../src/core/statements/envelope.ts';
import { emptyTrustedState, forkOf, headOf } from '../../../../src/core/trusted/state.ts';
import { addActive, createTestAnchor } from '../../../../src/testing/anchors.ts';
import { testHello, testMembership } from '../../../../src/testing/members.ts';
import {
  createTestRealm,
  type TestDocument,
  type TestRealm,
} from '../../../../src/testing/realm.ts';
import { TEST_EPOCH_MS } from '../../../../src/testing/simulated-clock.ts';

const LIAR = parseNodeId('gru-1');
const RELAY = parseNodeId('iad-1');
const VICTIM = parseNodeId('fra-1');
const BUNDLE = 'payments.example.org';
/** More than any peer is allowed. */
const MANY = 40;
const anchor = createTestAnchor('blame');

describe('a relay between a liar and a victim (H08)', () => {
  let realm: TestRealm;
  let relay: GossipMachine;
  let victim: GossipMachine;

  beforeEach(() => {
    realm = createTestRealm();
    relay = machineOf(RELAY);
    victim = machineOf(VICTIM);
    link(relay, LIAR);
    link(relay, VICTIM);
    link(victim, RELAY);
    spread(realm.charter);
  });

  it('passes nothing on that nobody signed, and cuts the liar off alone', () => {
    const base = realm.nextRelease(BUNDLE, addActive(anchor));
    const forged = { ...base.document, statement: { ...base.document.statement, signatures: [] } };
    const sent: readonly GossipEffect[] = Array.from({ length: MANY }, () =>
      take(relay, LIAR, pushOf(forged)),
    ).flat();
    expect(framesTo(sent, VICTIM).filter(({ kind }) => kind === 'push')).toEqual([]);
    expect(sent.filter(({ kind }) => kind === 'close')).toMatchObject([{ linkId: LIAR }]);
    expect(relay.conduct(LIAR)).toMatchObject({ cutOffs: 1 });
  });

  it('passes a good statement on without the garbage that came with it', () => {
    const base = realm.nextRelease(BUNDLE, addActive(anchor));
    const { statement } = base.document;
    const garbage = { keyId: '', signature: new Uint8Array(64) };
    const dirty: SignedStatement = {
      ...statement,
      signatures: [...statement.signatures, ...Array.from({ length: 60 }, () => garbage)],
    };
    const frames = pass(take(relay, LIAR, pushOf({ ...base.document, statement: dirty })));
    const pushed = frames.find(({ kind }) => kind === 'push');
    expect(pushed).toMatchObject({ push: { statement } });
    expect(headOf(victim.verified, base.stream)?.digest).toBe(base.digest);
    expect(victim.conduct(RELAY)).toBeUndefined();
  });

  it('verifies little of what a liar pushes in the place of a fork, and blames it for that', () => {
    const base = realm.nextRelease(BUNDLE, addActive(anchor));
    const at = (note: string): SignedDocument =>
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note }), { after: base }).document;
    for (const document of [base.document, at('a'), at('b')]) take(relay, LIAR, pushOf(document));
    const fork = forkOf(relay.verified, base.stream);
    if (fork === undefined) throw new Error('there is no fork');
    let count = 0;
    for (let note = 0; count < MANY; note += 1) {
      const { statement, body } = at(String(note));
      if (sha256(statement.payload) > sha256(fork.second.payload)) continue;
      count += 1;
      take(relay, LIAR, pushOf({ statement: { ...statement, signatures: [] }, body }));
    }
    expect(relay.conduct(LIAR)).toMatchObject({ faults: 8, cutOffs: 0 });
    expect(relay.conduct(LIAR)?.lastFault).toContain('FORK');
    expect(forkOf(relay.verified, base.stream)).toEqual(fork);
  });

  it('is blamed for nothing that was signed under a charter which the victim has left', () => {
    const base = realm.nextRelease(BUNDLE, addActive(anchor));
    spread(base);
    // The victim knows of a charter that the relay has not got yet.
    const [gone = '', ...stay] = realm.signers.map(({ id }) => id);
    const signers = [gone, ...stay.slice(0, 1)];
    const old = Array.from({ length: MANY }, (_, at) =>
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note: String(at) }), {
        after: base,
        signers,
      }),
    );
    const next = realm.nextCharter(({ roles, ...charter }) => ({
      ...charter,
      roles: { ...roles, release: { ...roles.release, signers: stay.map(parseSignerId) } },
    }));
    take(victim, RELAY, pushOf(next.document));
    for (const release of old) {
      const effects = take(victim, RELAY, pushOf(release.document));
      expect(effects.filter(({ kind }) => kind === 'close')).toEqual([]);
    }
    expect(victim.conduct(RELAY)?.cutOffs ?? 0).toBe(0);
    expect(headOf(victim.verified, base.stream)?.digest).toBe(base.digest);
  });

  function machineOf(name: NodeId): GossipMachine {
    const self = testHello(name, realm);
    const machine = new GossipMachine({
      self,
      hasSeeds: true,
      membership: testMembership(self),
      state: emptyTrustedState(realm.name, realm.firstCharterDigest),
      random: () => 0.5,
    });
    machine.handle({ kind: 'start' }, TEST_EPOCH_MS);
    return machine;
  }

  /** The peer connects and greets; its link has its name. */
  function link(machine: GossipMachine, peer: NodeId): void {
    machine.handle({ kind: 'link-up', linkId: peer, nodeId: peer }, TEST_EPOCH_MS);
    take(machine, peer, { kind: 'hello', hello: testHello(peer, realm) });
  }

  function take(machine: GossipMachine, from: NodeId, frame: Frame): readonly GossipEffect[] {
    return machine.handle({ kind: 'frame', linkId: from, frame, recall: {} }, TEST_EPOCH_MS);
  }

  /** The liar, honest for once, sends a document, and the relay passes it on. */
  function spread({ document }: TestDocument): void {
    pass(take(relay, LIAR, pushOf(document)));
  }

  /** What the relay sends the victim arrives. */
  function pass(effects: readonly GossipEffect[]): readonly Frame[] {
    const frames = framesTo(effects, VICTIM);
    for (const frame of frames) take(victim, RELAY, frame);
    return frames;
  }
});

function pushOf({ statement, body }: SignedDocument): Frame {
  const push = { statement, content: { kind: 'whole', body }, blobs: [anchor.der] } as const;
  return { kind: 'push', push, origin: parseRegionName('gru') };
}

function framesTo(effects: readonly GossipEffect[], peer: NodeId): readonly Frame[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.linkId === peer ? [effect.frame] : [],
  );
}

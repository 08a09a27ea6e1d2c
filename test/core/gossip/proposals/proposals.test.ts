import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { sha256 } from '../../../../src/core/crypto.ts';
import { parseBundleName, releaseStream } from '../../../../src/core/ids.ts';
import type { Proposal } from '../../../../src/core/proposals/model.ts';
import { signStatement } from '../../../../src/core/statements/sign.ts';
import { createTestAnchors } from '../../../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm } from '../../../../src/testing/realm.ts';
import { BUNDLE, propose, withdraw } from '../../proposals/support.ts';
import { type Fate, ProposalNetwork } from './proposal-network.ts';

const NAMES = ['iad-1', 'iad-2', 'fra-1', 'sin-1'];
const STREAM = releaseStream(parseBundleName(BUNDLE));
const DAY_MS = 86_400_000;
const anchors = createTestAnchors(2);

describe('proposals between nodes', () => {
  let realm: TestRealm;

  beforeEach(() => {
    realm = createTestRealm({ signers: 5 });
  });

  function by(signer: string, which: number = 0): Proposal {
    const anchor = anchors[which];
    if (anchor === undefined) throw new Error('no such anchor');
    return propose(realm, anchor, [signer]);
  }

  it('are everywhere at once, and a release at the moment of the last signature', () => {
    const network = new ProposalNetwork(realm, NAMES);
    network.propose(0, by('alice'));
    network.deliverAll();
    expect(network.signers()).toEqual(['alice', 'alice', 'alice', 'alice']);
    network.propose(2, by('bob'));
    network.deliverAll();
    expect(network.signers()).toEqual(Array.from({ length: 4 }, () => 'alice+bob'));
    expect(network.heads(STREAM)).toEqual([0, 0, 0, 0]);
    network.propose(3, by('carol'));
    network.deliverAll();
    expect(network.heads(STREAM)).toEqual([1, 1, 1, 1]);
    expect(network.signers()).toEqual(['', '', '', '']);
    expect(network.answers.map(({ kind }) => kind)).toEqual(['kept', 'kept', 'kept']);
  });

  it('are noticed by each node with who brought them', () => {
    const network = new ProposalNetwork(realm, NAMES.slice(0, 2));
    network.propose(0, by('alice'));
    network.deliverAll();
    network.propose(1, by('bob'));
    network.deliverAll();
    expect(network.told).toEqual([
      [0, 'opened', 'admin', 'admin-of-0'],
      [1, 'opened', 'peer', NAMES[0]],
      [1, 'signed', 'admin', 'admin-of-1'],
      [0, 'signed', 'peer', NAMES[1]],
    ]);
  });

  it('are published once by each node, whoever sees the last signature', () => {
    const network = new ProposalNetwork(realm, NAMES);
    for (const [at, name] of ['alice', 'bob', 'carol', 'signer-4'].entries()) {
      network.propose(at, by(name));
    }
    network.deliverAll();
    network.heal();
    expect(network.heads(STREAM)).toEqual([1, 1, 1, 1]);
    expect(Math.max(...network.published)).toBe(1);
  });

  it('of which two are for one place: the first with a quorum has it, and nothing forks', () => {
    const network = new ProposalNetwork(realm, NAMES);
    network.propose(0, by('alice', 0));
    network.propose(1, by('signer-4', 1));
    network.deliverAll();
    network.propose(1, by('signer-5', 1));
    network.propose(2, by('bob', 0));
    network.propose(3, by('carol', 0));
    network.deliverAll();
    expect(network.heads(STREAM)).toEqual([1, 1, 1, 1]);
    expect(network.signers()).toEqual(['', '', '', '']);
    const { streams } = network.machine(1).durable;
    expect([...streams.values()].map(({ kind }) => kind)).toEqual(['open']);
    network.propose(1, by('carol', 1));
    const last = network.answers.at(-1);
    expect(last?.kind === 'refused' && last.error.code).toBe('CONFLICT');
  });

  it('may be charters: they come into force with both quorums', () => {
    const network = new ProposalNetwork(realm, NAMES);
    const { document } = realm.nextCharter((charter) => ({ ...charter, note: 'next' }), {
      signers: [],
    });
    const { payload } = document.statement;
    for (const [at, { key }] of realm.signers.slice(0, 3).entries()) {
      const statement = signStatement(payload, [key]);
      network.propose(at, { document: { statement, body: document.body }, blobs: [] });
      network.deliverAll();
    }
    const versions = NAMES.map((_, at) => network.machine(at).durable.charters.length);
    expect(versions).toEqual([2, 2, 2, 2]);
    expect(network.signers()).toEqual(['', '', '', '']);
  });

  it('outlive every process while one node holds them', () => {
    const network = new ProposalNetwork(realm, NAMES);
    network.propose(0, by('alice'));
    network.propose(0, by('bob'));
    network.deliverAll();
    for (const at of NAMES.keys()) network.restart(at);
    expect(network.signers()).toEqual(Array.from({ length: 4 }, () => 'alice+bob'));
    network.heal();
    network.propose(3, by('carol'));
    network.deliverAll();
    expect(network.heads(STREAM)).toEqual([1, 1, 1, 1]);
  });

  it('are not called kept while the disk refuses, and written when it does not any more', () => {
    const network = new ProposalNetwork(realm, NAMES);
    network.refusing.add(0);
    network.propose(0, by('alice'));
    const [answer] = network.answers;
    expect(answer?.kind === 'refused' && answer.error.code).toBe('STORE');
    network.refusing.clear();
    network.tick(0);
    network.restart(0);
    expect(network.signers()[0]).toBe('alice');
  });

  it('that are withdrawn do not come back from a node that was away', () => {
    const network = new ProposalNetwork(realm, NAMES);
    const proposal = by('alice');
    network.propose(0, proposal);
    network.deliverAll();
    for (const to of [0, 1, 2]) network.cut(3, to);
    network.withdraw(1, withdraw(realm, proposal, 'alice'));
    network.deliverAll();
    expect(network.signers()).toEqual(['', '', '', 'alice']);
    network.restart(1);
    network.heal();
    expect(network.signers()).toEqual(['', '', '', '']);
    expect(network.machine(3).proposals.ended.map(({ end, by: who }) => [end, who])).toEqual([
      ['withdrawn', 'alice'],
    ]);
  });

  it('end with their time, on disk too', () => {
    const network = new ProposalNetwork(realm, NAMES);
    network.propose(0, by('alice'));
    network.deliverAll();
    network.nowMs += 14 * DAY_MS;
    for (const at of NAMES.keys()) network.tick(at);
    expect(network.signers()).toEqual(['', '', '', '']);
    network.restart(0);
    expect(network.machine(0).proposals.open).toEqual([]);
  });

  it.each([
    ['behind', -DAY_MS],
    ['ahead', 14 * DAY_MS],
  ])('are asked for once a clock that was %s is right, not often before', (_, byMs) => {
    const network = new ProposalNetwork(realm, NAMES);
    network.clockErrors.set(3, byMs);
    network.propose(0, by('alice'));
    network.heal();
    network.heal();
    expect(network.signers()).toEqual(['alice', 'alice', 'alice', '']);
    const whole = network.sent.filter(({ kind }) => kind === 'proposal');
    // Each is told once, and the one whose clock is wrong at most once more by each of the others.
    expect(whole.length).toBeLessThanOrEqual(2 * 3);
    network.clockErrors.clear();
    for (const at of NAMES.keys()) network.tick(at);
    network.deliverAll();
    network.heal();
    expect(network.signers()).toEqual(Array.from({ length: 4 }, () => 'alice'));
  });

  it('are published once the clock is right that was wrong when the last signature came', () => {
    const network = new ProposalNetwork(realm, NAMES.slice(0, 1));
    network.propose(0, by('alice'));
    network.propose(0, by('bob'));
    network.clockErrors.set(0, -DAY_MS);
    network.propose(0, by('carol'));
    network.heal();
    expect(network.heads(STREAM)).toEqual([0]);
    network.clockErrors.clear();
    network.heal();
    expect(network.heads(STREAM)).toEqual([1]);
  });

  it('stay on disk when a node starts while its clock is behind', () => {
    const network = new ProposalNetwork(realm, NAMES.slice(0, 1));
    network.propose(0, by('alice'));
    network.clockErrors.set(0, -365 * DAY_MS);
    network.restart(0);
    network.restart(0);
    expect(network.signers()).toEqual(['alice']);
  });

  it('come back when the clock was far ahead at the start, and stay on disk until then', () => {
    const network = new ProposalNetwork(realm, NAMES.slice(0, 1));
    network.propose(0, by('alice'));
    network.clockErrors.set(0, 15 * DAY_MS);
    network.restart(0);
    network.restart(0);
    expect(network.signers()).toEqual(['']);
    network.clockErrors.clear();
    network.tick(0);
    expect(network.signers()).toEqual(['alice']);
    network.restart(0);
    expect(network.signers()).toEqual(['alice']);
  });

  it('come back when the clock goes far ahead and back while a node runs', () => {
    const network = new ProposalNetwork(realm, NAMES.slice(0, 1));
    network.propose(0, by('alice'));
    network.clockErrors.set(0, 15 * DAY_MS);
    network.tick(0);
    expect(network.signers()).toEqual(['']);
    network.clockErrors.clear();
    network.tick(0);
    expect(network.signers()).toEqual(['alice']);
  });

  it('that were withdrawn stay so when the clock was far ahead', () => {
    const network = new ProposalNetwork(realm, NAMES.slice(0, 1));
    const proposal = by('alice');
    network.propose(0, proposal);
    network.withdraw(0, withdraw(realm, proposal, 'alice'));
    network.clockErrors.set(0, 15 * DAY_MS);
    network.restart(0);
    network.clockErrors.clear();
    network.tick(0);
    network.propose(0, proposal);
    expect(network.signers()).toEqual(['']);
  });

  it('that are over go after a day of the process, wherever the clock stands', () => {
    const network = new ProposalNetwork(realm, NAMES.slice(0, 1));
    network.propose(0, by('alice'));
    network.clockErrors.set(0, 15 * DAY_MS);
    network.restart(0);
    network.nowMs += DAY_MS;
    network.tick(0);
    network.clockErrors.clear();
    network.tick(0);
    expect(network.signers()).toEqual(['']);
    network.restart(0);
    expect(network.signers()).toEqual(['']);
  });

  it('go around a node that knows nothing of them, which gets the release all the same', () => {
    const network = new ProposalNetwork(realm, NAMES, new Set(['iad-2']));
    network.propose(0, by('alice'));
    network.propose(0, by('bob'));
    network.deliverAll();
    expect(network.signers()[1]).toBe('');
    network.propose(2, by('carol'));
    network.deliverAll();
    network.heal();
    expect(network.heads(STREAM)).toEqual([1, 1, 1, 1]);
  });

  it('without a valid signature are neither kept nor passed on', () => {
    const network = new ProposalNetwork(realm, NAMES);
    const { document, blobs } = by('alice');
    const forged = document.statement.signatures.map(({ keyId }) => ({
      keyId,
      signature: new Uint8Array(64),
    }));
    const statement = { payload: document.statement.payload, signatures: forged };
    const origin = network.machine(0).neighbours()[0]?.region;
    if (origin === undefined) throw new Error('no region');
    const proposal = { document: { statement, body: document.body }, blobs };
    for (let time = 0; time < 50; time += 1) {
      network.forge(0, 1, { kind: 'proposal', proposal, origin });
    }
    expect(network.signers()).toEqual(['', '', '', '']);
    expect(network.sent).toEqual([]);
  });

  it('come in from others after somebody sent a false body or no signature with them', () => {
    const network = new ProposalNetwork(realm, NAMES);
    const { document, blobs } = by('alice');
    const { statement } = document;
    const body = by('alice', 1).document.body;
    const bare = { payload: statement.payload, signatures: [] };
    const false1 = { document: { statement, body }, blobs };
    const false2 = { document: { statement: bare, body: document.body }, blobs };
    for (const proposal of [false1, false2]) network.forge(0, 1, { kind: 'proposal', proposal });
    expect(network.signers()[1]).toBe('');
    network.propose(2, { document, blobs });
    network.deliverAll();
    expect(network.signers()[1]).toBe('alice');
  });

  it('of a peer that floods cost a bounded number of checks, and those of others come in', () => {
    const network = new ProposalNetwork(realm, NAMES);
    network.propose(0, by('alice'));
    network.deliverAll();
    const { payload } = by('alice').document.statement;
    const garbage = Array.from({ length: 63 }, (_, at) => ({
      keyId: sha256(Uint8Array.of(at)),
      signature: new Uint8Array(64),
    }));
    for (const signatures of [garbage, garbage.slice(0, 1)]) {
      const frame = { kind: 'proposal-signed' as const, statement: { payload, signatures } };
      for (let time = 0; time < 100; time += 1) network.forge(0, 1, frame);
    }
    const { statement } = by('bob').document;
    network.forge(0, 1, { kind: 'proposal-signed', statement });
    expect(network.signers()[1]).toBe('alice');
    network.forge(2, 1, { kind: 'proposal-signed', statement });
    expect(network.signers()[1]).toBe('alice+bob');
  });

  it('come to the same everywhere on a bad network, and publish nothing without its quorum', () => {
    const names = realm.signers.map(({ id }) => id);
    const node = fc.nat({ max: NAMES.length - 1 });
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('propose' as const),
        at: node,
        signer: fc.nat({ max: names.length - 1 }),
      }),
      fc.record({ kind: fc.constantFrom('cut' as const, 'join'), at: node, to: node }),
      fc.record({ kind: fc.constantFrom('tick' as const, 'restart'), at: node }),
      fc.record({
        kind: fc.constant('deliver' as const),
        fates: fc.array(fc.constantFrom<Fate>('arrives', 'lost', 'twice'), { maxLength: 30 }),
      }),
    );
    // An honest signer signs one statement per place: the ledger sees to it.
    const proposals = names.map((name, at) => by(name, at < 3 ? 0 : 1));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const network = new ProposalNetwork(realm, NAMES);
        const signed = new Set<number>();
        for (const one of steps) {
          if (one.kind === 'propose') {
            const proposal = proposals[one.signer];
            if (proposal !== undefined) network.propose(one.at, proposal);
            signed.add(one.signer);
          } else if (one.kind === 'deliver') network.deliver(one.fates);
          else if (!('to' in one)) network[one.kind](one.at);
          else if (one.at !== one.to) network[one.kind](one.at, one.to);
        }
        network.heal();
        const isPublished = [0, 1, 2].every((at) => signed.has(at));
        expect(network.heads(STREAM)).toEqual(NAMES.map(() => (isPublished ? 1 : 0)));
        const [first, ...others] = network.signers();
        for (const other of others) {
          expect(other.split(' ').sort()).toEqual(first?.split(' ').sort());
        }
        if (isPublished) expect(first).toBe('');
      }),
      { numRuns: 25 },
    );
  });
});

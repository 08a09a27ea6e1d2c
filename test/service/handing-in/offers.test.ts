import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import type { GossipEvent, Recall } from '../../../src/core/gossip/events.ts';
import { entryOf } from '../../../src/core/proposals/entry.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import { emptyTrustedState } from '../../../src/core/trusted/state.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import type { PolicyPhase } from '../../../src/ports/policy.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { Offers } from '../../../src/service/handing-in/offers.ts';
import { addActive, createTestAnchor } from '../../../src/testing/anchors.ts';
import { createTestRealm } from '../../../src/testing/realm.ts';

describe('Offers', () => {
  const realm = createTestRealm();
  const anchor = createTestAnchor('CA');
  const release = realm.nextRelease('a.example.org', addActive(anchor));
  const { document, digest, stream, sequence } = release;
  const proposal = { document, blobs: [anchor.der] };
  const statement = parseStatement(document.statement.payload);
  const support = { signers: [], signatures: document.statement.signatures };
  const [signature] = document.statement.signatures;
  if (signature === undefined) throw new Error('no signature');
  const withdrawal = { statement: document.statement, signature };
  const open = entryOf({ statement, proposal, next: undefined, support });
  let phases: (PolicyPhase | undefined)[];
  let events: GossipEvent[];
  let told: (string | undefined)[];
  let isComplete: boolean;
  let refusal: KedgeError | undefined;
  let recalling: Promise<Recall> | undefined;
  let offers: Offers;
  let readiness: readonly (KedgeError | undefined)[];
  let work: Promise<void>[];
  let isDiskFull: boolean;

  beforeEach(() => {
    phases = [];
    events = [];
    told = [];
    isComplete = false;
    refusal = undefined;
    recalling = undefined;
    readiness = [];
    work = [];
    isDiskFull = false;
    offers = new Offers({
      clock: systemClock,
      logger: noLogger,
      machine: {
        verified: emptyTrustedState(realm.name, realm.firstCharterDigest),
        proposals: {
          open: [],
          ended: [],
          find: () => (isComplete ? open : undefined),
          isComplete: () => isComplete,
        },
      },
      store: {
        keepProposals: () =>
          isDiskFull ? Promise.reject(new Error('no space')) : Promise.resolve(),
      },
      gate: {
        check: (_, _blobs, phase, known) => {
          phases.push(phase);
          if (phase === 'submission') told.push(known);
          return refusal === undefined ? Promise.resolve() : Promise.reject(refusal);
        },
      },
      recall: () => recalling,
      handle: (event) => {
        events.push(event);
        if (event.kind !== 'propose') return;
        const result = { kind: 'kept', digest } as const;
        offers.perform({ kind: 'proposed', requestId: event.requestId, result });
      },
      requireReady: () => {
        const [first, ...rest] = readiness;
        readiness = rest;
        if (first !== undefined) throw first;
      },
      track: (one) => void work.push(one),
    });
  });

  it('judges a proposal by the rules for what still gathers signatures', async () => {
    expect(await offers.propose(proposal)).toBe(digest);
    expect(phases).toEqual(['signing']);
    expect(events.map(({ kind }) => kind)).toEqual(['propose']);
  });

  it('keeps why a complete proposal is refused, and has it reported once per reason', async () => {
    isComplete = true;
    refusal = new KedgeError('POLICY', 'outside of the window');
    offers.perform({ kind: 'complete', ...proposal });
    await expect.poll(() => offers.refusalOf(digest)?.message).toBe('outside of the window');
    offers.perform({ kind: 'complete', ...proposal });
    await expect.poll(() => told).toEqual([undefined, 'outside of the window']);
    refusal = undefined;
    offers.perform({ kind: 'complete', ...proposal });
    await expect.poll(() => events.map(({ kind }) => kind)).toEqual(['submit']);
    expect(events).toMatchObject([{ told: 'outside of the window' }]);
    const result = { kind: 'durable', stream, sequence, digest, novelty: 'new' } as const;
    offers.perform({ kind: 'reply', requestId: 1, result });
    await expect.poll(() => offers.refusalOf(digest)).toBeUndefined();
  });

  it('proposes nothing that a rule refuses', async () => {
    refusal = new KedgeError('POLICY', 'outside of the window');
    await expect(offers.propose(proposal)).rejects.toThrow('outside of the window');
    expect(events).toEqual([]);
  });

  const stopped = new KedgeError('UNAVAILABLE', 'stopped');

  it.each([
    ['at once', [stopped]],
    ['while it was judged', [undefined, stopped]],
  ])('hands nothing in once the node takes no offers: %s', async (_, ready) => {
    readiness = ready;
    await expect(offers.submit(document, [])).rejects.toBe(stopped);
    readiness = ready;
    await expect(offers.propose(proposal)).rejects.toBe(stopped);
    readiness = [stopped];
    await expect(offers.withdraw(withdrawal)).rejects.toBe(stopped);
    expect(events).toEqual([]);
  });

  it('tells whoever waits that nobody will answer', async () => {
    const waiting = [offers.submit(document, []), offers.withdraw(withdrawal)];
    await expect.poll(() => events.map(({ kind }) => kind).sort()).toEqual(['submit', 'withdraw']);
    offers.abandon(stopped);
    for (const one of waiting) await expect(one).rejects.toBe(stopped);
  });

  it('answers each with its own answer, refusals too', async () => {
    const refused = new KedgeError('THRESHOLD', 'too few');
    const waiting = [offers.submit(document, []), offers.submit(document, [])];
    await expect.poll(() => events.length).toBe(2);
    const receipt = { kind: 'durable', stream, sequence, digest, novelty: 'new' } as const;
    offers.perform({ kind: 'reply', requestId: 2, result: receipt });
    offers.perform({ kind: 'reply', requestId: 1, result: { kind: 'refused', error: refused } });
    await expect(waiting[0]).rejects.toBe(refused);
    expect(await waiting[1]).toEqual(receipt);
    const withdrawn = offers.withdraw(withdrawal);
    await expect.poll(() => events.length).toBe(3);
    const { requestId } = { requestId: 0, ...events[2] };
    offers.perform({ kind: 'proposed', requestId, result: { kind: 'refused', error: refused } });
    await expect(withdrawn).rejects.toBe(refused);
  });

  it('makes one attempt at a time with a complete proposal', async () => {
    isComplete = true;
    offers.perform({ kind: 'complete', ...proposal });
    offers.perform({ kind: 'complete', ...proposal });
    await expect.poll(() => events.length).toBe(1);
    const result = { kind: 'durable', stream, sequence, digest, novelty: 'new' } as const;
    offers.perform({ kind: 'reply', requestId: 1, result });
    await Promise.all(work);
    expect(told).toHaveLength(1);
  });

  it('says whether proposals are on disk', async () => {
    const change = { keep: [], drop: [] };
    offers.perform({ kind: 'keep-proposals', writeId: 1, change });
    await Promise.all(work);
    isDiskFull = true;
    offers.perform({ kind: 'keep-proposals', writeId: 2, change });
    await Promise.all(work);
    expect(events).toMatchObject([
      { kind: 'proposals-kept', writeId: 1 },
      { kind: 'proposals-failed', writeId: 2 },
    ]);
  });

  it('judges again what the store was asked about, which may be next by then', async () => {
    recalling = Promise.resolve().then(() => {
      refusal = new KedgeError('POLICY', 'outside of the window');
      return {};
    });
    await expect(offers.submit(document, [])).rejects.toThrow('outside of the window');
    expect(events).toEqual([]);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import type { GossipEvent, Recall } from '../../../src/core/gossip/events.ts';
import { entryOf } from '../../../src/core/proposals/entry.ts';
import { parseStatement } from '../../../src/core/statements/statement.ts';
import type { PolicyPhase } from '../../../src/ports/policy.ts';
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
  const open = entryOf({ statement, proposal, next: undefined, support });
  let phases: (PolicyPhase | undefined)[];
  let events: GossipEvent[];
  let told: (string | undefined)[];
  let isComplete: boolean;
  let refusal: KedgeError | undefined;
  let recalling: Promise<Recall> | undefined;
  let offers: Offers;

  beforeEach(() => {
    phases = [];
    events = [];
    told = [];
    isComplete = false;
    refusal = undefined;
    recalling = undefined;
    offers = new Offers({
      machine: {
        proposals: {
          open: [],
          ended: [],
          find: () => (isComplete ? open : undefined),
          isComplete: () => isComplete,
        },
      },
      store: { keepProposals: () => Promise.resolve() },
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
      requireReady: () => undefined,
      track: () => undefined,
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

  it('judges again what the store was asked about, which may be next by then', async () => {
    recalling = Promise.resolve().then(() => {
      refusal = new KedgeError('POLICY', 'outside of the window');
      return {};
    });
    await expect(offers.submit(document, [])).rejects.toThrow('outside of the window');
    expect(events).toEqual([]);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import type { GossipEvent, Recall } from '../../src/core/gossip/events.ts';
import type { PolicyPhase } from '../../src/ports/policy.ts';
import { Offers } from '../../src/service/offers.ts';
import { addActive, createTestAnchor } from '../../src/testing/anchors.ts';
import { createTestRealm } from '../../src/testing/realm.ts';

describe('Offers', () => {
  const realm = createTestRealm();
  const anchor = createTestAnchor('CA');
  const { document, digest } = realm.nextRelease('a.example.org', addActive(anchor));
  const proposal = { document, blobs: [anchor.der] };
  let phases: (PolicyPhase | undefined)[];
  let events: GossipEvent[];
  let refusal: KedgeError | undefined;
  let recalling: Promise<Recall> | undefined;
  let offers: Offers;

  beforeEach(() => {
    phases = [];
    events = [];
    refusal = undefined;
    recalling = undefined;
    offers = new Offers({
      machine: {
        proposals: { open: [], ended: [], find: () => undefined, isComplete: () => false },
      },
      store: { keepProposals: () => Promise.resolve() },
      gate: {
        check: (_, _blobs, phase) => {
          phases.push(phase);
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

import { describe, expect, it } from 'vitest';
import type { Bundle } from '../../src/client/bundle.ts';
import { makeBundleSet } from '../../src/client/bundle-set.ts';
import { onNotice } from '../../src/client/notices.ts';
import { sha256 } from '../../src/core/crypto.ts';
import type { PlannedChange } from '../../src/core/releases/planned.ts';
import { FakeSource, fakeBundle } from './support/fake-source.ts';

const NAME = 'payments.test.example.org';
const PLAN: PlannedChange = {
  what: 'remove',
  anchor: sha256(new Uint8Array(1)),
  atMs: 1_795_428_000_000,
  impact: 'move before',
};

function bundle(...planned: readonly PlannedChange[]): Bundle {
  return { ...fakeBundle(NAME, []), planned };
}

function namedAnchor(id: PlannedChange['anchor']): Bundle['anchors'][number] {
  return {
    ...{ id, label: 'CA', state: 'active', purposes: [], constraints: [] },
    ...{ isLimited: false, sinceMs: 0, der: () => new Uint8Array(0), pem: () => '' },
  };
}

describe('onNotice', () => {
  it('tells each announcement once, again when it changes, and when it is gone', () => {
    const told: string[] = [];
    let swap: (next: Bundle) => void = () => undefined;
    const { ports, logger } = new FakeSource();
    const source = {
      ports,
      bundles: () => makeBundleSet([bundle(PLAN)]),
      onSwap: (listener: (next: Bundle) => void) => {
        const before = swap;
        swap = (next) => {
          before(next);
          listener(next);
        };
        return { [Symbol.dispose]: () => undefined };
      },
    };
    using _ = onNotice(source, ({ kind, what, impact, label }) => {
      told.push(`${kind} ${what}: ${impact}${label ?? ''}`);
    });
    expect(told.splice(0)).toEqual(['planned remove: move before']);
    swap(bundle(PLAN));
    expect(told.splice(0)).toEqual([]);
    swap(bundle({ ...PLAN, impact: 'move soon' }, { ...PLAN, what: 'retire' }));
    expect(told.splice(0)).toEqual(['planned remove: move soon', 'planned retire: move before']);
    using failing = onNotice(source, () => {
      throw new Error('a listener');
    });
    expect(failing).toBeDefined();
    expect(logger.events).toMatchObject([{ event: 'listener.failed' }]);
    const named = { ...bundle(PLAN), anchors: [namedAnchor(PLAN.anchor)] };
    swap(named);
    expect(told.splice(0)).toEqual([
      'planned remove: move beforeCA',
      'dropped retire: move before',
    ]);
    swap(bundle());
    expect(told.splice(0)).toEqual(['dropped remove: move beforeCA']);
    swap(bundle({ ...PLAN, impact: 'move soon' }, { ...PLAN, what: 'retire' }));
    told.splice(0);
    swap(bundle());
    expect(told).toEqual(['dropped remove: move soon', 'dropped retire: move before']);
  });
});

import { describe, expect, it } from 'vitest';
import { parseBundleName, parseNodeId } from '../../src/core/ids.ts';
import type { Wait } from '../../src/core/rollouts/gates.ts';
import type { RolloutStatus } from '../../src/core/rollouts/status.ts';
import { decodeRollout, encodeRollout } from '../../src/wire/rollout.ts';

const WAITS: readonly Wait[] = [
  ...(['nothing', 'paused', 'aborted', 'expired', 'stopped', 'clock'] as const).map((kind) => ({
    kind,
  })),
  { kind: 'unknown', nodes: [parseNodeId('fra-1')] },
  { kind: 'reporters', has: 1, needs: 2 },
  { kind: 'loaded', has: 1, of: 3, needsPercent: 95 },
  { kind: 'soak', leftMs: 1500 },
  { kind: 'time', opensAtMs: 1_795_428_000_000 },
  ...(['signed-later', 'regions-unheard', 'regions-ahead', 'regions-behind'] as const).map(
    (doubt) => ({ kind: 'clock', doubt }) as const,
  ),
];

describe('the status of a rollout', () => {
  for (const wait of WAITS) {
    const what = 'doubt' in wait ? `${wait.kind}, ${wait.doubt}` : wait.kind;
    it(`comes over the wire as it is: it waits for ${what}`, () => {
      const status: RolloutStatus = {
        bundle: parseBundleName('payments.test.example.org'),
        force: 'in-force',
        nowMs: 1_795_427_000_000,
        waves: [],
        wait,
        nodes: [],
      };
      expect(decodeRollout(encodeRollout(status))).toEqual(status);
    });
  }
});

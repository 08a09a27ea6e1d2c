/**
 * Rollouts for the tests of waves and gates.
 */
import { parseBundleName, parseSequence, parseSha256 } from '../../../src/core/ids.ts';
import type { Gates, NamedRelease, RolloutBody, Wave } from '../../../src/core/rollouts/body.ts';
import type { WaveCounts } from '../../../src/core/rollouts/gates.ts';

/** A release by its sequence. */
export function releaseAt(sequence: number): NamedRelease {
  const digest = parseSha256(sequence.toString(16).padStart(2, '0').repeat(32));
  return { sequence: parseSequence(sequence), digest };
}

/** A wave that takes a share of everybody, or of those with labels. */
export function wave(
  percent: number,
  gates: Partial<Gates> = {},
  match: Readonly<Record<string, string>> = {},
): Wave {
  return {
    name: `wave-${String(percent)}-${Object.values(match).join('-')}`,
    match: new Map(Object.entries(match)),
    percent,
    gates: { minReporters: 1, loadedPercent: 100, maxFailures: 0, soakSeconds: 0, ...gates },
  };
}

/** A rollout of release 2 to who has release 1. */
export function rolloutOf(change: Partial<RolloutBody> = {}): RolloutBody {
  return {
    bundle: parseBundleName('payments.test.example.org'),
    note: '',
    state: 'running',
    from: releaseAt(1),
    to: releaseAt(2),
    waves: [wave(5), wave(25), wave(100)],
    ...change,
  };
}

/** Counts of one wave. */
export function counts(clients: number, loaded: number, refused = 0): WaveCounts {
  return { clients, loaded, refused, delivered: 0 };
}

/**
 * The cases of `test/vectors/freshness.json`: what a reader is told at which local time, and what
 * it must think of its set and of its clock. `at` and `time` are seconds since 1970; `says` are
 * heartbeats with the sequence that the region holds.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import { parseRegionName, parseStreamName } from '../../../src/core/ids.ts';
import { advanceClock, readClock, startClock } from '../../../src/core/log/clock.ts';
import {
  type Attestations,
  attest,
  type Freshness,
  judgeFreshness,
} from '../../../src/core/log/freshness.ts';
import { type HeadProof, headTree, proveHead } from '../../../src/core/log/heads.ts';
import {
  type HeartbeatBook,
  noteHeartbeat,
  quorumMedianMs,
} from '../../../src/core/log/heartbeat-book.ts';
import { expectCode } from '../support.ts';
import {
  digestOf,
  heartbeat,
  IAD,
  policyOf,
  readVectors,
  rowAt,
  STREAM,
  treeAt,
} from './fixtures.ts';

interface Step {
  at: number;
  held?: number;
  regions?: string[];
  says?: { region: string; time: number; sequence: number }[];
  expect: { kind: Freshness['kind']; isTurn: boolean; clock: string; now?: number };
}

interface FreshnessCase {
  name: string;
  regions: string[];
  threshold: number;
  windowSeconds: number;
  held: number;
  steps: Step[];
}

const vectors = readVectors('freshness') as { cases: FreshnessCase[] };

function proofAt(sequence: number): HeadProof {
  const proof = proveHead(treeAt(sequence), STREAM);
  if (proof === undefined) throw new Error('unreachable');
  return proof;
}

/** A reader of one stream, put together from the parts as a client does it. */
class Reader {
  readonly #windowMs: number;
  readonly #threshold: number;
  #policy: ReturnType<typeof policyOf>;
  #held: number;
  #clock = startClock(0, 0);
  #book: HeartbeatBook = new Map();
  #attestations: Attestations = new Map();
  #kind: Freshness['kind'] = 'stale';

  constructor({ regions, threshold, windowSeconds, held }: FreshnessCase) {
    this.#windowMs = 1000 * windowSeconds;
    this.#threshold = threshold;
    this.#held = held;
    this.#policy = policyOf(threshold, regions.map(parseRegionName));
  }

  step({ at, held, regions, says = [] }: Step): Step['expect'] {
    if (held !== undefined) this.#held = held;
    if (regions) this.#policy = policyOf(this.#threshold, regions.map(parseRegionName));
    const localMs = 1000 * at;
    for (const { region, time, sequence } of says) this.#hear(region, time, sequence, localMs);
    const reading = readClock(this.#clock, localMs);
    this.#clock = reading.clock;
    const judged = judgeFreshness(this.#kind, this.#attestations, this.#policy, {
      windowMs: this.#windowMs,
      nowMs: reading.nowMs,
    });
    this.#kind = judged.kind;
    const { kind, isTurn } = judged;
    return { kind, isTurn, clock: reading.verdict, now: reading.nowMs / 1000 };
  }

  #hear(region: string, time: number, sequence: number, localMs: number): void {
    const said = heartbeat(parseRegionName(region), time, treeAt(sequence));
    const reading = readClock(this.#clock, localMs);
    const news = noteHeartbeat(this.#book, this.#policy, said, reading.nowMs);
    this.#clock = reading.clock;
    if (news.kind !== 'new') return;
    this.#book = news.book;
    const quorumMs = quorumMedianMs(this.#book, this.#policy) ?? 0;
    this.#clock = advanceClock(this.#clock, quorumMs, localMs);
    const held = { stream: STREAM, sequence: this.#held, digest: digestOf(this.#held) };
    const verdict = attest(this.#attestations, said, proofAt(sequence), held);
    if (verdict.kind === 'attested') this.#attestations = verdict.attestations;
  }
}

describe('cases of freshness', () => {
  it.each(vectors.cases)('$name', (one) => {
    const reader = new Reader(one);
    for (const step of one.steps) {
      const result = reader.step(step);
      expect({ at: step.at, ...result }).toMatchObject({ at: step.at, ...step.expect });
    }
  });
});

describe('attest', () => {
  const said = heartbeat(IAD, 1000, treeAt(5));
  const held = { stream: STREAM, sequence: 5, digest: digestOf(5) };

  it('tells what the row means', () => {
    expect(attest(new Map(), said, proofAt(5), held).kind).toBe('attested');
    const older = { ...held, sequence: 4, digest: digestOf(4) };
    expect(attest(new Map(), said, proofAt(5), older)).toEqual({ kind: 'behind', sequence: 5 });
    const other = { ...held, digest: digestOf(6) };
    expect(attest(new Map(), said, proofAt(5), other)).toEqual({ kind: 'conflict' });
  });

  it('counts a lower row only where it is what the reader holds there, if that is known', () => {
    const further = { ...held, sequence: 7, digest: digestOf(7) };
    const same = { ...further, below: () => digestOf(5) };
    const other = { ...further, below: () => digestOf(6) };
    expect(attest(new Map(), said, proofAt(5), further).kind).toBe('attested');
    expect(attest(new Map(), said, proofAt(5), same).kind).toBe('attested');
    expect(attest(new Map(), said, proofAt(5), other)).toEqual({ kind: 'conflict' });
  });

  it('does not take the word of a region for which the stream is forked', () => {
    const tree = headTree([{ ...rowAt(4), forked: true }]);
    const proof = proveHead(tree, STREAM);
    if (proof === undefined) throw new Error('unreachable');
    expect(attest(new Map(), heartbeat(IAD, 1000, tree), proof, held)).toEqual({ kind: 'forked' });
  });

  it('refuses a row that is not in the tree, and one of another stream', () => {
    const row = rowAt(4);
    expectCode('PROOF', () => attest(new Map(), said, { ...proofAt(5), row }, held));
    const charter = { ...held, stream: parseStreamName('charter') };
    expectCode('TYPE', () => attest(new Map(), said, proofAt(5), charter));
  });
});

describe('judgeFreshness', () => {
  const attestations = new Map([
    [IAD, { keyId: heartbeat(IAD, 1, treeAt(1)).keyId, timeSeconds: 1000 }],
  ]);
  const judge = (nowMs: number): Freshness =>
    judgeFreshness('stale', attestations, policyOf(1), { windowMs: 5000, nowMs });

  it('says when to judge again, which is the first stale moment', () => {
    const { kind, staleAtMs = 0, quorumMs } = judge(1_000_000);
    expect({ kind, quorumMs, staleAtMs }).toEqual({
      kind: 'fresh',
      quorumMs: 1_000_000,
      staleAtMs: 1_005_001,
    });
    expect(judge(staleAtMs - 1).kind).toBe('fresh');
    expect(judge(staleAtMs)).toEqual({ kind: 'stale', quorumMs: 1_000_000, isTurn: false });
  });

  it('does not count a word from the future, beyond the skew', () => {
    expect(judge(1_000_000 - 300_000).kind).toBe('fresh');
    expect(judge(1_000_000 - 300_001)).toEqual({ kind: 'stale', isTurn: false });
  });
});

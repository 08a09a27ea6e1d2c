/**
 * Group C, resolution of forks: C11 and C12, with the orders of C08.
 */
import type { ConformanceCase } from '../format.ts';
import { byAdmin, CaseBuilder, type CaseOptions, type StepOptions, TAKEN } from './case-builder.ts';
import {
  anchorEntry,
  at,
  bodyValue,
  type Doc,
  type JsonObject,
  PAYMENTS,
  roleEntry,
} from './realm.ts';

/** A client that uses the side that fell keeps it until a newer release comes. */
const ASIDE: StepOptions = {
  instead: { client: 'held' },
  why: 'a program never goes sideways: it keeps its set until the next sequence',
};
const ONE = anchorEntry('one');
const STREAM = `release/${PAYMENTS}`;

/** Everything that a case of a fork at sequence 2 is made of. */
interface Parts {
  readonly builder: CaseBuilder;
  readonly a: Doc;
  readonly b: Doc;
  readonly c: Doc;
  /** The charter by which `a` stands. */
  readonly keepA: Doc;
  /** On top of `a`, by signers who know the decision. */
  readonly next: Doc;
}

/** The cases of the resolution of forks. */
export function resolutionCases(): readonly ConformanceCase[] {
  return [roleCase(), formCase(), unseenCase(), aboveCase(), jumpCase(), ...orderCases()];
}

const noted = (note: string): JsonObject => bodyValue([ONE], { note });

function parts(name: string, about: string, options?: CaseOptions): Parts {
  const builder = new CaseBuilder(name, about, options);
  builder.begin();
  builder.apply(builder.release([ONE]), 'accepted');
  const [a, b, c] = ['a', 'b', 'c']
    .map((note) => builder.release(noted(note)))
    .toSorted((x, y) => (x.digest < y.digest ? -1 : 1));
  if (a === undefined || b === undefined || c === undefined) throw new Error('three are made');
  const keepA = builder.charter(deciding(a));
  const next = builder.release(noted('next'), { after: a, charterVersion: 2 });
  return { builder, a, b, c, keepA, next };
}

/** Puts decisions into a charter. */
function deciding(...standing: readonly Doc[]): (charter: JsonObject) => void {
  return (charter) => {
    charter['resolutions'] = standing.map(({ stream, sequence, digest }) => ({
      digest,
      sequence,
      stream,
    }));
  };
}

function roleCase(): ConformanceCase {
  const builder = new CaseBuilder(
    'C11 resolution-by-release-role',
    'Only the charter role decides about forks.',
  );
  const split = (charter: JsonObject): void => {
    at(charter, 'roles')['charter'] = { ...roleEntry(2, 'carol', 'dave'), expiryDays: 365 };
    at(charter, 'roles')['release'] = roleEntry(2, 'alice', 'bob');
  };
  builder.begin(split, { by: ['carol', 'dave'] });
  builder.apply(builder.release([ONE]), 'accepted');
  const a = builder.release(noted('a'));
  const decide = (charter: JsonObject): void => {
    split(charter);
    deciding(a)(charter);
  };
  builder.apply(builder.charter(decide, { by: ['alice', 'bob'] }), 'THRESHOLD');
  builder.apply(builder.charter(decide, { by: ['alice', 'bob', 'carol'] }), 'THRESHOLD', {
    about: 'one of two signers of the charter role',
  });
  builder.apply(builder.charter(decide, { by: ['carol', 'dave'] }), 'accepted');
  builder.apply(builder.release(noted('b')), 'FORK', { about: 'what was decided against' });
  builder.apply(a, 'accepted');
  return builder.done();
}

function formCase(): ConformanceCase {
  const { builder, a } = parts('C11 resolution-form', 'A decision is written in one way.');
  const refuse = (
    resolutions: readonly JsonObject[],
    code: 'PARSE' | 'POLICY' | 'LIMIT',
    about: string,
  ): void => {
    const change = (charter: JsonObject): void => {
      charter['resolutions'] = [...resolutions];
    };
    builder.apply(builder.charter(change), code, { about });
  };
  const { digest, sequence } = a;
  const one = { digest, sequence, stream: STREAM };
  refuse([], 'PARSE', 'an empty list');
  refuse([one, one], 'PARSE', 'twice the same');
  refuse([{ ...one, sequence: 3 }, one], 'PARSE', 'not sorted');
  refuse([{ ...one, sequence: 0 }], 'PARSE', 'no sequence');
  refuse([{ ...one, digest: 'ab' }], 'PARSE', 'no digest');
  refuse([{ ...one, reason: 'x' }], 'PARSE', 'an unknown key');
  refuse([{ ...one, stream: 'release/../x' }], 'PARSE', 'no stream');
  refuse([{ ...one, stream: 'charter' }], 'POLICY', 'the stream of charters');
  const many = Array.from({ length: 65 }, (_, index) => ({ ...one, sequence: index + 1 }));
  refuse(many, 'LIMIT', 'too many');
  builder.apply(builder.charter(deciding(a)), 'accepted');
  return builder.done();
}

function unseenCase(): ConformanceCase {
  const { builder, a, b, keepA, next } = parts(
    'C12 resolution-of-a-fork-never-seen',
    'Whoever holds the side that fell moves, also without having seen the fork.',
  );
  builder.apply(b, 'accepted');
  builder.apply(keepA, 'accepted');
  builder.apply(b, 'FORK');
  builder.restart();
  builder.apply(b, 'FORK', { about: 'also after a restart' });
  builder.evidence(a, b, 'held', { about: 'and the proof says nothing new' });
  builder.apply(a, 'accepted', ASIDE);
  builder.apply(next, 'accepted');
  builder.restart();
  builder.evidence(a, b, 'held');
  builder.apply(b, 'FORK', TAKEN);
  return builder.done();
}

function aboveCase(): ConformanceCase {
  const { builder, a, b, keepA } = parts(
    'C12 resolution-and-what-follows',
    'Statements on the side that fell neither follow nor fork what stands.',
  );
  const old = { charterVersion: 1 };
  const b3 = builder.release(noted('b3'), { after: b, ...old });
  const a3 = builder.release(noted('a3'), { after: a, ...old });
  const rival = builder.release(noted('rival'), { after: a, charterVersion: 2 });
  builder.apply(a, 'accepted');
  builder.apply(keepA, 'accepted');
  builder.apply(b3, 'PREVIOUS', { about: 'on top of what fell' });
  builder.evidence(a3, b3, 'held', { about: 'branches that part below' });
  builder.apply(a3, 'accepted');
  builder.apply(b3, 'FORK', TAKEN);
  builder.evidence(a3, b3, 'held');
  builder.evidence(a3, rival, 'forked', { about: 'a new fork on the side that stands' });
  return builder.done();
}

function jumpCase(): ConformanceCase {
  const linked = 'nodes take one after the other, and fetch what they lack: C03';
  const { builder, a, b, keepA } = parts(
    'C12 resolution-and-jumps',
    'A snapshot shows on which side it is.',
    { skip: { peer: linked } },
  );
  const jump = { mode: 'jump' } as const;
  const old = { charterVersion: 1 };
  const b3 = builder.release(noted('b3'), { after: b, ...old });
  const a3 = builder.release(noted('a3'), { after: a, ...old });
  const later = builder.release(noted('later'), { after: a3, charterVersion: 2 });
  builder.apply(keepA, 'accepted');
  builder.apply(b3, 'GAP', { ...jump, about: 'it may be on any side' });
  builder.apply(a3, 'GAP', { ...jump, about: 'so may this one' });
  builder.apply(b, 'FORK', jump);
  builder.apply(later, 'accepted', {
    ...jump,
    ...byAdmin('GAP', 'nodes follow step by step'),
    about: 'its signers knew the decision',
  });
  return builder.done();
}

/** C08: whatever arrives in which order, everybody ends at `next`. */
function orderCases(): readonly ConformanceCase[] {
  const make = (name: string, write: (parts: Parts) => void): ConformanceCase => {
    const made = parts(`C12 resolution-order ${name}`, 'Every order ends the same.');
    write(made);
    made.builder.apply(made.next, 'accepted');
    return made.builder.done();
  };
  return [
    make('a b charter', ({ builder, a, b, keepA, next }) => {
      builder.apply(a, 'accepted');
      builder.apply(b, 'forked', TAKEN);
      builder.apply(next, 'FORK', byAdmin('GAP', 'to this node nothing is forked'));
      builder.restart();
      builder.apply(keepA, 'accepted');
      builder.restart();
      builder.apply(a, 'held');
      builder.apply(b, 'FORK', TAKEN);
    }),
    make('b a charter', ({ builder, a, b, keepA }) => {
      builder.apply(b, 'accepted');
      builder.apply(a, 'forked', TAKEN);
      builder.apply(keepA, 'accepted');
      builder.restart();
      builder.apply(a, 'accepted', ASIDE);
      builder.evidence(a, b, 'held');
    }),
    make('evidence charter a', ({ builder, a, b, keepA }) => {
      builder.evidence(a, b, 'forked');
      builder.apply(keepA, 'accepted');
      builder.apply(b, 'FORK');
      builder.apply(a, 'accepted');
    }),
    make('charter evidence a b', ({ builder, a, b, c, keepA }) => {
      builder.apply(keepA, 'accepted');
      builder.evidence(a, b, 'held');
      builder.evidence(b, c, 'held');
      builder.apply(a, 'accepted');
      builder.apply(b, 'FORK', TAKEN);
    }),
    make('b charter evidence a', ({ builder, a, b, keepA }) => {
      builder.apply(b, 'accepted');
      builder.apply(keepA, 'accepted');
      builder.evidence(a, b, 'held');
      builder.apply(a, 'accepted', ASIDE);
    }),
    make('c evidence charter a', ({ builder, a, b, c, keepA }) => {
      builder.apply(c, 'accepted');
      builder.evidence(a, b, 'forked');
      builder.apply(keepA, 'accepted');
      builder.apply(c, 'FORK');
      builder.apply(a, 'accepted', ASIDE);
    }),
  ];
}

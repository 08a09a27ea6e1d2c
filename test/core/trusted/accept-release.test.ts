/**
 * Releases against the trusted state: place, time and order. Names of the form `C03` are those of
 * the adversarial cases.
 *
 * @module
 */
import { describe, expect, it } from 'vitest';
import {
  NO_PREVIOUS,
  parseBundleName,
  parseRealmName,
  parseSequence,
  releaseStream,
} from '../../../src/core/ids.ts';
import { SIGNATURES_MAX, STREAMS_MAX } from '../../../src/core/limits.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import {
  emptyTrustedState,
  expectedNext,
  headOf,
  type StreamState,
} from '../../../src/core/trusted/state.ts';
import { anchor, bodyOf } from '../releases/bodies.ts';
import { ALICE, BOB, DAY_MS, expectCode, NOW_MS, REALM } from '../support.ts';
import {
  begin,
  grown,
  nextCharter,
  nextRelease,
  noted,
  offer,
  placeOf,
  releaseAfter,
  STREAM,
  take,
} from './world.ts';

const MINUTE_MS = 60_000;

describe('acceptDocument: order of releases', () => {
  it('takes the first release of a stream', () => {
    const state = take(begin(), nextRelease(begin(), noted('first')));
    expect(headOf(state, STREAM)).toMatchObject({ sequence: 1, previous: NO_PREVIOUS });
    expect(expectedNext(state, STREAM)).toEqual({
      sequence: 2,
      previous: headOf(state, STREAM)?.digest,
    });
  });

  it('changes nothing of the state that it was given', () => {
    const { state } = grown(1);
    const before = structuredClone([...state.streams.keys()]);
    const head = headOf(state, STREAM);
    take(state, nextRelease(state, noted('more')));
    expect([...state.streams.keys()]).toEqual(before);
    expect(headOf(state, STREAM)).toBe(head);
  });

  it('C02: takes the head again as held, at any time', () => {
    const { state, documents } = grown(2);
    const [, second] = documents;
    if (second === undefined) throw new Error('no second release');
    const again = offer(state, second, { nowMs: NOW_MS + 10_000 * DAY_MS });
    expect(again).toEqual({ outcome: 'held', state });
  });

  it('takes an older one as held when the caller holds the same below the head', () => {
    const { state, documents } = grown(3);
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    const { digest } = placeOf(first, 1);
    expect(offer(state, first, { heldDigest: digest }).outcome).toBe('held');
    expect(offer(state, first, { held: first.statement }).outcome).toBe('held');
  });

  it('does not believe that something is held above the head', () => {
    const { state } = grown(1);
    const second = nextRelease(state, noted('second'));
    const { digest: heldDigest } = placeOf(second, 2);
    expect(offer(state, second, { heldDigest }).outcome).toBe('accepted');
  });

  it('C01: refuses an older release that nobody says is held', () => {
    const { state, documents } = grown(3);
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    expectCode('ROLLBACK', () => offer(state, first));
  });

  it('C01: refuses another older release below the threshold', () => {
    const { state } = grown(2);
    const other = releaseAfter(undefined, noted('other'), { keys: [ALICE] });
    expectCode('ROLLBACK', () => offer(state, other));
    const second = releaseAfter(undefined, noted('other'), {
      keys: [ALICE],
      sequence: parseSequence(2),
    });
    expectCode('ROLLBACK', () => offer(state, second));
  });

  it('C03: refuses a gap and says what is missing', () => {
    const { state } = grown(1);
    const head = headOf(state, STREAM);
    const later = releaseAfter(head, noted('later'), { sequence: parseSequence(4) });
    const error = expectCode('GAP', () => offer(state, later));
    expect(error.detail).toMatchObject({ stream: STREAM, expected: 2, sequence: 4 });
  });

  it('C05: refuses to be fast-forwarded to the last sequence', () => {
    const { state } = grown(1);
    const sequence = parseSequence(Number.MAX_SAFE_INTEGER);
    const last = releaseAfter(headOf(state, STREAM), noted('last'), { sequence });
    expectCode('GAP', () => offer(state, last));
  });

  it('C04: refuses a release that follows another one', () => {
    const { state } = grown(1);
    const head = { sequence: parseSequence(1), digest: NO_PREVIOUS };
    expectCode('PREVIOUS', () => offer(state, releaseAfter(head, noted('second'))));
  });

  it('refuses a first release that names a previous one', () => {
    const { documents } = grown(1);
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    const { digest: previous } = placeOf(first, 1);
    expectCode('PREVIOUS', () => offer(begin(), releaseAfter(undefined, noted('x'), { previous })));
  });

  it('checks the previous one of the very next sequence in a jump too', () => {
    const { state } = grown(1);
    const head = { sequence: parseSequence(1), digest: NO_PREVIOUS };
    const next = releaseAfter(head, noted('second'));
    expectCode('PREVIOUS', () => offer(state, next, { mode: 'jump' }));
  });

  it('jumps over a gap when the caller allows it', () => {
    const { documents } = grown(4);
    const fourth = documents[3];
    if (fourth === undefined) throw new Error('no fourth release');
    const result = offer(begin(), fourth, { mode: 'jump' });
    expect(result.outcome).toBe('accepted');
    expect(headOf(result.state, STREAM)?.sequence).toBe(4);
  });

  it('C15: takes old content under a new sequence', () => {
    const { state } = grown(3);
    const back = { ...noted('back to release 1'), replaces: parseSequence(1) };
    const after = take(state, nextRelease(state, back));
    expect(headOf(after, STREAM)?.body.replaces).toBe(1);
    expect(headOf(after, STREAM)?.sequence).toBe(4);
  });

  it('C14: never takes a rival draft below the threshold for a fork', () => {
    const { state } = grown(1);
    const ours = nextRelease(state, noted('ours'));
    const theirs = nextRelease(state, noted('theirs'), { keys: [BOB] });
    const after = take(state, ours);
    expectCode('ROLLBACK', () => offer(after, theirs));
    expect(after.streams.get(STREAM)?.kind).toBe('open');
  });

  it('F06: counts the sequences of each stream by themselves', () => {
    const bundle = parseBundleName('internal.prod.example.org');
    const { state } = grown(2);
    const other = nextRelease(state, bodyOf([anchor('three')], { bundle }));
    const after = take(state, other);
    expect(headOf(after, STREAM)?.sequence).toBe(2);
    expect(headOf(after, releaseStream(bundle))?.sequence).toBe(1);
  });

  it('refuses one stream more than a realm may hold', () => {
    const { state } = grown(1);
    const stream = state.streams.get(STREAM);
    if (stream === undefined) throw new Error('no stream');
    const streams = new Map<StreamState['stream'], StreamState>();
    for (let at = 0; at < STREAMS_MAX; at += 1) {
      streams.set(releaseStream(parseBundleName(`bundle-${at}.example.org`)), stream);
    }
    const full = { ...state, streams };
    expectCode('LIMIT', () => offer(full, releaseAfter(undefined, noted('one more'))));
    streams.delete(releaseStream(parseBundleName('bundle-0.example.org')));
    streams.set(STREAM, stream);
    expect(streams.size).toBe(STREAMS_MAX);
    expect(offer(full, nextRelease(full, noted('second'))).outcome).toBe('accepted');
  });
});

describe('acceptDocument: chains', () => {
  it('takes a chain at once and returns all that is new', () => {
    const { documents } = grown(3);
    const chain = documents.map(({ statement }) => statement);
    const last = documents[2];
    if (last === undefined) throw new Error('no third release');
    const result = offer(begin(), last, { chain });
    expect(result).toMatchObject({ outcome: 'accepted', chain, documents: [last] });
  });

  it('takes what is new of a chain that overlaps the head', () => {
    const { documents } = grown(3);
    const [first, , third] = documents;
    if (first === undefined || third === undefined) throw new Error('no third release');
    const state = take(begin(), first);
    const chain = documents.map(({ statement }) => statement);
    const history = documents.slice(0, 2).map(({ body }) => body);
    const result = offer(state, third, { chain, history });
    expect(result).toMatchObject({ outcome: 'accepted', documents: documents.slice(1) });
  });

  it('refuses a chain with a gap, a break, another stream or an older charter in it', () => {
    const { state } = grown(1);
    const second = nextRelease(state, noted('second'));
    const at = placeOf(second, 2);
    const third = (changed: Parameters<typeof releaseAfter>[2]): void => {
      const document = releaseAfter(at, noted('third'), changed);
      offer(state, document, { chain: [second.statement, document.statement] });
    };
    expectCode('GAP', () => third({ sequence: parseSequence(4) }));
    expectCode('PREVIOUS', () => third({ previous: NO_PREVIOUS }));
    const other = releaseStream(parseBundleName('other.example.org'));
    expectCode('TYPE', () => third({ stream: other }));
    const late = releaseAfter(placeOf(second, 1), noted('late'), { charterVersion: 2 });
    const after = releaseAfter(placeOf(late, 2), noted('after'), { charterVersion: 1 });
    expectCode('ROLLBACK', () => offer(state, after, { chain: [late.statement, after.statement] }));
  });

  it('refuses an overlap that disagrees with the head and has no quorum', () => {
    const { state } = grown(1);
    const rival = releaseAfter(undefined, noted('rival'), { keys: [ALICE] });
    const second = releaseAfter(placeOf(rival, 1), noted('second'));
    expectCode('PREVIOUS', () =>
      offer(state, second, { chain: [rival.statement, second.statement] }),
    );
  });

  it('refuses no statement at all', () => {
    const document = nextRelease(begin(), noted('x'));
    expectCode('TYPE', () => offer(begin(), document, { chain: [] }));
  });

  it('refuses history with another body, or with a body missing', () => {
    const { documents } = grown(3);
    const [first, second, third] = documents;
    if (!first || !second || !third) throw new Error('no third release');
    const chain = documents.map(({ statement }) => statement);
    const take3 = (...history: readonly Uint8Array[]): unknown =>
      offer(begin(), third, { chain, history });
    expectCode('DIGEST', () => take3(first.body, first.body));
    expectCode('DIGEST', () => take3(second.body, second.body));
    expectCode('TYPE', () => take3(first.body));
    expect(take3(first.body, second.body)).toMatchObject({ outcome: 'accepted', documents });
  });

  it('refuses a chain of more bytes than are held in memory, before it is parsed', () => {
    const { documents } = grown(1);
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    const garbage = { payload: new Uint8Array(2048), signatures: [] };
    const chain = Array.from({ length: 32_768 }, () => garbage);
    expectCode('PARSE', () => offer(begin(), first, { chain }));
    expectCode('LIMIT', () => offer(begin(), first, { chain: [...chain, first.statement] }));
  });
});

describe('acceptDocument: realm, kind and limits', () => {
  it('F01: refuses a release of another realm', () => {
    const realm = parseRealmName('staging.example.org');
    const document = releaseAfter(undefined, noted('x'), { realm });
    const error = expectCode('REALM', () => offer(begin(), document));
    expect(error.detail).toEqual({ realm, expected: REALM });
  });

  it('F04: refuses a predicate type that does not fit the stream', () => {
    const { body, statement } = nextRelease(begin(), noted('x'));
    const text = new TextDecoder()
      .decode(statement.payload)
      .replace('urn:kedge:release:v1', 'urn:kedge:charter:v1');
    const payload = new TextEncoder().encode(text);
    expectCode('TYPE', () => offer(begin(), { statement: { ...statement, payload }, body }));
  });

  it('A18: refuses too many signatures before it verifies any', () => {
    const { body, statement } = nextRelease(begin(), noted('x'));
    const [signature] = statement.signatures;
    if (signature === undefined) throw new Error('no signature');
    const signatures = Array.from({ length: 10_000 }, () => signature);
    // The payload is not even parsed.
    const payload = new Uint8Array(1);
    expectCode('LIMIT', () => offer(begin(), { statement: { payload, signatures }, body }));
    const of = (count: number): SignedDocument => {
      const some = [...statement.signatures, ...signatures].slice(0, count);
      return { statement: { ...statement, signatures: some }, body };
    };
    expectCode('LIMIT', () => offer(begin(), of(SIGNATURES_MAX + 1)));
    expect(offer(begin(), of(SIGNATURES_MAX)).outcome).toBe('accepted');
  });
});

describe('acceptDocument: time', () => {
  it('D04: refuses a release from the future beyond the clock skew', () => {
    const at = (issuedMs: number): unknown =>
      offer(begin(), releaseAfter(undefined, bodyOf([]), { issuedMs }));
    expect(at(NOW_MS + 5 * MINUTE_MS)).toMatchObject({ outcome: 'accepted' });
    const error = expectCode('EXPIRED', () => at(NOW_MS + 5 * MINUTE_MS + 1000));
    expect(error.message).toContain('check the clock of this machine');
  });

  it('refuses a release that is issued before the one that it follows', () => {
    const { state } = grown(1);
    const at = (issuedMs: number): unknown =>
      offer(state, nextRelease(state, noted('x'), { issuedMs }));
    expect(at(NOW_MS - 5 * MINUTE_MS)).toMatchObject({ outcome: 'accepted' });
    expectCode('POLICY', () => at(NOW_MS - 5 * MINUTE_MS - 1000));
  });

  it('judges the times of history too', () => {
    const { state } = grown(1);
    const second = nextRelease(state, noted('second'), { issuedMs: NOW_MS + DAY_MS });
    const third = releaseAfter(placeOf(second, 2), noted('third'));
    const chain = [second.statement, third.statement];
    expectCode('EXPIRED', () => offer(state, third, { chain }));
    expectCode('POLICY', () => offer(state, third, { chain, nowMs: NOW_MS + 2 * DAY_MS }));
  });

  it('B09: takes nothing new under an expired charter, and keeps what it has', () => {
    const { state, documents } = grown(1);
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    const expiresMs = state.charters[0]?.expiresMs ?? 0;
    const issuedMs = expiresMs - DAY_MS;
    const second = nextRelease(state, noted('second'), { issuedMs });
    expect(offer(state, second, { nowMs: expiresMs - 1 }).outcome).toBe('accepted');
    const error = expectCode('EXPIRED', () => offer(state, second, { nowMs: expiresMs }));
    expect(error.detail).toMatchObject({ charterVersion: 1 });
    expect(offer(state, first, { nowMs: expiresMs }).outcome).toBe('held');
  });

  it('takes a release that has expired itself, so that a late reader is not left behind', () => {
    const { documents } = grown(1);
    const [first] = documents;
    if (first === undefined) throw new Error('no first release');
    const result = offer(begin(), first, { nowMs: NOW_MS + 60 * DAY_MS });
    expect(result.outcome).toBe('accepted');
  });

  it('refuses a release that expires before it is issued, or after its role may say', () => {
    const until = (expiresMs: number): unknown =>
      offer(begin(), releaseAfter(undefined, noted('x'), { expiresMs }));
    expect(until(NOW_MS + 365 * DAY_MS)).toMatchObject({ outcome: 'accepted' });
    expectCode('POLICY', () => until(NOW_MS + 365 * DAY_MS + 1000));
    expectCode('POLICY', () => until(NOW_MS));
  });
});

describe('acceptDocument: charter versions', () => {
  it('asks for the charter that a release names', () => {
    const { state } = grown(1);
    const document = nextRelease(state, noted('x'), { charterVersion: 2 });
    const error = expectCode('GAP', () => offer(state, document));
    expect(error.detail).toEqual({ stream: 'charter', held: 1, charterVersion: 2 });
  });

  it('asks for the first charter before anything else', () => {
    const empty = emptyTrustedState(REALM, NO_PREVIOUS);
    expectCode('GAP', () => offer(empty, releaseAfter(undefined, noted('x'))));
  });

  it('C19: refuses a release that names an older charter than the one before', () => {
    const { state } = grown(1);
    const rotated = take(state, nextCharter(state, { note: 'two' }, ALICE, BOB));
    const second = take(rotated, nextRelease(rotated, noted('second'), { charterVersion: 2 }));
    expectCode('ROLLBACK', () => offer(second, nextRelease(second, noted('third'))));
  });

  it('takes a release drafted for an older charter while its signers are still in office', () => {
    const { state } = grown(1);
    const rotated = take(state, nextCharter(state, { note: 'two' }, ALICE, BOB));
    const after = take(rotated, nextRelease(rotated, noted('second'), { charterVersion: 1 }));
    expect(headOf(after, STREAM)).toMatchObject({ sequence: 2, charterVersion: 1 });
  });
});

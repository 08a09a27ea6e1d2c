/**
 * The audit log as a value: entries, tree, pruning, refusals that come in floods, checkpoints.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readAuditCheckpoint,
  sealAuditCheckpoint,
  verifyAuditSeals,
} from '../../../src/core/audit/checkpoint.ts';
import {
  AUDIT_KINDS,
  type AuditEntry,
  encodeAuditEntry,
  parseAuditEntry,
  readAuditEntry,
} from '../../../src/core/audit/entry.ts';
import {
  appendEntries,
  EMPTY_AUDIT_LOG,
  encodeLogRecord,
  isOversized,
  parseLogRecord,
  pruneOldest,
} from '../../../src/core/audit/log.ts';
import {
  OTHER_SOURCES,
  REFUSAL_SOURCES_MAX,
  REFUSAL_WINDOW_MS,
  REFUSALS_PER_SOURCE,
  REFUSALS_PER_WINDOW,
  Refusals,
} from '../../../src/core/audit/refusals.ts';
import {
  encodeStreamMark,
  NO_MARK,
  notedUpTo,
  parseStreamMark,
} from '../../../src/core/audit/stream-mark.ts';
import { verifyAuditLog } from '../../../src/core/audit/verify.ts';
import { concatBytes, encodeUtf8, parseUtf8 } from '../../../src/core/bytes.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { parseNodeId, parseSequence } from '../../../src/core/ids.ts';
import { AUDIT_ENTRY_MAX_BYTES, TEXT_MAX_CHARS } from '../../../src/core/limits.ts';
import { treeRoot } from '../../../src/core/log/tree.ts';
import { FRA, IAD, regionKey, regionsOf, STREAM } from '../log/fixtures.ts';
import { expectCode, REALM } from '../support.ts';

const DIGEST = sha256(encodeUtf8('a statement'));
const NODE = parseNodeId('iad-1');
const ACCEPTED: AuditEntry = {
  timeMs: 1_790_000_000_000,
  what: 'accepted',
  stream: STREAM,
  sequence: parseSequence(7),
  digest: DIGEST,
  signers: [{ keyId: DIGEST }],
  via: 'admin',
  by: 'spiffe://prod.example.org/admin/ana',
};

describe('encodeAuditEntry', () => {
  it('gives the bytes that the specification shows', () => {
    expect(parseUtf8(encodeAuditEntry(ACCEPTED))).toBe(
      `{"by":"spiffe://prod.example.org/admin/ana","digest":"${DIGEST}","sequence":7,` +
        `"signers":[{"keyId":"${DIGEST}"}],"stream":"${STREAM}","timeMs":1790000000000,` +
        '"via":"admin","what":"accepted"}',
    );
  });

  it('is undone by parseAuditEntry, whatever text comes from outside', () => {
    const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(text, fc.constantFrom(...AUDIT_KINDS), (by, what) => {
        const reason = by.repeat(20);
        const bytes = encodeAuditEntry({ ...ACCEPTED, what, reason, by });
        const entry = parseAuditEntry(bytes);
        expect(bytes.length).toBeLessThanOrEqual(AUDIT_ENTRY_MAX_BYTES);
        expect(entry.reason?.length).toBeLessThanOrEqual(TEXT_MAX_CHARS);
        expect(entry.reason).not.toMatch(/\p{Cc}/u);
        expect(encodeAuditEntry(entry)).toEqual(bytes);
      }),
    );
  });

  it('leaves what is not known out', () => {
    const bytes = encodeAuditEntry({ timeMs: 1, what: 'node-started' });
    expect(parseUtf8(bytes)).toBe('{"timeMs":1,"what":"node-started"}');
  });
});

describe('parseAuditEntry', () => {
  it('refuses an unknown key, an unknown kind and what is too large', () => {
    const parse = (text: string) => () => parseAuditEntry(encodeUtf8(text));
    expectCode('PARSE', parse('{"extra":1,"timeMs":1,"what":"accepted"}'));
    expectCode('PARSE', parse('{"timeMs":1,"what":"celebrated"}'));
    const long = 'x'.repeat(AUDIT_ENTRY_MAX_BYTES);
    expectCode('LIMIT', parse(`{"reason":"${long}","timeMs":1,"what":"accepted"}`));
  });

  it('leaves entries of newer versions to readers of theirs', () => {
    expect(readAuditEntry(encodeUtf8('{"timeMs":1,"what":"celebrated"}'))).toBeUndefined();
  });
});

describe('appendEntries', () => {
  it('grows the same tree in one step and in many', () => {
    const entries = Array.from({ length: 20 }, (_, at) => ({ ...ACCEPTED, timeMs: at }));
    const whole = appendEntries(EMPTY_AUDIT_LOG, entries);
    const steps = entries.reduce(
      (state, entry) => appendEntries(state, [entry]).state,
      EMPTY_AUDIT_LOG,
    );
    expect(steps).toEqual(whole.state);
    expect(whole.entries.map(({ index }) => index)).toEqual(entries.map((_, at) => at));
  });

  it('never lets the time go back', () => {
    const { entries } = appendEntries(EMPTY_AUDIT_LOG, [
      { ...ACCEPTED, timeMs: 9 },
      { ...ACCEPTED, timeMs: 3 },
    ]);
    expect(entries.map(({ bytes }) => parseAuditEntry(bytes).timeMs)).toEqual([9, 9]);
  });
});

describe('pruneOldest', () => {
  it('takes the oldest away until there is room, and the tree stays', () => {
    const { state, entries } = appendEntries(
      EMPTY_AUDIT_LOG,
      Array.from({ length: 10 }, () => ACCEPTED),
    );
    const each = state.bytes / 10;
    const maxBytes = 5 * each;
    expect(isOversized(state, maxBytes)).toBe(true);
    const pruned = pruneOldest(
      state,
      entries.map(({ bytes }) => bytes),
      maxBytes,
    );
    expect(pruned.first).toBe(6);
    expect(pruned.bytes).toBe(4 * each);
    expect(pruned.tree).toEqual(state.tree);
    expect(isOversized(pruned, maxBytes)).toBe(false);
  });

  it('leaves a record that says where the log stands', () => {
    const { state } = appendEntries(EMPTY_AUDIT_LOG, [ACCEPTED, ACCEPTED]);
    const { tree, ...rest } = { ...state, first: 1 };
    expect(parseLogRecord(encodeLogRecord({ tree, ...rest }))).toEqual({ size: 2, ...rest });
    expectCode('PARSE', () => parseLogRecord(encodeLogRecord({ ...state, first: 3 })));
  });
});

describe('verifyAuditLog', () => {
  const { state, entries } = appendEntries(
    EMPTY_AUDIT_LOG,
    Array.from({ length: 13 }, (_, at) => ({ ...ACCEPTED, timeMs: at })),
  );
  const root = treeRoot(state.tree);
  const head = { size: 13, root };
  const bytes = entries.map((entry) => entry.bytes);
  const peaksOf = (size: number): readonly Uint8Array[] =>
    appendEntries(
      EMPTY_AUDIT_LOG,
      Array.from({ length: size }, (_, at) => ({ ...ACCEPTED, timeMs: at })),
    ).state.tree.peaks;

  it('holds with all entries, and with the hashes of those that were removed', () => {
    for (let first = 0; first <= 13; first += 1) {
      verifyAuditLog(head, { first, peaks: peaksOf(first), entries: bytes.slice(first) });
    }
  });

  it('fails for an entry that was changed, left out, added or moved', () => {
    const broken = (changed: readonly Uint8Array[]) => () =>
      verifyAuditLog(head, { first: 0, peaks: [], entries: changed });
    const [one, two, ...rest] = bytes;
    if (one === undefined || two === undefined) throw new Error('unreachable');
    expectCode('PROOF', broken([concatBytes(one, encodeUtf8(' ')), two, ...rest]));
    expectCode('PROOF', broken([two, ...rest]));
    expectCode('PROOF', broken([...bytes, one]));
    expectCode('PROOF', broken([two, one, ...rest]));
  });
});

describe('Refusals', () => {
  const source = { via: 'peer', by: 'sin-1', code: 'THRESHOLD' } as const;

  it('writes the first few of a source out and says at the end how many more there were', () => {
    const refusals = new Refusals();
    const outcomes = Array.from({ length: 219 }, () => refusals.take(source, 0));
    expect(outcomes.filter((one) => one === 'note')).toHaveLength(REFUSALS_PER_SOURCE);
    expect(refusals.due(REFUSAL_WINDOW_MS - 1)).toEqual([]);
    expect(refusals.due(REFUSAL_WINDOW_MS)).toEqual([
      { what: 'refused', ...source, count: 214, reason: '214 more like it' },
    ]);
    expect(refusals.take(source, REFUSAL_WINDOW_MS)).toBe('note');
  });

  it('says nothing of a window in which all were written out', () => {
    const refusals = new Refusals();
    refusals.take(source, 0);
    expect(refusals.dueMs).toBeUndefined();
    expect(refusals.close()).toEqual([]);
  });

  it('bounds what a window writes, whoever floods it under however many names', () => {
    const refusals = new Refusals();
    let noted = 0;
    for (let at = 0; at < 5_000; at += 1) {
      const by = `node-${String(at % 1_000)}`;
      if (refusals.take({ ...source, by }, 0) === 'note') noted += 1;
    }
    const rest = refusals.close();
    expect(noted).toBeLessThanOrEqual(REFUSALS_PER_WINDOW);
    expect(rest.length).toBeLessThanOrEqual(REFUSAL_SOURCES_MAX + 1);
    expect(rest.some(({ by }) => by === OTHER_SOURCES)).toBe(true);
    const counted = rest.reduce((sum, { count = 0 }) => sum + count, 0);
    expect(noted + counted).toBe(5_000);
  });
});

describe('notedUpTo', () => {
  const mark = { sequence: 5, digest: DIGEST, fork: 'none' } as const;

  it('goes on behind the mark', () => {
    expect(notedUpTo(mark, { head: 9, atMark: DIGEST, decided: undefined })).toBe(5);
    expect(notedUpTo(NO_MARK, { head: 9, atMark: undefined, decided: undefined })).toBe(0);
  });

  it('has nothing to note when the head went back', () => {
    expect(notedUpTo(mark, { head: 3, atMark: undefined, decided: 4 })).toBe(3);
  });

  it('begins at the decision when the stream went back and on again', () => {
    const other = sha256(encodeUtf8('another statement'));
    expect(notedUpTo(mark, { head: 9, atMark: other, decided: 4 })).toBe(3);
  });

  it('keeps marks as bytes', () => {
    expect(parseStreamMark(encodeStreamMark(mark))).toEqual(mark);
  });
});

describe('sealAuditCheckpoint', () => {
  const checkpoint = { realm: REALM, node: NODE, size: 3, root: DIGEST };
  const charters = [{ regions: regionsOf(IAD, FRA) }];
  const sealed = sealAuditCheckpoint(
    checkpoint,
    { region: IAD, key: regionKey(IAD) },
    1_790_000_000,
  );

  it('is a C2SP checkpoint of the node that a region cosigned', () => {
    expect(parseUtf8(sealed)).toMatch(
      /^prod\.example\.org\/audit\/iad-1\n3\n[^\n]+\n\n— prod\.example\.org\/region\/iad \S+\n$/,
    );
    const read = readAuditCheckpoint(sealed, { realm: REALM, node: NODE });
    expect(read.checkpoint).toEqual(checkpoint);
    expect(verifyAuditSeals(read, charters)).toEqual([
      { region: IAD, keyId: regionKey(IAD).publicKey.keyId, timeSeconds: 1_790_000_000 },
    ]);
  });

  it('is the text alone where nobody signs, and nobody is said to have signed it', () => {
    const read = readAuditCheckpoint(sealAuditCheckpoint(checkpoint, undefined, 1));
    expect(read).toEqual({ checkpoint, lines: [] });
    expect(verifyAuditSeals(read, charters)).toEqual([]);
  });

  it('does not count for another root, another node, or with a key that no charter lists', () => {
    const { lines } = readAuditCheckpoint(sealed);
    const others = [
      { ...checkpoint, root: sha256(encodeUtf8('other')) },
      { ...checkpoint, node: parseNodeId('iad-2') },
    ];
    for (const other of others) {
      expect(verifyAuditSeals({ checkpoint: other, lines }, charters)).toEqual([]);
    }
    const strangers = [{ regions: regionsOf(FRA) }];
    expect(verifyAuditSeals({ checkpoint, lines }, strangers)).toEqual([]);
  });

  it('is refused as that of another realm or node, and never read as one of a stream', () => {
    const read = (log: Parameters<typeof readAuditCheckpoint>[1]) => () =>
      readAuditCheckpoint(sealed, log);
    expectCode('TYPE', read({ node: parseNodeId('iad-2') }));
    const stream = encodeUtf8(parseUtf8(sealed).replace('audit/iad-1', 'charter'));
    expectCode('TYPE', () => readAuditCheckpoint(stream));
  });
});

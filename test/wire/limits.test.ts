import { describe, expect, it } from 'vitest';
import { KedgeError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/gossip/frames.ts';
import {
  NO_PREVIOUS,
  parseBundleName,
  parseRealmName,
  parseRegionName,
  parseSequence,
  parseStreamName,
} from '../../src/core/ids.ts';
import * as limits from '../../src/core/limits.ts';
import type { SignedStatement } from '../../src/core/statements/envelope.ts';
import type { WatchStart } from '../../src/core/watch/messages.ts';
import {
  decodeHistoryQuery,
  decodeSubmission,
  encodeBlobsAnswer,
  encodeHistoryQuery,
  encodeSubmission,
} from '../../src/wire/admin.ts';
import { decodeFetchRequest, decodeFrame, encodeFrame } from '../../src/wire/gossip.ts';
import { messageCodec } from '../../src/wire/protos.ts';
import {
  decodeWatchRequest,
  decodeWatchResponse,
  encodeWatchRequest,
  encodeWatchResponse,
} from '../../src/wire/watch.ts';

const bundle = parseBundleName('payments.example.org');
const stream = parseStreamName(`release/${bundle}`);
const sequence = parseSequence(7);
const digest = NO_PREVIOUS;
const plain: SignedStatement = { payload: Buffer.from('{}'), signatures: [] };
const watchRequest = messageCodec('trust', 'WatchRequest');
const linkRequest = messageCodec('gossip', 'LinkRequest');

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (thrown) {
    return KedgeError.from(thrown).code;
  }
  return 'accepted';
}

function start(fields: Partial<WatchStart>): Buffer {
  const realm = parseRealmName('prod.example.org');
  const base = { realm, firstCharterDigest: digest, charterVersion: 0, bundles: [] };
  return encodeWatchRequest({
    kind: 'start',
    start: { ...base, labels: new Map(), wantsAttestations: false, ...fields },
  });
}

function update(statements: readonly SignedStatement[], kind: 'whole' | 'delta'): Buffer {
  const delta = { baseSequence: sequence, baseBodyDigest: digest, patch: Buffer.from('{}') };
  const content = kind === 'whole' ? { kind, body: Buffer.from('{}') } : { kind, delta };
  return encodeWatchResponse({ kind: 'update', update: { bundle, statements, content } });
}

function push(statement: SignedStatement, blobs: readonly Uint8Array[] = []): Buffer {
  const content = { kind: 'whole', body: Buffer.from('{}') } as const;
  return encodeFrame({
    kind: 'push',
    push: { statement, content, blobs },
    origin: parseRegionName('fra'),
  });
}

describe('decoding a statement', () => {
  it('refuses a payload above the limit', () => {
    const payload = Buffer.alloc(limits.STATEMENT_MAX_BYTES + 1, 0x20);
    expect(codeOf(() => decodeFrame(push({ payload, signatures: [] })))).toBe('LIMIT');
    const fitting = { payload: payload.subarray(1), signatures: [] };
    expect(codeOf(() => decodeFrame(push(fitting)))).toBe('accepted');
  });

  it('refuses 65 signatures and takes 64 (A18)', () => {
    const signatures = Array.from({ length: 65 }, () => ({ keyId: '', signature: Buffer.of(1) }));
    expect(codeOf(() => decodeFrame(push({ ...plain, signatures })))).toBe('LIMIT');
    const fitting = { ...plain, signatures: signatures.slice(1) };
    expect(codeOf(() => decodeFrame(push(fitting)))).toBe('accepted');
  });

  it('refuses a signature above the limit', () => {
    const signature = Buffer.alloc(limits.SIGNATURE_MAX_BYTES + 1);
    const statement = { ...plain, signatures: [{ keyId: '', signature }] };
    expect(codeOf(() => decodeFrame(push(statement)))).toBe('LIMIT');
  });

  it('refuses an empty payload and a missing statement', () => {
    const empty = { payload: Buffer.alloc(0), signatures: [] };
    expect(codeOf(() => decodeFrame(push(empty)))).toBe('PARSE');
    const frame = { push: { body: Buffer.from('{}') } };
    expect(codeOf(() => decodeFrame(linkRequest.serialize({ frame })))).toBe('PARSE');
  });

  it('leaves out a key hint that is not short hex', () => {
    const signatures = [{ keyId: 'a key of mine', signature: Buffer.of(1) }];
    const decoded = decodeFrame(push({ ...plain, signatures }));
    expect(decoded).toMatchObject({ push: { statement: { signatures: [{ keyId: '' }] } } });
  });
});

describe('decoding blobs', () => {
  it('refuses one anchor above the limit', () => {
    const blob = Buffer.alloc(limits.ANCHOR_MAX_BYTES + 1);
    expect(codeOf(() => decodeFrame(push(plain, [blob])))).toBe('LIMIT');
    expect(codeOf(() => decodeFrame(push(plain, [blob.subarray(1)])))).toBe('accepted');
  });

  it('refuses more bytes than a message may carry', () => {
    const blob = Buffer.alloc(limits.ANCHOR_MAX_BYTES);
    const fitting = Array.from({ length: 16 }, () => blob);
    expect(codeOf(() => decodeFrame(push(plain, fitting)))).toBe('accepted');
    expect(codeOf(() => decodeFrame(push(plain, [...fitting, Buffer.of(1)])))).toBe('LIMIT');
  });

  it('refuses an empty anchor', () => {
    expect(codeOf(() => decodeFrame(push(plain, [Buffer.alloc(0)])))).toBe('PARSE');
  });

  it('refuses to build an answer that no client would take', () => {
    const blob = Buffer.alloc(limits.ANCHOR_MAX_BYTES);
    const many = Array.from({ length: 257 }, () => blob);
    expect(codeOf(() => encodeBlobsAnswer(many))).toBe('LIMIT');
    const document = { statement: plain, body: Buffer.from('{}') };
    expect(codeOf(() => encodeSubmission({ document, blobs: many }))).toBe('LIMIT');
  });
});

describe('decoding a body', () => {
  it('refuses one above the limit', () => {
    const body = Buffer.alloc(limits.BODY_MAX_BYTES + 1, 0x20);
    const submission = encodeSubmission({ document: { statement: plain, body }, blobs: [] });
    expect(codeOf(() => decodeSubmission(submission))).toBe('LIMIT');
  });
});

describe('decodeWatchRequest', () => {
  it('refuses a message above the limit before it is parsed', () => {
    const junk = Buffer.alloc(limits.WATCH_REQUEST_MAX_BYTES + 1, 0xff);
    expect(codeOf(() => decodeWatchRequest(junk))).toBe('LIMIT');
  });

  it('refuses more bundles than one client may watch', () => {
    const one = { bundle, held: undefined };
    const bundles = Array.from({ length: limits.WATCH_BUNDLES_MAX + 1 }, () => one);
    expect(codeOf(() => decodeWatchRequest(start({ bundles })))).toBe('LIMIT');
    expect(codeOf(() => decodeWatchRequest(start({ bundles: bundles.slice(1) })))).toBe('accepted');
  });

  it('takes the largest start that the limits allow', () => {
    const name = parseBundleName(`a${'b'.repeat(254)}`);
    const held = { sequence: parseSequence(Number.MAX_SAFE_INTEGER), digest };
    const bundles = Array.from({ length: limits.WATCH_BUNDLES_MAX }, () => ({
      bundle: name,
      held,
    }));
    const value = 'é'.repeat(limits.LABEL_MAX_CHARS);
    const labels = new Map(
      Array.from({ length: limits.LABELS_MAX }, (_, i) => [`${'k'.repeat(120)}${i}`, value]),
    );
    expect(codeOf(() => decodeWatchRequest(start({ bundles, labels })))).toBe('accepted');
  });

  it('refuses too many labels, long ones and ones with other characters', () => {
    const many = new Map(Array.from({ length: 33 }, (_, i) => [`k${i}`, 'v']));
    expect(codeOf(() => decodeWatchRequest(start({ labels: many })))).toBe('LIMIT');
    const long = new Map([['k', 'v'.repeat(129)]]);
    expect(codeOf(() => decodeWatchRequest(start({ labels: long })))).toBe('LIMIT');
    const odd = new Map([['k\n', 'v']]);
    expect(codeOf(() => decodeWatchRequest(start({ labels: odd })))).toBe('PARSE');
  });

  it.each(['../x', 'a\0b', 'PAYMENTS', 'pаyments', 'x'.repeat(300), 'constructor', ''])(
    'refuses the bundle name %j (F07)',
    (name) => {
      const message = watchRequest.serialize({
        acknowledgement: {
          at: { bundle: name, sequence: '1', digest: Buffer.alloc(32) },
          stage: 'ADOPTION_STAGE_LOADED',
        },
      });
      expect(codeOf(() => decodeWatchRequest(message))).toBe('PARSE');
    },
  );

  it('refuses a stage that it does not know', () => {
    const at = { bundle, sequence: '1', digest: Buffer.alloc(32) };
    const unset = watchRequest.serialize({ acknowledgement: { at } });
    expect(codeOf(() => decodeWatchRequest(unset))).toBe('PARSE');
    const known = watchRequest.serialize({ acknowledgement: { at, stage: 2 } });
    const at99 = Buffer.from(known);
    at99[at99.length - 1] = 99;
    expect(codeOf(() => decodeWatchRequest(at99))).toBe('PARSE');
  });

  it('keeps the stream of a newer client that refuses with a code of its own', () => {
    const at = { bundle, sequence: '1', digest: Buffer.alloc(32) };
    const newer = watchRequest.serialize({ refusal: { at, code: 'NEWER_CODE', reason: 'why' } });
    expect(decodeWatchRequest(newer)).toMatchObject({ code: 'BUG', reason: 'NEWER_CODE: why' });
    const junk = watchRequest.serialize({ refusal: { at, code: 'no\ncode', reason: '' } });
    expect(codeOf(() => decodeWatchRequest(junk))).toBe('PARSE');
  });

  it.each(['9007199254740992', '18446744073709551615'])('refuses the sequence %s (C05)', (text) => {
    const at = { bundle, sequence: text, digest: Buffer.alloc(32) };
    const message = watchRequest.serialize({
      acknowledgement: { at, stage: 'ADOPTION_STAGE_LOADED' },
    });
    expect(codeOf(() => decodeWatchRequest(message))).toBe('PARSE');
  });

  it('refuses a cursor with a digest but no sequence, and a digest of another length', () => {
    const nothing = { bundle, digest: Buffer.alloc(32) };
    const firstCharterDigest = Buffer.alloc(32);
    const common = { realm: 'r', firstCharterDigest };
    const message = watchRequest.serialize({ start: { ...common, bundles: [nothing] } });
    expect(codeOf(() => decodeWatchRequest(message))).toBe('PARSE');
    const short = { bundle, sequence: '1', digest: Buffer.alloc(31) };
    const other = watchRequest.serialize({ start: { ...common, bundles: [short] } });
    expect(codeOf(() => decodeWatchRequest(other))).toBe('PARSE');
  });

  it('passes over a message without a member that it knows', () => {
    expect(decodeWatchRequest(Buffer.alloc(0))).toBe('unknown');
    expect(decodeWatchRequest(Buffer.of(0xfa, 0x01, 0x00))).toBe('unknown');
  });
});

describe('decodeWatchResponse', () => {
  it('takes a snapshot and a delta with up to 64 statements', () => {
    const chain = Array.from({ length: 65 }, () => plain);
    for (const kind of ['whole', 'delta'] as const) {
      expect(codeOf(() => decodeWatchResponse(update([plain], kind)))).toBe('accepted');
      expect(codeOf(() => decodeWatchResponse(update(chain, kind)))).toBe('LIMIT');
      expect(codeOf(() => decodeWatchResponse(update(chain.slice(1), kind)))).toBe('accepted');
      expect(codeOf(() => decodeWatchResponse(update([], kind)))).toBe('PARSE');
    }
  });

  it('refuses more charters than one step may carry', () => {
    const document = { statement: plain, body: Buffer.from('{}') };
    const charters = Array.from({ length: limits.CHARTER_STEP_MAX + 1 }, () => document);
    const message = encodeWatchResponse({ kind: 'charters', charters });
    expect(codeOf(() => decodeWatchResponse(message))).toBe('LIMIT');
  });

  it('takes a message without a member that it knows for a sign of life', () => {
    expect(decodeWatchResponse(Buffer.of(0xfa, 0x01, 0x00))).toEqual({ kind: 'keep-alive' });
  });
});

describe('decodeFrame', () => {
  it('takes a full table of rows and refuses one more', () => {
    const row = { stream, sequence: 1, digest, forked: false };
    const rows = Array.from({ length: limits.STREAMS_MAX + 1 }, () => row);
    const frameOf = (some: typeof rows): Frame => ({
      kind: 'rows',
      rows: { rows: some, buckets: [] },
    });
    expect(codeOf(() => decodeFrame(encodeFrame(frameOf(rows))))).toBe('LIMIT');
    const fitting = frameOf(rows.slice(1));
    expect(codeOf(() => decodeFrame(encodeFrame(fitting)))).toBe('accepted');
  });

  it('refuses a message above the limit before it is parsed', () => {
    const junk = Buffer.alloc(limits.MESSAGE_MAX_BYTES + 1, 0xff);
    expect(codeOf(() => decodeFrame(junk))).toBe('LIMIT');
  });
});

describe('decodeFetchRequest', () => {
  it('refuses a range that ends before it begins, and sequence 0', () => {
    const codec = messageCodec('gossip', 'FetchRequest');
    const decode = (fromSequence: string, toSequence: string): string =>
      codeOf(() => decodeFetchRequest(codec.serialize({ stream, fromSequence, toSequence })));
    expect(decode('5', '4')).toBe('PARSE');
    expect(decode('0', '4')).toBe('PARSE');
    expect(decode('5', '5')).toBe('accepted');
  });
});

describe('decodeHistoryQuery', () => {
  it('has a default page and a largest one', () => {
    const encode = (limit: number): Buffer => encodeHistoryQuery({ stream, limit });
    expect(decodeHistoryQuery(encode(0)).limit).toBe(50);
    expect(decodeHistoryQuery(encode(500)).limit).toBe(500);
    expect(codeOf(() => decodeHistoryQuery(encode(501)))).toBe('LIMIT');
  });
});

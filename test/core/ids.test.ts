import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatTimestamp,
  parseBundleName,
  parseNodeId,
  parseRealmName,
  parseRegionName,
  parseSequence,
  parseSha256,
  parseSignerId,
  parseStreamName,
  parseTimestamp,
  releaseStream,
  splitStream,
  timestampMs,
} from '../../src/core/ids.ts';
import { expectCode } from './support.ts';

const parsers = {
  parseRealmName,
  parseBundleName,
  parseSignerId,
  parseRegionName,
  parseNodeId,
} as const;
const F07 = [
  '',
  '.',
  '..',
  '../x',
  '/etc',
  'a/b',
  'a\\b',
  'a\0',
  'a\n',
  'A',
  ' a',
  'а', // Cyrillic
  'ａ', // full width
  'constructor',
  'hasownproperty\u0000',
  '__proto__',
  '-a',
  'a'.repeat(300),
];

describe.each(Object.entries(parsers))('%s', (_name, parse) => {
  it.each(F07)('refuses %j (F07)', (text) => {
    expectCode('PARSE', () => parse(text));
  });

  it('accepts a plain name', () => {
    expect(parse('iad-1')).toBe('iad-1');
  });

  it('keeps the message short and free of control characters', () => {
    const error = expectCode('PARSE', () => parse('\u001b[31m'.repeat(1000)));
    expect(error.message.length).toBeLessThan(600);
    expect(error.message).not.toContain('\u001b');
  });
});

describe('parseSha256', () => {
  it.each(['', 'ab', 'AB'.repeat(32), 'g'.repeat(64), 'a'.repeat(65)])('refuses %j', (text) => {
    expectCode('PARSE', () => parseSha256(text));
  });
});

describe('parseSequence', () => {
  it('accepts 1 to 2^53 - 1', () => {
    expect(parseSequence(1)).toBe(1);
    expect(parseSequence(Number.MAX_SAFE_INTEGER)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([0, -1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d', (value) => {
    expectCode('PARSE', () => parseSequence(value));
  });
});

describe('splitStream', () => {
  it('takes streams apart', () => {
    expect(splitStream('charter')).toEqual({ kind: 'charter' });
    expect(splitStream('release/a.b')).toEqual({ kind: 'release', bundle: 'a.b' });
    expect(splitStream('rollout/a.b')).toEqual({ kind: 'rollout', bundle: 'a.b' });
  });

  it.each(['', 'release', 'release/', 'charter/x', 'Release/a', 'release/a/b', 'release/../x'])(
    'refuses %j',
    (text) => {
      expectCode('PARSE', () => parseStreamName(text));
    },
  );

  it('gives back what releaseStream made', () => {
    const bundle = parseBundleName('payments.example.org');
    expect(splitStream(releaseStream(bundle))).toEqual({ kind: 'release', bundle });
    expect(parseStreamName('release/payments.example.org')).toBe(releaseStream(bundle));
  });
});

describe('parseTimestamp', () => {
  it.each([
    '0',
    '2026-02-30T00:00:00Z',
    '2026-11-23T10:00:00',
    '2026-11-23T10:00:00+01:00',
    '2026-11-23 10:00:00Z',
    '2026-11-23T10:00:00.000Z',
    '2026-11-23T23:59:60Z',
    '2026-11-23T24:00:00Z',
    '+002026-11-23T10:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-23T10:00:00z',
    '',
  ])('refuses %j (D03)', (text) => {
    expectCode('PARSE', () => parseTimestamp(text));
  });

  it('reads what formatTimestamp wrote, to the second', () => {
    const ms = fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59Z') });
    fc.assert(
      fc.property(ms, (one) => {
        expect(timestampMs(parseTimestamp(formatTimestamp(one)))).toBe(one - (one % 1000));
      }),
    );
  });
});

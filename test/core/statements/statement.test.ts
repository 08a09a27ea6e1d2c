import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseUtf8 } from '../../../src/core/bytes.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import {
  CHARTER_STREAM,
  parseBundleName,
  parseRealmName,
  parseSequence,
  parseStreamName,
  releaseStream,
  type StreamName,
} from '../../../src/core/ids.ts';
import { BODY_MAX_BYTES, VALIDITY_MAX_DAYS } from '../../../src/core/limits.ts';
import {
  encodeStatement,
  parseStatement,
  requireValidity,
  type StatementFields,
} from '../../../src/core/statements/statement.ts';
import { DAY_MS, expectCode, NOW_MS, releaseFields, replaced, utf8 } from '../support.ts';

const payload = encodeStatement(releaseFields());
const charterFields = (): StatementFields =>
  releaseFields({ stream: CHARTER_STREAM, sequence: parseSequence(3), charterVersion: 3 });

/** The payload with a part of its text replaced, so that forms JSON.parse hides can be written. */
function edited(search: string, replacement: string): Uint8Array {
  const text = parseUtf8(payload);
  expect(text).toContain(search);
  return utf8(text.replace(search, replacement));
}

describe('parseStatement', () => {
  it('reads what encodeStatement wrote', () => {
    const count = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    const fields = fc.record({ sequence: count, charterVersion: count, days: fc.nat(3000) });
    fc.assert(
      fc.property(fields, ({ sequence, charterVersion, days }) => {
        const written = releaseFields({
          sequence: parseSequence(sequence),
          charterVersion,
          expiresMs: NOW_MS + days * DAY_MS,
        });
        expect(parseStatement(encodeStatement(written))).toMatchObject(written);
      }),
    );
  });

  it('names kind, bundle and digest', () => {
    const statement = parseStatement(payload);
    expect(statement.kind).toBe('release');
    expect(statement.bundle).toBe('payments.prod.example.org');
    expect(statement.digest).toBe(createHash('sha256').update(payload).digest('hex'));
  });

  it('gives a charter statement no bundle', () => {
    const statement = parseStatement(encodeStatement(charterFields()));
    expect(statement.kind).toBe('charter');
    expect(statement).not.toHaveProperty('bundle');
  });

  it('reads rollout statements', () => {
    const stream = parseStreamName('rollout/payments.prod.example.org');
    expect(parseStatement(encodeStatement(releaseFields({ stream }))).kind).toBe('rollout');
  });

  it.each([
    ['_type', 'https://in-toto.io/Statement/v0.1'],
    ['_type', ''],
    ['predicateType', 'urn:kedge:charter:v1'],
    ['predicateType', 'urn:kedge:rollout:v1'],
    ['predicateType', 'urn:kedge:release:v2'],
    ['predicateType', 'constructor'],
    ['predicate.stream', 'charter'],
    ['predicate.stream', 'rollout/payments.prod.example.org'],
    ['predicate.stream', 'release/other.prod.example.org'],
    ['subject.0.name', 'release/other.prod.example.org'],
    ['subject.0.name', 'charter'],
  ])('refuses %s as %j with TYPE (F04)', (path, value) => {
    expectCode('TYPE', () => parseStatement(replaced(payload, path, value)));
  });

  it.each([
    ['no digest', {}],
    ['an unknown algorithm', { sha512: 'ab'.repeat(64) }],
    ['an algorithm beside SHA-256', { sha1: 'ab'.repeat(20), sha256: 'ab'.repeat(32) }],
    ['a short digest', { sha256: 'ab'.repeat(31) }],
    ['an upper-case digest', { sha256: 'AB'.repeat(32) }],
    ['a number', { sha256: 1 }],
    ['a list', []],
    ['nothing', undefined],
  ])('refuses %s as the digest (E09)', (_name, value) => {
    expectCode('PARSE', () => parseStatement(replaced(payload, 'subject.0.digest', value)));
  });

  it('refuses no subject and two subjects', () => {
    const subject = { digest: { sha256: 'ab'.repeat(32) }, name: releaseFields().stream };
    expectCode('PARSE', () => parseStatement(replaced(payload, 'subject', [])));
    expectCode('LIMIT', () => parseStatement(replaced(payload, 'subject', [subject, subject])));
  });

  it.each([
    '-1',
    '0',
    '1.0',
    '1e3',
    '"7"',
    '007',
    '9007199254740992',
    '9007199254740993',
    '1.5',
    'null',
    '[1]',
    'true',
  ])('refuses %s as a number (C06)', (number) => {
    expectCode('PARSE', () => parseStatement(edited('"sequence":42', `"sequence":${number}`)));
    const version = edited('"charterVersion":3', `"charterVersion":${number}`);
    expectCode('PARSE', () => parseStatement(version));
    const size = edited('"bodyBytes":31877', `"bodyBytes":${number}`);
    if (number.length < 10) expectCode('PARSE', () => parseStatement(size));
  });

  it.each([
    '0',
    'Feb 30',
    '2026-02-30T00:00:00Z',
    '2026-11-23T10:00:00',
    '2026-11-23T10:00:00+01:00',
    '2046-11-23T10:00:00Z',
    '2026-12-31T23:59:60Z',
    '',
  ])('refuses %j as the expiry (D03)', (time) => {
    expectCode('PARSE', () => parseStatement(replaced(payload, 'predicate.expires', time)));
  });

  it.each(['0', '2026-02-30T00:00:00Z', '2026-11-23T10:00:00.0Z', ''])(
    'refuses %j as the time of issue (D03)',
    (time) => {
      expectCode('PARSE', () => parseStatement(replaced(payload, 'predicate.issued', time)));
    },
  );

  it.each([
    ['predicate.realm', '../x'],
    ['predicate.realm', 'PROD'],
    ['predicate.realm', 'constructor'],
    ['predicate.stream', 'release/../x'],
    ['predicate.stream', 'release/a\0'],
    ['predicate.stream', 'release/раyments'],
    ['predicate.stream', `release/${'a'.repeat(300)}`],
    ['predicate.stream', 'release/constructor'],
    ['predicate.previous', 'ab'],
    ['predicate.previous', ''],
    ['predicate.extra', 1],
    ['predicate.bodyBytes', undefined],
    ['predicate', 1],
    ['extra', 1],
    ['subject.0.extra', 1],
    ['_type', undefined],
  ])('refuses %s as %j (F07)', (path, value) => {
    expectCode('PARSE', () => parseStatement(replaced(payload, path, value)));
  });

  it.each([
    ['a duplicate key', '"sequence":42', '"sequence":42,"sequence":42'],
    ['a later duplicate', '"sequence":42', '"sequence":42,"sequence":43'],
    ['__proto__', '{"_type"', '{"__proto__":{},"_type"'],
    ['a space', '"sequence":42', '"sequence": 42'],
    ['an escape', '"_type"', '"\\u005ftype"'],
  ])('refuses %s (E11)', (_name, search, replacement) => {
    expectCode('PARSE', () => parseStatement(edited(search, replacement)));
  });

  it('refuses a body above the limit', () => {
    expect(parseStatement(replaced(payload, 'predicate.bodyBytes', BODY_MAX_BYTES)).bodyBytes).toBe(
      BODY_MAX_BYTES,
    );
    expectCode('LIMIT', () =>
      parseStatement(replaced(payload, 'predicate.bodyBytes', BODY_MAX_BYTES + 1)),
    );
  });

  it('refuses a charter statement that names another charter version', () => {
    const charter = encodeStatement(charterFields());
    expectCode('PARSE', () => parseStatement(replaced(charter, 'predicate.charterVersion', 2)));
    expectCode('PARSE', () => parseStatement(replaced(charter, 'predicate.charterVersion', 4)));
  });

  it('refuses a validity above ten years, and accepts one that ends before it begins', () => {
    const valid = (days: number): Uint8Array =>
      encodeStatement(releaseFields({ expiresMs: NOW_MS + days * DAY_MS }));
    expect(parseStatement(valid(VALIDITY_MAX_DAYS)).kind).toBe('release');
    expectCode('PARSE', () => valid(VALIDITY_MAX_DAYS + 1000 / DAY_MS));
    // Whether the validity makes sense is the role's matter (ST-11), not one of form.
    expect(parseStatement(valid(-1)).kind).toBe('release');
  });

  it('throws nothing but KedgeError on any damage', () => {
    const damage = fc.tuple(fc.nat(payload.length - 1), fc.nat(255));
    fc.assert(
      fc.property(damage, ([index, byte]) => {
        const changed = Uint8Array.from(payload);
        changed[index] = byte;
        try {
          expect(parseStatement(changed).realm).toMatch(/^[a-z0-9]/);
        } catch (error) {
          expect(error).toBeInstanceOf(KedgeError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('encodeStatement', () => {
  const longest = parseBundleName('b'.repeat(255));

  it('refuses to build more than 2048 bytes (J04)', () => {
    // With the longest names a statement stays below; nothing else in it can grow.
    const fields = releaseFields({
      realm: parseRealmName('a'.repeat(255)),
      stream: releaseStream(longest),
    });
    expect(encodeStatement(fields).length).toBeLessThan(2048);
    const stream = `release/${'b'.repeat(1000)}` as StreamName;
    expectCode('PARSE', () => encodeStatement({ ...fields, stream }));
    const previous = 'a'.repeat(2048) as StatementFields['previous'];
    expectCode('LIMIT', () => encodeStatement({ ...fields, previous }));
  });

  it.each<Partial<StatementFields>>([
    { sequence: 0 as StatementFields['sequence'] },
    { charterVersion: 1.5 },
    { bodyBytes: 0 },
    { previous: 'zz' as StatementFields['previous'] },
  ])('refuses to build %j', (changed) => {
    expectCode('PARSE', () => encodeStatement(releaseFields(changed)));
  });

  it('refuses a payload of more than 2048 bytes before it reads it (J04)', () => {
    expectCode('LIMIT', () => parseStatement(new Uint8Array(2049)));
    expectCode('PARSE', () => parseStatement(new Uint8Array(2048)));
  });
});

describe('requireValidity', () => {
  const valid = (lastsMs: number): (() => void) => {
    const statement = parseStatement(
      encodeStatement(releaseFields({ expiresMs: NOW_MS + lastsMs })),
    );
    return () => {
      requireValidity(statement, 90);
    };
  };

  it('accepts up to the days of the role', () => {
    valid(1000)();
    valid(90 * DAY_MS)();
  });

  it('refuses more, none and less', () => {
    expectCode('POLICY', valid(90 * DAY_MS + 1000));
    expectCode('POLICY', valid(0));
    expectCode('POLICY', valid(-1000));
  });
});

/**
 * Group E: content and its integrity.
 */
import { encodeBase64, encodeUtf8, parseBase64 } from '../../../src/core/bytes.ts';
import type { ConformanceCase, CoveredCase } from '../format.ts';
import { CaseBuilder, type CaseOptions } from './case-builder.ts';
import {
  anchorEntry,
  bodyValue,
  type Doc,
  der,
  INTERNAL,
  type JsonObject,
  PAYMENTS,
  SECOND,
  T0,
  tombstoneEntry,
} from './realm.ts';

const ONE = anchorEntry('one');
const STAGED = anchorEntry('two', T0 + 60 * SECOND, { state: 'staged' });
const NO_BLOBS: CaseOptions = {
  skip: { core: 'blobs lie beside the documents that the core judges' },
};

/** The cases of the group. */
export function groupE(): readonly ConformanceCase[] {
  return [...bodyCases(), ...blobCases(), ...contentCases(), ...encodingCases(), ...fileCases()];
}

/** Cases of the group that other tests have. */
export const COVERED_E: readonly CoveredCase[] = [
  {
    name: 'E05 kill-9-during-activation',
    about: 'A client that is killed has the whole old or the whole new set.',
    test: 'test/client/cache-kill.test.ts',
    title: 'holds one whole state, ${KILLS} times',
  },
];

function begun(name: string, about: string, options?: CaseOptions): [CaseBuilder, Doc] {
  const builder = new CaseBuilder(name, about, options);
  builder.begin();
  const first = builder.release([ONE, anchorEntry('three')]);
  builder.apply(first, 'accepted');
  return [builder, first];
}

const both = (...more: readonly JsonObject[]): JsonObject[] => [ONE, anchorEntry('three'), ...more];

function bodyCases(): readonly ConformanceCase[] {
  const [other, first] = begun('E01 body-of-other-seq', 'A body is good for its statement only.');
  const text = new TextDecoder().decode(parseBase64(first.body));
  other.apply(other.release(both(STAGED), { sendBody: () => text }), 'DIGEST');
  other.apply(other.release(both(STAGED), { sendBody: () => '{}' }), 'DIGEST');
  const sameLength = (body: string) => body.replace('"state":"staged"', '"state":"active"');
  other.apply(other.release(both(STAGED), { sendBody: sameLength }), 'DIGEST');

  const [longer] = begun('E02 longer-than-declared', 'A byte more or less is another body.');
  longer.apply(longer.release(both(), { sendBody: (body) => `${body} ` }), 'DIGEST');
  longer.apply(longer.release(both(), { sendBody: (body) => body.slice(0, -1) }), 'DIGEST');
  const declare = (bytes: number) => ({
    change: (statement: JsonObject) => {
      (statement['predicate'] as JsonObject)['bodyBytes'] = bytes;
    },
  });
  longer.apply(longer.release(both(), declare(10)), 'DIGEST', { about: '10 declared' });
  longer.apply(longer.release(both(), declare(0)), 'PARSE', { about: 'nothing declared' });
  longer.apply(longer.release(both(), declare(1024 * 1024 + 1)), 'LIMIT', { about: '1 MiB + 1' });
  return [other.done(), longer.done()];
}

function blobCases(): readonly ConformanceCase[] {
  const [flip] = begun('E03 blob-bit-flip', 'A certificate is the one that was signed.', NO_BLOBS);
  const bytes = parseBase64(der('two'));
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  flip.apply(flip.release(both(STAGED), { blobs: [encodeBase64(bytes)] }), 'DIGEST');

  const [missing] = begun(
    'E04 missing-blob',
    'Without its certificates nothing is used.',
    NO_BLOBS,
  );
  const staged = missing.release(both(STAGED));
  missing.apply({ ...staged, blobs: [] }, 'DIGEST');
  missing.apply({ ...staged, blobs: [der('four')] }, 'DIGEST', { about: 'with another one' });
  missing.apply(staged, 'accepted', { about: 'from somebody who has it' });
  return [flip.done(), missing.done()];
}

function contentCases(): readonly ConformanceCase[] {
  const [vanished] = begun('E07 anchor-vanishes', 'Nothing leaves without a tombstone.');
  vanished.apply(vanished.release([ONE]), 'LIFECYCLE');
  const buried = (reason: string, sequence: number): JsonObject =>
    bodyValue([ONE], { tombstones: [tombstoneEntry('three', sequence, reason)] });
  vanished.apply(vanished.release(buried('removed', 2)), 'LIFECYCLE', {
    about: 'an active one is not removed',
  });
  vanished.apply(vanished.release(buried('revoked', 1)), 'LIFECYCLE', {
    about: 'the tombstone names another release',
  });
  vanished.apply(vanished.release(buried('revoked', 2)), 'accepted');
  vanished.apply(vanished.release([ONE]), 'LIFECYCLE', { about: 'the tombstone vanishes' });
  vanished.apply(vanished.release(both()), 'LIFECYCLE', { about: 'it comes back' });
  const together = bodyValue(both(), { tombstones: [tombstoneEntry('three', 2, 'revoked')] });
  vanished.apply(vanished.release(together), 'LIFECYCLE', { about: 'both at once' });

  const [crossed] = begun('E08 bundle-crossed', 'The content of one bundle in another one.');
  const stream = `release/${PAYMENTS}`;
  crossed.apply(crossed.release(bodyValue(both(), { bundle: INTERNAL }), { stream }), 'TYPE');

  const [algorithm] = begun('E09 digest-algorithm', 'A body is named by SHA-256 and nothing else.');
  const digests: readonly JsonObject[] = [
    {},
    { sha512: 'ab'.repeat(64) },
    { md5: 'ab'.repeat(16) },
    { sha256: 'ab'.repeat(32), sha512: 'ab'.repeat(64) },
    { sha256: 'AB'.repeat(32) },
    { sha256: 'ab'.repeat(31) },
  ];
  for (const digest of digests) {
    const change = (statement: JsonObject): void => {
      statement['subject'] = [{ digest, name: stream }];
    };
    const about = `digest {${Object.keys(digest).join(', ')}}`;
    algorithm.apply(algorithm.release(both(), { change }), 'PARSE', { about });
  }

  const [verbatim] = begun('E10 verbatim-bytes', 'What comes in goes out, byte by byte.');
  const note = 'é 漢 😀 \u2028 " \\ \u007f \b \u0000 </script>';
  verbatim.apply(verbatim.release(bodyValue(both(), { note })), 'accepted');
  verbatim.apply(verbatim.release(both(), { by: ['carol', 'bob', 'alice'] }), 'accepted');
  return [vanished, crossed, algorithm, verbatim].map((builder) => builder.done());
}

function encodingCases(): readonly ConformanceCase[] {
  const bent: readonly (readonly [string, (text: string) => string])[] = [
    ['a key twice', (text) => text.replace('{', '{"_type":"x",')],
    ['a key twice, equal', (text) => `${text.slice(0, -1)},${lastMember(text)}}`],
    ['__proto__', (text) => text.replace('{', '{"__proto__":{},')],
    ['a space', (text) => text.replace(':', ': ')],
    ['a line end', (text) => `${text}\n`],
    ['a byte order mark', (text) => `\ufeff${text}`],
    [
      'another order',
      (text) => `{${lastMember(text)},${text.slice(1, -lastMember(text).length - 2)}}`,
    ],
    ['a fraction', (text) => text.replace(/:(\d+)/, ':$1.5')],
    ['a float', (text) => text.replace(/:(\d+)/, ':$1.0')],
    ['a null', (text) => text.replace(/:(\d+)/, ':null')],
    ['an escape', (text) => text.replace('prod', '\\u0070rod')],
    ['an unknown key', (text) => `${text.slice(0, -1)},"zzz":1}`],
    ['nothing', () => ' '],
  ];
  const [payload] = begun('E11 noncanonical-JSON payload', 'A statement has one byte string.');
  const [body] = begun('E11 noncanonical-JSON body', 'A body has one byte string.');
  for (const [about, bend] of bent) {
    payload.apply(payload.release(both(), { text: bend }), 'PARSE', { about });
    const content = bodyValue(both(), { replaces: 1 });
    body.apply(body.release(content, { bodyText: bend }), 'PARSE', { about });
  }
  const deep = `${'['.repeat(40)}${']'.repeat(40)}`;
  payload.apply(payload.release(both(), { text: () => deep }), 'LIMIT', { about: 'deep' });
  body.apply(body.release(both(), { bodyText: () => deep }), 'LIMIT', { about: 'deep' });
  return [payload.done(), body.done()];
}

/** The last member of an object's text. */
function lastMember(text: string): string {
  return /"[a-z]+":(?:\[[^[]*\]|\d+|"[^"]*"|\[\{.*\}\])(?=\}$)/.exec(text)?.[0] ?? '"zz":1';
}

function fileCases(): readonly ConformanceCase[] {
  const reason = 'nodes and clients check digests; certificates are read where they are added';
  const skip = { peer: reason, admin: reason, client: reason };
  const files = new CaseBuilder('E12 invalid-DER', 'Certificate files of an admin.', { skip });
  files.begin();
  const good = parseBase64(der('one'));
  const base64 = (bytes: Uint8Array): string => encodeBase64(bytes);
  const pem = (label: string, text: string): string =>
    base64(encodeUtf8(`-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`));
  files.certificate(der('one'), 'accepted', undefined, 'DER');
  files.certificate(pem('CERTIFICATE', der('one')), 'accepted', undefined, 'PEM');
  files.certificate(base64(Uint8Array.of(...good, 0)), 'PARSE', undefined, 'trailing byte');
  files.certificate(base64(good.slice(0, -1)), 'PARSE', undefined, 'cut short');
  files.certificate(
    base64(good.map((byte, at) => (at === 1 ? 0x80 : byte))),
    'PARSE',
    undefined,
    'BER length',
  );
  files.certificate(base64(new Uint8Array(0)), 'PARSE', undefined, 'empty');
  files.certificate(
    pem('CERTIFICATE', `${der('one')}!`),
    'PARSE',
    undefined,
    'PEM with a stray character',
  );
  files.certificate(
    pem('CERTIFICATE', base64(Uint8Array.of(...good, 0))),
    'PARSE',
    undefined,
    'PEM with a trailing byte',
  );
  files.certificate(pem('PRIVATE KEY', der('one')), 'PARSE', undefined, 'no certificate');
  files.certificate(
    base64(encodeUtf8(`-----BEGIN CERTIFICATE-----\n${der('one')}\n`)),
    'PARSE',
    undefined,
    'PEM without an end',
  );
  files.certificate(der('leaf'), 'accepted', ['not-a-ca'], 'not a CA');
  files.certificate(der('expired'), 'accepted', ['expired'], 'expired');
  return [files.done()];
}

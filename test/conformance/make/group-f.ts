/**
 * Group F: one thing taken for another.
 */
import type { ConformanceCase, CoveredCase } from '../format.ts';
import { CaseBuilder, type CaseOptions } from './case-builder.ts';
import { envelopeOf } from './group-a.ts';
import {
  anchorEntry,
  bodyValue,
  charterValue,
  type Doc,
  INTERNAL,
  type JsonObject,
  jcs,
  PAYMENTS,
} from './realm.ts';

const ONE = anchorEntry('one');
const STAGING = 'staging.example.org';

/** The cases of the group. */
export function groupF(): readonly ConformanceCase[] {
  return [
    ...realmCases(),
    ...typeCases(),
    streamCase(),
    ...nameCases(),
    envelopeCase(),
    ...wireCases(),
  ];
}

/** Cases of the group that are elsewhere. */
export const COVERED_F: readonly CoveredCase[] = [
  {
    name: 'F02 shared-keys-staging-prod',
    about: 'The ledger beside a key says in which realm it signs; new realms have new keys.',
    test: 'test/cli/charter.test.ts',
    title: 'refuses a key that signs in another realm (F02)',
  },
  {
    name: 'F05 release-as-checkpoint',
    about: 'A release is no checkpoint; the other direction is F05 checkpoint-as-release.',
    test: 'test/core/log/checkpoint.test.ts',
    title: 'refuses a release as a checkpoint (F05)',
  },
];

function begun(name: string, about: string, options?: CaseOptions): [CaseBuilder, Doc] {
  const builder = new CaseBuilder(name, about, options);
  builder.begin();
  const first = builder.release([ONE]);
  builder.apply(first, 'accepted');
  return [builder, first];
}

function realmCases(): readonly ConformanceCase[] {
  const [staging] = begun('F01 staging-to-prod', 'Signed by the right people for another realm.');
  staging.apply(staging.release([ONE], { realm: STAGING }), 'REALM');
  const same = (): void => undefined;
  staging.apply(staging.charter(same, { realm: STAGING }), 'REALM');
  const inside = (charter: JsonObject): void => {
    charter['realm'] = STAGING;
  };
  staging.apply(staging.charter(inside), 'REALM', { about: 'the body says another realm' });

  const pinned = new CaseBuilder('F01 other-first-charter', 'The pin decides who governs.');
  const right = pinned.charter(same);
  const other = pinned.charter((charter) => {
    charter['note'] = 'the same people, another charter';
  });
  pinned.pin(right);
  pinned.apply(other, 'REALM');
  const foreign = pinned.charter((charter) => Object.assign(charter, charterValue(1, STAGING)), {
    realm: STAGING,
  });
  pinned.apply(foreign, 'REALM');
  pinned.apply(pinned.release([ONE]), 'GAP', { about: 'and without a charter there is nothing' });
  pinned.apply(right, 'accepted');
  return [staging.done(), pinned.done()];
}

function typeCases(): readonly ConformanceCase[] {
  const [swap] = begun('F03 payloadType-swap', 'Signed as something else.');
  for (const payloadType of ['application/vnd.kedge+json', 'application/json', '']) {
    const about = `signed as "${payloadType}"`;
    swap.apply(swap.release([ONE], { payloadType }), 'THRESHOLD', { about });
  }
  swap.envelope(envelopeOf(swap.release([ONE]), 'application/json'), 'TYPE');

  const [mismatch] = begun('F04 predicateType-mismatch', 'Types, stream and subject must agree.');
  const set = (key: string, value: string) => (statement: JsonObject) => {
    statement[key] = value;
  };
  const changes: readonly (readonly [string, (statement: JsonObject) => void])[] = [
    ['a charter in a release stream', set('predicateType', 'urn:kedge:charter:v1')],
    ['a rollout in a release stream', set('predicateType', 'urn:kedge:rollout:v1')],
    ['a later version', set('predicateType', 'urn:kedge:release:v2')],
    ['another standard', set('predicateType', 'https://slsa.dev/provenance/v1')],
    ['another statement', set('_type', 'https://in-toto.io/Statement/v0.1')],
    [
      'another subject',
      (statement) => {
        const [subject] = statement['subject'] as JsonObject[];
        statement['subject'] = [{ ...subject, name: `release/${INTERNAL}` }];
      },
    ],
  ];
  for (const [about, change] of changes) {
    mismatch.apply(mismatch.release([ONE], { change }), 'TYPE', { about });
  }
  const charter = jcs(charterValue(2));
  mismatch.apply(mismatch.release([ONE], { bodyText: () => charter }), 'PARSE', {
    about: 'the body of a charter under a release',
  });
  mismatch.apply(
    mismatch.charter(() => undefined, { bodyText: () => jcs(bodyValue([ONE])) }),
    'PARSE',
    {
      about: 'the body of a release under a charter',
    },
  );

  const [checkpoint] = begun('F05 checkpoint-as-release', 'A signed log is no release.');
  const text = 'prod.example.org/release\n42\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
  checkpoint.apply(checkpoint.release([ONE], { text: () => text }), 'PARSE');
  return [swap.done(), mismatch.done(), checkpoint.done()];
}

function streamCase(): ConformanceCase {
  const [builder] = begun('F06 same-seq-other-stream', 'Streams are independent of each other.', {
    bundles: [PAYMENTS, INTERNAL],
  });
  const internal = bodyValue([ONE], { bundle: INTERNAL });
  builder.apply(builder.release(internal), 'accepted');
  builder.apply(builder.release(bodyValue([ONE], { note: '2' })), 'accepted');
  builder.apply(builder.release(internal), 'accepted');
  return builder.done();
}

function nameCases(): readonly ConformanceCase[] {
  const names: readonly string[] = [
    '../../etc/passwd',
    '..',
    '.',
    '',
    'a/b',
    'pay\u0000ments',
    'p\u0430yments',
    'PAYMENTS',
    'a'.repeat(300),
    'constructor',
    '__proto__',
    'payments prod',
    '-payments',
  ];
  const [streams] = begun('F07 names stream', 'Names that are paths, look-alikes or members.');
  const [realms] = begun('F07 names realm', 'The same for realms.');
  const [bodies] = begun('F07 names bundle', 'The same for the bundle in a body.');
  for (const name of names) {
    const about = JSON.stringify(name.slice(0, 20));
    const change = (statement: JsonObject): void => {
      const [subject] = statement['subject'] as JsonObject[];
      statement['subject'] = [{ ...subject, name: `release/${name}` }];
      (statement['predicate'] as JsonObject)['stream'] = `release/${name}`;
    };
    streams.apply(streams.release([ONE], { change }), 'PARSE', { about });
    realms.apply(realms.release([ONE], { realm: name }), 'PARSE', { about });
    const stream = `release/${PAYMENTS}`;
    const body = bodyValue([ONE], { bundle: name });
    bodies.apply(bodies.release(body, { stream }), 'PARSE', { about });
  }
  return [streams.done(), realms.done(), bodies.done()];
}

function envelopeCase(): ConformanceCase {
  const reason = 'statements travel as protobuf; envelopes are files of signers';
  const skip = { peer: reason, admin: reason, client: reason };
  const [builder] = begun('F09 envelope-dup-keys', 'An envelope has one reading.', { skip });
  const text = envelopeOf(builder.release(bodyValue([ONE], { note: '2' })));
  builder.envelope(text, 'accepted');
  builder.envelope(text.replace('{', '{"payload":"e30=",'), 'PARSE');
  builder.envelope(text.replace('"sig":', '"sig":"","sig":'), 'PARSE');
  builder.envelope(text.replace('"keyid":', '"cert":"","keyid":'), 'PARSE', { about: 'unknown' });
  builder.envelope(`${text}\n`, 'PARSE', { about: 'a line end' });
  builder.envelope(text.replace('"payload":"e', '"payload":"f'), 'accepted', {
    about: 'another payload reads as an envelope; its signatures fail later',
  });
  builder.envelope(text.replace(/"payload":"([^"]*)"/, '"payload":"$1="'), 'PARSE', {
    about: 'base64 with padding too much',
  });
  return builder.done();
}

function wireCases(): readonly ConformanceCase[] {
  const skip = { core: 'the core sees no protobuf' };
  const [unknown] = begun('F11 protobuf-unknown-fields', 'They change no digest.', { skip });
  unknown.apply(unknown.release(bodyValue([ONE], { note: '2' })), 'accepted', {
    wire: 'unknown-fields',
  });
  const [repeated] = begun('F11 protobuf-repeated-fields', 'The last one counts.', { skip });
  repeated.apply(repeated.release(bodyValue([ONE], { note: '2' })), 'accepted', {
    wire: 'repeated-fields',
  });
  return [unknown.done(), repeated.done()];
}

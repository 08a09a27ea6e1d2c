/**
 * An attacker with one signer too few of every role at once, and what it can make, bend, mix and
 * play back in a realm that has published a few things.
 */
import fc from 'fast-check';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import { encodeCharter } from '../../../src/core/charter/charter.ts';
import { draftCharter, rotateCharter } from '../../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import {
  NO_PREVIOUS,
  parseSequence,
  parseStreamName,
  releaseStream,
  rolloutStream,
  type Sha256,
  type StreamName,
} from '../../../src/core/ids.ts';
import { encodeReleaseBody, type ReleaseBody } from '../../../src/core/releases/body.ts';
import { revokeAnchor } from '../../../src/core/releases/edit.ts';
import { encodeRolloutBody } from '../../../src/core/rollouts/body.ts';
import type { Signature, SignedDocument } from '../../../src/core/statements/envelope.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { encodeStatement } from '../../../src/core/statements/statement.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import {
  currentCharter,
  emptyTrustedState,
  headOf,
  type TrustedState,
} from '../../../src/core/trusted/state.ts';
import { anchor, anchorId, bodyOf, PAYMENTS, point } from '../releases/bodies.ts';
import { DAY_MS, ed25519Key, NOW_MS, REALM, role, signer } from '../support.ts';
import { rolloutAfter, rolloutBody } from './rollouts.ts';
import { placeOf, releaseAfter } from './world.ts';

const ROLES = ['charter', 'release', 'revoke', 'rollout', 'lab'] as const;
/** Three signers of each role, two of whom are needed; the first one's key is stolen. */
const KEYS: ReadonlyMap<string, SigningKey> = new Map(
  ROLES.flatMap((name, place) =>
    [1, 2, 3].map((number) => [`${name}-${number}`, ed25519Key(10 * place + number + 20)]),
  ),
);
export const STOLEN: readonly SigningKey[] = ROLES.map((name) => keyOf(`${name}-1`));
/** The attacker's own keys, which nobody lists. */
export const OWN: readonly SigningKey[] = [ed25519Key(101), ed25519Key(102), ed25519Key(103)];
const TEN: readonly Anchor[] = Array.from({ length: 10 }, (_, index) => anchor(`n${index}`));
const STREAMS: readonly StreamName[] = [
  parseStreamName('charter'),
  releaseStream(PAYMENTS),
  rolloutStream(PAYMENTS),
];

function keyOf(name: string): SigningKey {
  const key = KEYS.get(name);
  if (key === undefined) throw new Error(`no key of ${name}`);
  return key;
}

function quorumOf(...names: readonly (typeof ROLES)[number][]): readonly SigningKey[] {
  return names.flatMap((name) => [keyOf(`${name}-2`), keyOf(`${name}-3`)]);
}

/** What the realm published, in order. */
export const HONEST: readonly SignedDocument[] = publish();
export const DIGESTS: ReadonlySet<string> = new Set(
  HONEST.map(({ statement }) => sha256(statement.payload)),
);
export const PIN: Sha256 = sha256(documentAt(0).statement.payload);

/** What parties hold that got so many of them. */
export const STATES: readonly TrustedState[] = HONEST.reduce<readonly TrustedState[]>(
  (states, document) => [
    ...states,
    taken(states.at(-1) ?? emptyTrustedState(REALM, PIN), document),
  ],
  [emptyTrustedState(REALM, PIN)],
);

export function documentAt(index: number): SignedDocument {
  const document = HONEST[index % HONEST.length];
  if (document === undefined) throw new Error('no such document');
  return document;
}

function publish(): readonly SignedDocument[] {
  const signers = [...KEYS].map(([name, key]) => signer(name, key));
  const named = (name: string): ReturnType<typeof role> =>
    role(2, ...[1, 2, 3].map((number) => `${name}-${number}`));
  const [charter, release, revoke, rollout] = [0, 1, 2, 3].map((at) => named(ROLES[at] ?? ''));
  if (!charter || !release || !revoke || !rollout) throw new Error('four roles');
  const first = draftCharter(
    REALM,
    {
      signers: signers.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      roles: { charter, release, revoke, rollout },
      delegations: [{ bundle: '*.lab.example.org', role: named('lab') }],
      lifecycle: { holdDownSeconds: 0, overlapSeconds: 0, blastRadiusPercent: 20 },
    },
    NOW_MS - DAY_MS,
  );
  const sign = (payload: Uint8Array, body: Uint8Array): SignedDocument => ({
    statement: signStatement(payload, quorumOf('charter')),
    body,
  });
  const one = sign(first.payload, first.body);
  const empty = emptyTrustedState(REALM, sha256(first.payload));
  const current = currentCharter(taken(empty, one));
  if (current === undefined) throw new Error('no charter');
  const next = rotateCharter(current, { note: 'two' }, NOW_MS);
  const documents = [one];
  let head: ReturnType<typeof placeOf> | undefined;
  for (const note of ['first', 'second', 'third']) {
    const body = bodyOf(TEN, { note, delivery: 'waves' });
    documents.push(releaseAfter(head, body, { keys: quorumOf('release') }));
    head = placeOf(documents.at(-1) ?? one, documents.length - 1);
  }
  const names = [1, 2, 3].map((at) => placeOf(documents[at] ?? one, at));
  const [a, b, c] = names;
  if (!a || !b || !c) throw new Error('three releases');
  const keys = quorumOf('rollout');
  const started = rolloutAfter(undefined, rolloutBody(b, a), { keys });
  const later = rolloutAfter(placeOf(started, 1), rolloutBody(c, b), { keys });
  return [...documents, started, later, sign(next.payload, next.body)];
}

/** The state after a document, or as it was. */
export function taken(state: TrustedState, { statement, body }: SignedDocument): TrustedState {
  const offer = { chain: [statement], body, mode: 'linked' } as const;
  return acceptDocument(state, offer, NOW_MS).state;
}

/** What the attacker does next: numbers that choose among what it can make. */
export interface Move {
  readonly kind: 'release' | 'narrow' | 'rollout' | 'charter' | 'body' | 'replay';
  readonly stream: number;
  readonly ahead: number;
  readonly previous: number;
  readonly charterVersion: number;
  readonly borrowed: number;
  readonly signers: readonly number[];
  readonly hints: number;
  readonly offered: 'linked' | 'jump' | 'chain' | 'evidence';
}

export const someMove: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('release', 'narrow', 'rollout', 'charter', 'body', 'replay'),
  stream: fc.nat(STREAMS.length - 1),
  ahead: often(1, fc.integer({ min: -2, max: 2 })),
  previous: often(0, fc.nat(HONEST.length)),
  charterVersion: fc.integer({ min: 1, max: 3 }),
  borrowed: fc.nat(HONEST.length - 1),
  signers: fc.array(fc.nat(STOLEN.length + OWN.length - 1), { maxLength: 10 }),
  hints: fc.nat(3),
  offered: fc.constantFrom('linked', 'jump', 'chain', 'evidence'),
});

/** Mostly what fits best, else anything. */
function often(value: number, other: fc.Arbitrary<number>): fc.Arbitrary<number> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: other });
}

/** The content that the attacker wants. */
function wanted(move: Move, state: TrustedState): Uint8Array {
  const mallory = anchor('mallory');
  const grown = bodyOf([...TEN, mallory], { note: 'mine' });
  switch (move.kind) {
    case 'release':
      return encodeReleaseBody(move.hints > 1 ? grown : bodyOf([mallory]));
    case 'narrow': {
      const before: ReleaseBody = headOf(state, releaseStream(PAYMENTS))?.body ?? grown;
      const id = before.anchors[0]?.id ?? anchorId('mallory');
      const sequence = (headOf(state, releaseStream(PAYMENTS))?.sequence ?? 0) + 1;
      return encodeReleaseBody(revokeAnchor(before, id, point(sequence)));
    }
    case 'rollout': {
      const to = placeOf(documentAt(move.borrowed), 1 + (move.borrowed % 3));
      return encodeRolloutBody(rolloutBody(to, undefined, { state: 'aborted' }));
    }
    case 'charter': {
      const charter = currentCharter(state)?.charter;
      if (charter === undefined) return encodeReleaseBody(grown);
      const ids = ['mallory-1', 'mallory-2', 'mallory-3'];
      const mine = { ...role(2, ...ids) };
      return encodeCharter({
        ...charter,
        version: charter.version + 1,
        signers: ids.map((name, at) => signer(name, OWN[at] ?? keyOf('charter-1'))),
        roles: { charter: mine, release: mine },
        delegations: [],
      });
    }
    case 'body':
    case 'replay':
      return documentAt(move.borrowed).body;
  }
}

/** A statement with whatever signatures the attacker has or saw. */
export function forge(move: Move, state: TrustedState): SignedDocument {
  if (move.kind === 'replay') {
    const { statement, body } = documentAt(move.borrowed);
    const signatures = [...statement.signatures.slice(move.hints % 2), ...seen(move)];
    return { statement: { payload: statement.payload, signatures }, body };
  }
  const stream = STREAMS[move.stream] ?? releaseStream(PAYMENTS);
  const head = headOf(state, stream);
  const isCharter = stream === STREAMS[0];
  const held = isCharter ? state.charters.length : (head?.sequence ?? 0);
  const sequence = parseSequence(Math.max(1, held + move.ahead));
  const digest = isCharter ? currentCharter(state)?.digest : head?.digest;
  const known = move.previous === 0 ? digest : sha256(documentAt(move.previous).statement.payload);
  const body = wanted(move, state);
  const payload = encodeStatement({
    realm: REALM,
    stream,
    sequence,
    previous: known ?? NO_PREVIOUS,
    charterVersion: isCharter ? sequence : move.charterVersion,
    issuedMs: NOW_MS,
    expiresMs: NOW_MS + 10 * DAY_MS,
    bodyDigest: sha256(body),
    bodyBytes: body.length,
  });
  const all = [...STOLEN, ...OWN];
  const keys = move.signers.map((at) => all[at] ?? keyOf('release-1'));
  const own = signStatement(payload, [...new Set(keys)]).signatures;
  return {
    statement: { payload, signatures: [...own, ...relabel(own, move), ...seen(move)] },
    body,
  };
}

/** The same signatures in the name of others. */
function relabel(own: readonly Signature[], { hints }: Move): readonly Signature[] {
  if (hints === 0) return [];
  const names = ROLES.map((name) => keyOf(`${name}-${hints}`).publicKey.keyId);
  return own.flatMap(({ signature }) => names.map((keyId) => ({ keyId, signature }))).slice(0, 12);
}

/** Signatures of a quorum, for something else. */
function seen({ borrowed, previous }: Move): readonly Signature[] {
  return [borrowed, previous].flatMap((at) => documentAt(at).statement.signatures);
}

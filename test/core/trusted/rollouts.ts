/**
 * Rollouts to test acceptance with: Frank alone signs them in a realm of `world.ts`.
 *
 * @module
 */
import type { CharterChange } from '../../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import {
  NO_PREVIOUS,
  parseSequence,
  type RolloutStream,
  rolloutStream,
} from '../../../src/core/ids.ts';
import {
  encodeRolloutBody,
  type NamedRelease,
  type RolloutBody,
} from '../../../src/core/rollouts/body.ts';
import type { SignedDocument, SignedStatement } from '../../../src/core/statements/envelope.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { encodeStatement } from '../../../src/core/statements/statement.ts';
import { type Head, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { PAYMENTS } from '../releases/bodies.ts';
import {
  ALICE,
  BOB,
  CAROL,
  DAVE,
  DAY_MS,
  ed25519Key,
  NOW_MS,
  REALM,
  role,
  signer,
} from '../support.ts';
import { begin, nextRelease, noted, placeOf, type ReleaseChange, ROLES, take } from './world.ts';

export const ROLLOUTS: RolloutStream = rolloutStream(PAYMENTS);

export const FRANK: SigningKey = ed25519Key(6);

/** A charter under which Frank signs rollouts. */
export const WITH_ROLLOUTS: CharterChange = {
  signers: [
    signer('alice', ALICE),
    signer('bob', BOB),
    signer('carol', CAROL),
    signer('dave', DAVE),
    signer('frank', FRANK),
  ],
  roles: { ...ROLES, rollout: role(1, 'frank') },
};

/** A canary and then everybody, running. */
export function rolloutBody(
  to: NamedRelease,
  from?: NamedRelease,
  changed: Partial<RolloutBody> = {},
): RolloutBody {
  const gates = { minReporters: 1, loadedPercent: 90, maxFailures: 0, soakSeconds: 60 };
  return {
    bundle: PAYMENTS,
    note: '',
    state: 'running',
    ...(from !== undefined && { from }),
    to,
    waves: [
      { name: 'canary', match: new Map([['tier', 'test']]), percent: 5, gates },
      { name: 'everybody', match: new Map(), percent: 100, gates },
    ],
    ...changed,
  };
}

/** The rollout after `head`, signed by Frank. */
export function rolloutAfter(
  head: Pick<Head, 'sequence' | 'digest'> | undefined,
  body: RolloutBody,
  { keys = [FRANK], ...changed }: ReleaseChange = {},
): SignedDocument {
  const bytes = encodeRolloutBody(body);
  const issuedMs = changed.issuedMs ?? NOW_MS;
  const payload = encodeStatement({
    realm: REALM,
    stream: rolloutStream(body.bundle),
    sequence: parseSequence((head?.sequence ?? 0) + 1),
    previous: head?.digest ?? NO_PREVIOUS,
    charterVersion: 1,
    issuedMs,
    expiresMs: issuedMs + 30 * DAY_MS,
    bodyDigest: sha256(bytes),
    bodyBytes: bytes.length,
    ...changed,
  });
  return { statement: signStatement(payload, keys), body: bytes };
}

/** The rollout after the head of a state. */
export function nextRollout(
  state: TrustedState,
  body: RolloutBody,
  changed: ReleaseChange = {},
): SignedDocument {
  return rolloutAfter(headOf(state, rolloutStream(body.bundle)), body, changed);
}

/** A realm with rollouts that holds releases 1 to `count`; `names` are what rollouts call them. */
export function released(count: number): {
  readonly state: TrustedState;
  readonly documents: readonly SignedDocument[];
  readonly names: readonly NamedRelease[];
  /** What a store gives of them. */
  readonly stored: readonly SignedStatement[];
} {
  const documents: SignedDocument[] = [];
  let state = begin(WITH_ROLLOUTS);
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const document = nextRelease(state, noted(`release ${sequence}`, { delivery: 'waves' }));
    documents.push(document);
    state = take(state, document);
  }
  const names = documents.map((document, index) => placeOf(document, index + 1));
  return { state, documents, names, stored: documents.map(({ statement }) => statement) };
}

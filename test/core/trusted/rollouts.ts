/**
 * Rollouts to test acceptance with: Frank alone signs them in a realm of `world.ts`.
 *
 * @module
 */
import type { CharterChange } from '../../../src/core/charter/draft.ts';
import type { SigningKey } from '../../../src/core/crypto.ts';
import { type RolloutStream, rolloutStream } from '../../../src/core/ids.ts';
import {
  encodeRolloutBody,
  type NamedRelease,
  type RolloutBody,
} from '../../../src/core/rollouts/body.ts';
import type { SignedDocument, SignedStatement } from '../../../src/core/statements/envelope.ts';
import { type Head, headOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { PAYMENTS } from '../releases/bodies.ts';
import { ALICE, BOB, CAROL, DAVE, ed25519Key, role, signer } from '../support.ts';
import { documentAfter, grown, placeOf, type ReleaseChange, ROLES } from './world.ts';

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
  changed: ReleaseChange = {},
): SignedDocument {
  const stream = rolloutStream(body.bundle);
  return documentAfter(stream, head, encodeRolloutBody(body), { keys: [FRANK], ...changed });
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
  const waved = { realm: WITH_ROLLOUTS, body: { delivery: 'waves' as const } };
  const { state, documents } = grown(count, waved);
  const names = documents.map((document, index) => placeOf(document, index + 1));
  return { state, documents, names, stored: documents.map(({ statement }) => statement) };
}

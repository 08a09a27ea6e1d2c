/**
 * A realm whose charters part: everything is signed with the keys that a test names, on top of
 * whatever it names.
 *
 * @module
 */
import type { Charter } from '../../../src/core/charter/charter.ts';
import {
  type CharterChange,
  draftCharter,
  rotateCharter,
} from '../../../src/core/charter/draft.ts';
import { type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import {
  NO_PREVIOUS,
  parseSequence,
  type ReleaseStream,
  releaseStream,
  rolloutStream,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../../../src/core/ids.ts';
import { encodeReleaseBody, type ReleaseBody } from '../../../src/core/releases/body.ts';
import { encodeRolloutBody, type RolloutBody } from '../../../src/core/rollouts/body.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { signStatement } from '../../../src/core/statements/sign.ts';
import { encodeStatement } from '../../../src/core/statements/statement.ts';
import { acceptDocument } from '../../../src/core/trusted/accept.ts';
import { emptyTrustedState, type TrustedState } from '../../../src/core/trusted/state.ts';
import { bodyOf, PAYMENTS } from '../../core/releases/bodies.ts';
import { ALICE, BOB, CAROL, DAY_MS, ed25519Key, REALM, role, signer } from '../../core/support.ts';

/** A charter, and the state of somebody who holds nothing but what leads to it. */
export interface BranchedCharter {
  readonly document: SignedDocument;
  readonly digest: Sha256;
  readonly state: TrustedState;
}

/** A release with its place. */
export interface BranchedRelease {
  readonly document: SignedDocument;
  readonly digest: Sha256;
  readonly sequence: Sequence;
}

export const BRANCHED: ReleaseStream = releaseStream(PAYMENTS);
const DAVE = ed25519Key(60);
const ERIN = ed25519Key(61);
const ROBOT = ed25519Key(62);
/** Who signs what after a recovery. */
export const OWNERS: readonly SigningKey[] = [DAVE, ERIN];
/** Whose keys were stolen. */
const THIEF: readonly SigningKey[] = [ALICE, BOB];

/** Makes charters and releases. Two of Alice, Bob and Carol decide; two of three recover. */
export class Branches {
  readonly root: BranchedCharter;
  readonly #nowMs: number;
  /** Who signs rollouts, where anybody does. */
  readonly #robots: Charter['signers'];

  constructor(
    nowMs: number,
    regions: Charter['regions'] = [],
    rollouts: 'signed' | 'none' = 'none',
  ) {
    this.#nowMs = nowMs;
    this.#robots = rollouts === 'signed' ? [signer('robot', ROBOT)] : [];
    const people = [signer('alice', ALICE), signer('bob', BOB), signer('carol', CAROL)];
    const signers = [...people, ...this.#robots];
    const lifecycle = { holdDownSeconds: 0, overlapSeconds: 0, blastRadiusPercent: 100 };
    const roles = this.#rolesOf(['alice', 'bob', 'carol'], 1);
    const content = { signers, lifecycle, roles, regions };
    const { payload, body } = draftCharter(REALM, content, nowMs - DAY_MS);
    const document = { statement: signStatement(payload, [ALICE, BOB]), body };
    const digest = sha256(payload);
    const empty = emptyTrustedState(REALM, digest);
    this.root = { document, digest, state: this.#after(empty, document) };
  }

  /** A charter that only the stolen keys sign. */
  stolen(parent: BranchedCharter, note: string, change: CharterChange = {}): BranchedCharter {
    return this.#charter(parent, { ...change, note }, THIEF);
  }

  /** A charter that two recovery keys sign, `first` and the next; Dave and Erin have the realm. */
  recovered(parent: BranchedCharter, first: 1 | 2): BranchedCharter {
    const keys = [first, first + 1].map((number) => ed25519Key(70 + number));
    const revealed = keys
      .map(({ publicKey }) => publicKey)
      .toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1));
    const signers = [signer('dave', DAVE), signer('erin', ERIN), ...this.#robots];
    const change = { signers, roles: this.#rolesOf(['dave', 'erin'], 4), revealed };
    return this.#charter(parent, change, [...keys, ...OWNERS]);
  }

  /** A release that names the newest charter of `under`. */
  release(
    under: BranchedCharter,
    after: BranchedRelease | undefined,
    content: string | Partial<ReleaseBody>,
    keys: readonly SigningKey[] = THIEF,
  ): BranchedRelease {
    const change = typeof content === 'string' ? { note: content } : content;
    const body = encodeReleaseBody({ ...bodyOf([]), ...change });
    return this.#next(under, after, { stream: BRANCHED, body, keys });
  }

  /** A rollout that names the newest charter of `under`. */
  rollout(
    under: BranchedCharter,
    after: BranchedRelease | undefined,
    plan: Omit<RolloutBody, 'bundle'>,
    key: SigningKey = ROBOT,
  ): BranchedRelease {
    const body = encodeRolloutBody({ ...plan, bundle: PAYMENTS });
    return this.#next(under, after, { stream: rolloutStream(PAYMENTS), body, keys: [key] });
  }

  #next(
    under: BranchedCharter,
    after: BranchedRelease | undefined,
    {
      stream,
      body,
      keys,
    }: {
      readonly stream: StreamName;
      readonly body: Uint8Array;
      readonly keys: readonly SigningKey[];
    },
  ): BranchedRelease {
    const sequence = parseSequence((after?.sequence ?? 0) + 1);
    const payload = encodeStatement({
      realm: REALM,
      stream,
      sequence,
      previous: after?.digest ?? NO_PREVIOUS,
      charterVersion: under.state.charters.length,
      issuedMs: this.#issuedMs,
      expiresMs: this.#issuedMs + 30 * DAY_MS,
      bodyDigest: sha256(body),
      bodyBytes: body.length,
    });
    const document = { statement: signStatement(payload, keys), body };
    return { document, digest: sha256(payload), sequence };
  }

  get #issuedMs(): number {
    return this.#nowMs - 60_000;
  }

  #charter(
    parent: BranchedCharter,
    change: CharterChange,
    keys: readonly SigningKey[],
  ): BranchedCharter {
    const point = parent.state.charters.at(-1);
    if (point === undefined) throw new Error('no charter to follow');
    const { payload, body } = rotateCharter(point, change, this.#issuedMs);
    const document = { statement: signStatement(payload, keys), body };
    return { document, digest: sha256(payload), state: this.#after(parent.state, document) };
  }

  #rolesOf(names: readonly string[], firstKey: number): Charter['roles'] {
    const deciding = role(2, ...names);
    const keyDigests = [0, 1, 2].map((at) => ed25519Key(70 + firstKey + at).publicKey.keyId).sort();
    const recovery = { keyDigests, threshold: 2, expiryDays: 30 };
    const rollout = this.#robots.length > 0 && { rollout: role(1, 'robot') };
    return { charter: deciding, release: deciding, recovery, ...rollout };
  }

  #after(state: TrustedState, { statement, body }: SignedDocument): TrustedState {
    const offer = { chain: [statement], body, mode: 'linked' } as const;
    return acceptDocument(state, offer, this.#nowMs).state;
  }
}

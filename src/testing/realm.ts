/**
 * A realm for tests: a charter, the keys of its signers, and documents that they sign.
 *
 * Everything is made by the core that is under test elsewhere, with real keys, so that what comes
 * out is what an admin's tools would publish. A test that wants something wrong asks for it by name
 * (fewer signers, another predecessor) or edits the document.
 *
 * @module
 */
import { type Charter, encodeCharter } from '../core/charter/charter.ts';
import { generateSigningKey, type SigningKey, sha256 } from '../core/crypto.ts';
import { KedgeError } from '../core/errors.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  NO_PREVIOUS,
  parseBundleName,
  parseRealmName,
  parseSequence,
  parseSignerId,
  type RealmName,
  releaseStream,
  rolloutStream,
  type Sequence,
  type Sha256,
  type StreamName,
} from '../core/ids.ts';
import { encodeReleaseBody, type ReleaseBody } from '../core/releases/body.ts';
import { type EditPoint, emptyBody, nextBody } from '../core/releases/edit.ts';
import { encodeRolloutBody, type RolloutBody } from '../core/rollouts/body.ts';
import { signStatement } from '../core/statements/sign.ts';
import { encodeStatement } from '../core/statements/statement.ts';
import { acceptDocument } from '../core/trusted/accept.ts';
import { emptyTrustedState, type TrustedState } from '../core/trusted/state.ts';
import type {
  TestCharter,
  TestDocument,
  TestRelease,
  TestReleaseOptions,
  TestRollout,
  TestRolloutOptions,
  TestSigningOptions,
} from './documents.ts';
import { firstCharter, type TestRealmOptions, type TestSigner } from './realm-options.ts';
import { TEST_EPOCH_MS } from './simulated-clock.ts';

export type {
  TestCharter,
  TestDocument,
  TestRealmOptions,
  TestRelease,
  TestReleaseOptions,
  TestRollout,
  TestRolloutOptions,
  TestSigner,
  TestSigningOptions,
};

const NAMES = ['alice', 'bob', 'carol'];
const VALID_FOR_MS = 30 * 86_400_000;

/** Makes a realm with its first charter. */
export function createTestRealm(options: TestRealmOptions = {}): TestRealm {
  const count = options.signers ?? NAMES.length;
  const signers = Array.from({ length: count }, (_, index) => ({
    id: parseSignerId(NAMES[index] ?? `signer-${index + 1}`),
    key: generateSigningKey(options.alg ?? 'ed25519'),
  }));
  return new TestRealm(signers, options);
}

/** A realm whose signers sign whatever a test wants; remembers the newest of each stream. */
export class TestRealm {
  readonly name: RealmName;
  readonly signers: readonly TestSigner[];
  readonly #now: () => number;
  readonly #charters: TestCharter[] = [];
  readonly #releases = new Map<BundleName, TestRelease[]>();
  readonly #rollouts = new Map<BundleName, TestRollout[]>();
  readonly #extraKeys = new Map<string, SigningKey>();
  readonly #rolloutSigner: string | undefined;

  /** For {@link createTestRealm}. */
  constructor(signers: readonly TestSigner[], options: TestRealmOptions) {
    this.name = parseRealmName(options.realm ?? 'test.example.org');
    this.signers = signers;
    this.#now = options.now ?? (() => TEST_EPOCH_MS);
    const { rolloutSigner: id, rolloutKey } = options;
    this.#rolloutSigner = id;
    const rollouts = id === undefined ? undefined : this.addSigner(id, rolloutKey);
    const charter = firstCharter(this.name, signers, { ...options, rollouts });
    this.#charters.push(this.#signCharter(charter, {}, undefined));
  }

  /** The newest charter. */
  get charter(): TestCharter {
    const newest = this.#charters.at(-1);
    if (newest === undefined) throw new KedgeError('BUG', 'a realm without a charter');
    return newest;
  }

  /** All charters, ascending. */
  get charters(): readonly TestCharter[] {
    return this.#charters;
  }

  /** What nodes and clients are pinned to. */
  get firstCharterDigest(): Sha256 {
    return this.#charters[0]?.digest ?? NO_PREVIOUS;
  }

  /** The remembered releases of a bundle, ascending. */
  releases(bundle: string): readonly TestRelease[] {
    return this.#releases.get(parseBundleName(bundle)) ?? [];
  }

  /** One of them. Errors: `CONFIG` when there is none. */
  release(bundle: string, sequence: number): TestRelease {
    const found = this.releases(bundle)[sequence - 1];
    if (found !== undefined) return found;
    throw new KedgeError('CONFIG', `the test realm has no release ${sequence} of ${bundle}`);
  }

  /** The remembered rollouts of a bundle, ascending. */
  rollouts(bundle: string): readonly TestRollout[] {
    return this.#rollouts.get(parseBundleName(bundle)) ?? [];
  }

  /** Makes a further signer's key known, so that a changed charter can be signed with it. */
  addSigner(id: string, key: SigningKey = generateSigningKey('ed25519')): TestSigner {
    this.#extraKeys.set(id, key);
    return { id: parseSignerId(id), key };
  }

  /**
   * Signs the next release of a bundle: `edit` gets the content of the one before, without its
   * note, and the point to edit at.
   */
  nextRelease(
    bundle: string,
    edit: (body: ReleaseBody, point: EditPoint) => ReleaseBody,
    options: TestReleaseOptions = {},
  ): TestRelease {
    const name = parseBundleName(bundle);
    const known = this.#releases.get(name) ?? [];
    const { after = known.at(-1) ?? 'nothing' } = options;
    const before = after === 'nothing' ? undefined : after;
    const point = {
      sequence: parseSequence((before?.sequence ?? 0) + 1),
      issuedMs: this.#issuedMs(options),
    };
    const body = edit(before === undefined ? emptyBody(name) : nextBody(before.body), point);
    const signed = this.#sign(
      {
        stream: releaseStream(name),
        sequence: point.sequence,
        previous: before?.digest ?? NO_PREVIOUS,
        charterVersion: this.charter.charter.version,
        body: encodeReleaseBody(body),
      },
      // The clock may have moved on since the edit.
      { ...options, issuedMs: point.issuedMs },
    );
    const release = { ...signed, stream: releaseStream(name), body };
    if (options.after === undefined) this.#releases.set(name, [...known, release]);
    return release;
  }

  /** Signs the next rollout of a bundle; remembers it as {@link nextRelease} does a release. */
  nextRollout(
    bundle: string,
    plan: Omit<RolloutBody, 'bundle'>,
    options: TestRolloutOptions = {},
  ): TestRollout {
    const name = parseBundleName(bundle);
    const known = this.#rollouts.get(name) ?? [];
    const { after = known.at(-1) ?? 'nothing' } = options;
    const before = after === 'nothing' ? undefined : after;
    const body = { ...plan, bundle: name };
    const signed = this.#sign(
      {
        stream: rolloutStream(name),
        sequence: parseSequence((before?.sequence ?? 0) + 1),
        previous: before?.digest ?? NO_PREVIOUS,
        charterVersion: this.charter.charter.version,
        body: encodeRolloutBody(body),
      },
      { signers: this.#rolloutSigner === undefined ? 0 : [this.#rolloutSigner], ...options },
    );
    const rollout = { ...signed, stream: rolloutStream(name), body };
    if (options.after === undefined) this.#rollouts.set(name, [...known, rollout]);
    return rollout;
  }

  /** Signs and remembers the next charter; by default with every signer whose key is known. */
  nextCharter(
    change: (charter: Charter) => Charter,
    options: TestSigningOptions = {},
  ): TestCharter {
    const charter = change({ ...this.charter.charter, version: this.charter.charter.version + 1 });
    const signers = options.signers ?? [...this.#keys().keys()];
    const signed = this.#signCharter(charter, { ...options, signers }, this.charter);
    this.#charters.push(signed);
    return signed;
  }

  /** What somebody who got everything remembered here trusts. */
  trustedState(): TrustedState {
    let state = emptyTrustedState(this.name, this.firstCharterDigest);
    const releases = [...this.#releases.values()].flat();
    const rollouts = [...this.#rollouts.values()].flat();
    for (const { document, issuedMs } of [...this.#charters, ...releases, ...rollouts]) {
      const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
      ({ state } = acceptDocument(state, offer, issuedMs));
    }
    return state;
  }

  #signCharter(
    charter: Charter,
    options: TestSigningOptions,
    before: TestCharter | undefined,
  ): TestCharter {
    const signed = this.#sign(
      {
        stream: CHARTER_STREAM,
        sequence: parseSequence(charter.version),
        previous: before?.digest ?? NO_PREVIOUS,
        charterVersion: charter.version,
        body: encodeCharter(charter),
      },
      { signers: charter.roles.charter.threshold, ...options },
    );
    return { ...signed, charter };
  }

  #sign(
    fields: {
      readonly stream: StreamName;
      readonly sequence: Sequence;
      readonly previous: Sha256;
      readonly charterVersion: number;
      readonly body: Uint8Array;
    },
    options: TestSigningOptions,
  ): TestDocument {
    const { body, ...rest } = fields;
    const issuedMs = this.#issuedMs(options);
    const expiresMs = options.expiresMs ?? issuedMs + VALID_FOR_MS;
    const payload = encodeStatement({
      ...rest,
      realm: this.name,
      issuedMs,
      expiresMs,
      bodyDigest: sha256(body),
      bodyBytes: body.length,
    });
    const threshold = this.#charters.at(-1)?.charter.roles.release.threshold ?? 1;
    const statement = signStatement(payload, this.#keysOf(options.signers ?? threshold));
    const { stream, sequence } = fields;
    const digest = sha256(payload);
    return { document: { statement, body }, stream, sequence, digest, issuedMs, expiresMs };
  }

  #issuedMs(options: TestSigningOptions): number {
    return Math.floor((options.issuedMs ?? this.#now()) / 1000) * 1000;
  }

  #keys(): ReadonlyMap<string, SigningKey> {
    return new Map([
      ...this.signers.map(({ id, key }): [string, SigningKey] => [id, key]),
      ...this.#extraKeys,
    ]);
  }

  #keysOf(signers: number | readonly string[]): readonly SigningKey[] {
    const keys = this.#keys();
    const ids = typeof signers === 'number' ? [...keys.keys()].slice(0, signers) : signers;
    return ids.map((id) => {
      const key = keys.get(id);
      if (key === undefined) throw new KedgeError('CONFIG', `the test realm has no signer ${id}`);
      return key;
    });
  }
}

/**
 * What the admins of a simulation publish: real charters and releases, signed once and used again
 * by every seed.
 *
 * Signing costs more than simulating, so there is one pool per process. Its keys and certificates
 * follow from constants: the same seed gives the same bytes in another process, as replaying a seed
 * demands. The certificates are no real ones; replication treats them as opaque bytes.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { concatBytes } from '../../src/core/bytes.ts';
import type { Charter } from '../../src/core/charter/charter.ts';
import { sha256 } from '../../src/core/crypto.ts';
import {
  type AnchorId,
  parseRegionName,
  parseSignerId,
  type RealmName,
  type Sha256,
} from '../../src/core/ids.ts';
import type { ReleaseBody } from '../../src/core/releases/body.ts';
import { addAnchor, deliveredAtOnce, type EditPoint } from '../../src/core/releases/edit.ts';
import { acceptDocument } from '../../src/core/trusted/accept.ts';
import { emptyTrustedState, type TrustedState } from '../../src/core/trusted/state.ts';
import {
  type TestDocument,
  TestRealm,
  type TestRollout,
  type TestSigner,
} from '../../src/testing/realm.ts';
import { rolloutPlan } from '../../src/testing/rollouts.ts';
import { REGIONS, SEED_REGIONS } from '../network/regions.ts';
import { keyOf, regionKeyOf } from './keys.ts';
import {
  BUNDLES,
  deliveryOf,
  hasWaves,
  type PoolContent,
  statesSaid,
  WAVED_BUNDLES,
  wavesOf,
} from './pool-waves.ts';

/** A document with the certificates that it needs. */
export interface Published extends TestDocument {
  readonly blobs: readonly Uint8Array[];
  /** Its place in {@link Pool.documents}; an alternate has the place of what it contradicts. */
  readonly place: number;
}

/** Everything that may be published. */
export interface Pool {
  readonly content: PoolContent;
  readonly realm: RealmName;
  readonly firstCharterDigest: Sha256;
  /** In an order in which they may be published. */
  readonly documents: readonly Published[];
  /** Validly signed contradictions, by the place of what they contradict: they make forks. */
  readonly alternates: ReadonlyMap<number, Published>;
  /** `states[n]`: what somebody trusts who holds the first `n` documents. */
  readonly states: readonly TrustedState[];
  /** From this place on, who signed before has left: a node needs a later release to follow. */
  readonly signerLeavesAt: number;
}

const SIGNERS = ['alice', 'bob', 'carol'];
/** Releases of each bundle under one charter. */
const RELEASES = 5;
const CHARTERS = 4;
/** What is too large to be pushed whole: this release of each charter, in these bundles. */
const LARGE = { release: 3, bundles: [2], anchors: 16 };
const ANCHOR_BYTES = 850;
/** Numbers under a charter for which the bundles at these places have an alternate. */
const ALTERNATE = { releases: [1, 2], bundles: [0, 1] };

/** The names of the recovery keys, in a pool that has some. */
export const RECOVERY_KEYS: readonly string[] = ['recovery 1', 'recovery 2', 'recovery 3'];
/** Who signs rollouts, in a pool that has some. */
const ROLLOUT_SIGNER = { rolloutSigner: 'robot', rolloutKey: keyOf('robot') };
/** Makes the pool: about a hundred signed documents. */
export function createPool(content: PoolContent = 'releases'): Pool {
  return new PoolMaker(content).make();
}

/** The realm as it is under a charter of the pool, for signing more. */
export function realmAt(version: number, content: PoolContent): TestRealm {
  return new PoolMaker(content).realmAt(version);
}

/** Who signs under a charter of the pool, and for the next one. */
export function signersUnder(version: number): readonly string[] {
  return version === CHARTERS ? ['bob', 'erin'] : ['alice', 'bob'];
}

class PoolMaker {
  readonly #content: PoolContent;
  readonly #realm: TestRealm;
  readonly #documents: Published[] = [];
  readonly #alternates = new Map<number, Published>();
  readonly #newestRollouts = new Map<string, TestRollout>();
  #anchors = 0;
  #signerLeavesAt = 0;

  constructor(content: PoolContent) {
    this.#content = content;
    const signers = SIGNERS.map((id): TestSigner => ({ id: parseSignerId(id), key: keyOf(id) }));
    const options = { realm: 'sim.example.org', regions: regions() };
    this.#realm = new TestRealm(
      signers,
      hasWaves(content) ? { ...options, ...ROLLOUT_SIGNER } : options,
    );
  }

  make(): Pool {
    this.#publish(CHARTERS);
    const { name: realm, firstCharterDigest } = this.#realm;
    return {
      content: this.#content,
      realm,
      firstCharterDigest,
      documents: this.#documents,
      alternates: this.#alternates,
      states: statesOf(realm, firstCharterDigest, this.#documents),
      signerLeavesAt: this.#signerLeavesAt,
    };
  }

  realmAt(version: number): TestRealm {
    this.#publish(version);
    return this.#realm;
  }

  #publish(version: number): void {
    this.#add(this.#realm.charter, []);
    for (let charter = 1; charter <= version; charter += 1) {
      if (charter > 1) this.#nextCharter(charter);
      for (let release = 0; release < RELEASES; release += 1) {
        for (const bundle of BUNDLES) this.#release(bundle, release, charter);
        if (!hasWaves(this.#content)) continue;
        for (const bundle of WAVED_BUNDLES) this.#rollouts(bundle, release);
      }
    }
  }

  /** Charters change a note, then the signer who did not sign, then one who did. */
  #nextCharter(version: number): void {
    const replacement = [undefined, undefined, undefined, ['carol', 'dave'], ['alice', 'erin']];
    const [leaver, joiner] = replacement[version] ?? [];
    if (version === CHARTERS) this.#signerLeavesAt = this.#documents.length;
    const charter = this.#realm.nextCharter(
      (before) => {
        if (leaver === undefined || joiner === undefined) {
          const roles = { ...before.roles, ...this.#recovery() };
          return { ...before, roles, note: `charter ${version}` };
        }
        this.#realm.addSigner(joiner, keyOf(joiner));
        return replaceSigner(before, leaver, joiner);
      },
      { signers: version === CHARTERS ? ['bob', 'dave'] : ['alice', 'bob'] },
    );
    this.#add(charter, []);
  }

  #recovery(): Pick<Charter['roles'], 'recovery'> {
    if (this.#content !== 'recovery') return {};
    const keyDigests = RECOVERY_KEYS.map((name) => keyOf(name).publicKey.keyId).toSorted();
    return { recovery: { keyDigests, threshold: 2, expiryDays: 365 } };
  }

  #release(bundle: string, number: number, charter: number): void {
    const signers = signersUnder(charter);
    const [before] = this.#realm.releases(bundle).slice(-1);
    const place = this.#documents.length;
    const isLarge = number === LARGE.release && LARGE.bundles.includes(BUNDLES.indexOf(bundle));
    const count = isLarge ? LARGE.anchors : 1;
    const anchors = Array.from({ length: count }, () => this.#anchor());
    const delivery = deliveryOf(this.#content, bundle, number);
    this.#add(this.#realm.nextRelease(bundle, edit(anchors, delivery), { signers }), anchors);
    if (!ALTERNATE.releases.includes(number)) return;
    if (!ALTERNATE.bundles.includes(BUNDLES.indexOf(bundle))) return;
    const other = [this.#anchor()];
    const after = before ?? 'nothing';
    const alternate = this.#realm.nextRelease(bundle, edit(other, delivery), {
      signers,
      after,
    });
    this.#alternates.set(place, { ...alternate, blobs: other, place });
  }

  /** What the signers of rollouts say of a release, one after the other. */
  #rollouts(bundle: string, number: number): void {
    const [from, to] = this.#realm.releases(bundle).slice(-2);
    if (from === undefined || to === undefined) return;
    for (const state of statesSaid(number)) {
      const before = this.#newestRollouts.get(bundle);
      const plan = rolloutPlan(to, from, { state, waves: wavesOf(this.#content, bundle) });
      const place = this.#documents.length;
      const rollout = this.#realm.nextRollout(bundle, plan);
      this.#newestRollouts.set(bundle, rollout);
      this.#add(rollout, []);
      if (state !== 'paused') continue;
      const other = { ...plan, state: 'running', note: 'no pause' } as const;
      const alternate = this.#realm.nextRollout(bundle, other, { after: before ?? 'nothing' });
      this.#alternates.set(place, { ...alternate, blobs: [], place });
    }
  }

  #add(document: TestDocument, blobs: readonly Uint8Array[]): void {
    this.#documents.push({ ...document, blobs, place: this.#documents.length });
  }

  #anchor(): Uint8Array {
    this.#anchors += 1;
    const parts = Array.from({ length: Math.ceil(ANCHOR_BYTES / 64) }, (_, part) =>
      createHash('sha512').update(`anchor ${this.#anchors} ${part}`).digest(),
    );
    return concatBytes(...parts);
  }
}

function regions(): Charter['regions'] {
  return REGIONS.slice(0, SEED_REGIONS)
    .toSorted()
    .map((name) => ({
      name: parseRegionName(name),
      keys: [regionKeyOf(name).publicKey],
    }));
}

function edit(anchors: readonly Uint8Array[], delivery: Pick<ReleaseBody, 'delivery'>) {
  return (body: ReleaseBody, point: EditPoint): ReleaseBody => {
    const edited = anchors.reduce((next, der) => {
      const id: AnchorId = sha256(der);
      const label = `CA ${id.slice(0, 8)}`;
      return addAnchor(next, { id, label, purposes: ['tls-server'] }, 'active', point);
    }, deliveredAtOnce(body));
    return { ...edited, ...delivery };
  };
}

function replaceSigner(charter: Charter, leaver: string, joiner: string): Charter {
  const id = parseSignerId(joiner);
  const replace = <Role extends { readonly signers: Charter['roles']['charter']['signers'] }>(
    role: Role,
  ): Role => ({
    ...role,
    signers: role.signers.map((one) => (one === leaver ? id : one)).toSorted(),
  });
  const { charter: governing, release } = charter.roles;
  const joining = { id, owner: `${joiner}@example.org`, keys: [keyOf(joiner).publicKey] };
  return {
    ...charter,
    signers: charter.signers
      .map((signer) => (signer.id === leaver ? joining : signer))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    roles: { ...charter.roles, charter: replace(governing), release: replace(release) },
  };
}

function statesOf(
  realm: RealmName,
  firstCharterDigest: Sha256,
  documents: readonly Published[],
): readonly TrustedState[] {
  const states = [emptyTrustedState(realm, firstCharterDigest)];
  for (const { document, issuedMs } of documents) {
    const before = states.at(-1);
    if (before === undefined) break;
    const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
    states.push(acceptDocument(before, offer, issuedMs).state);
  }
  return states;
}

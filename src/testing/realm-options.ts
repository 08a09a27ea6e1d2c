/**
 * What a test realm may look like, and its first charter.
 *
 * @module
 */
import type { Charter, Roles } from '../core/charter/charter.ts';
import type { Algorithm, SigningKey } from '../core/crypto.ts';
import type { RealmName, SignerId } from '../core/ids.ts';

/** Options of `createTestRealm`. */
export interface TestRealmOptions {
  /** Default `test.example.org`. */
  readonly realm?: string;
  /** Default 3: `alice`, `bob`, `carol` and then `signer-4`, … */
  readonly signers?: number;
  /** Of the roles charter and release; default the smallest majority. */
  readonly threshold?: number;
  /** Of the role `revoke`, which the same signers hold; absent leaves the role out. */
  readonly revokeThreshold?: number;
  /** Who signs rollouts, alone and with a key of its own; absent leaves the role out. */
  readonly rolloutSigner?: string;
  /** Default: one of its own. */
  readonly rolloutKey?: SigningKey;
  /** Default `ed25519`. */
  readonly alg?: Algorithm;
  /** Default 0. */
  readonly holdDownSeconds?: number;
  /** Default 0. */
  readonly overlapSeconds?: number;
  /** Default 20. */
  readonly blastRadiusPercent?: number;
  /** Default 600. */
  readonly freshnessSeconds?: number;
  /** With the keys that attest for them; default none. */
  readonly regions?: Charter['regions'];
  /** Of every role; default 90. */
  readonly expiryDays?: number;
  /** When documents are issued; default the start of simulated time, always. */
  readonly now?: () => number;
}

/** One signer with its key. */
export interface TestSigner {
  readonly id: SignerId;
  readonly key: SigningKey;
}

/** The first charter of a test realm; all signers hold all roles but that of the rollouts. */
export function firstCharter(
  realm: RealmName,
  signers: readonly TestSigner[],
  options: TestRealmOptions & { readonly rollouts?: TestSigner | undefined },
): Charter {
  const { expiryDays = 90, threshold = Math.floor(signers.length / 2) + 1, rollouts } = options;
  const ids = signers.map(({ id }) => id).toSorted();
  const role = { signers: ids, threshold, expiryDays };
  const roles: Roles = {
    charter: role,
    release: role,
    ...(options.revokeThreshold === undefined
      ? {}
      : { revoke: { ...role, threshold: options.revokeThreshold } }),
    ...(rollouts && { rollout: { signers: [rollouts.id], threshold: 1, expiryDays } }),
  };
  return {
    version: 1,
    realm,
    signers: [...signers, ...(rollouts === undefined ? [] : [rollouts])]
      .map(({ id, key }) => ({ id, owner: `${id}@example.org`, keys: [key.publicKey] }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    roles,
    delegations: [],
    regions: options.regions ?? [],
    lifecycle: {
      holdDownSeconds: options.holdDownSeconds ?? 0,
      overlapSeconds: options.overlapSeconds ?? 0,
      blastRadiusPercent: options.blastRadiusPercent ?? 20,
    },
    clients: { freshnessSeconds: options.freshnessSeconds ?? 600 },
    note: '',
  };
}

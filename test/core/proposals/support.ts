/**
 * Proposals for tests: what some of the signers of a realm signed, not enough of them.
 *
 * @module
 */
import type { Proposal, Withdrawal } from '../../../src/core/proposals/model.ts';
import { withdrawalMessage } from '../../../src/core/proposals/withdrawal.ts';
import { addActive, type TestAnchor } from '../../../src/testing/anchors.ts';
import type { TestRealm, TestReleaseOptions } from '../../../src/testing/realm.ts';

/** The bundle of all proposals here. */
export const BUNDLE = 'payments.test.example.org';

/** A first release with one anchor, signed by these; not published. */
export function propose(
  realm: TestRealm,
  anchor: TestAnchor,
  signers: readonly string[],
  options: Omit<TestReleaseOptions, 'after' | 'signers'> = {},
): Proposal {
  const at = { ...options, after: 'nothing', signers } as const;
  const { document } = realm.nextRelease(BUNDLE, addActive(anchor), at);
  return { document, blobs: [anchor.der] };
}

/** A withdrawal of it by one signer. */
export function withdraw(realm: TestRealm, { document }: Proposal, by: string): Withdrawal {
  const key = realm.signers.find(({ id }) => id === by)?.key;
  if (key === undefined) throw new Error(`no signer ${by}`);
  const { statement } = document;
  const signature = key.sign(withdrawalMessage(statement.payload));
  return { statement, signature: { keyId: key.publicKey.keyId, signature } };
}

/**
 * The rollouts of a bundle from a node, bound to the newest one by the hash chain; that one has a
 * quorum of a charter that is verified from the pin down.
 *
 * @module
 */
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseSequence, rolloutStream } from '../../core/ids.ts';
import { parseRolloutBody, type RolloutBody } from '../../core/rollouts/body.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { findPastAuthority } from '../../core/trusted/authority.ts';
import { requireNode } from '../audit/reading.ts';
import type { Realm } from '../realm/realm.ts';
import { type PastStatement, readStream } from '../release/history.ts';

/**
 * The statements, newest first; none where there was no rollout. Errors: `PROOF`, `THRESHOLD`,
 * `PREVIOUS`; those of the node.
 */
export async function readRollouts(
  realm: Realm,
  bundle: BundleName,
): Promise<readonly PastStatement[]> {
  const node = requireNode(realm);
  const stream = rolloutStream(bundle);
  const top = (await node.streams()).find((one) => one.stream === stream)?.sequence ?? 0;
  if (top < 1) return [];
  const { statement: signed } = await node.document(stream, parseSequence(top));
  const newest = parseStatement(signed.payload);
  const { realm: name, sequence, digest } = newest;
  if (newest.stream !== stream || name !== realm.state.realm || sequence !== top) {
    throw new KedgeError('PROOF', `the node sent another statement than ${top} of ${stream}`);
  }
  if (findPastAuthority(realm.state, newest, signed) === undefined) {
    throw new KedgeError('THRESHOLD', `too few signers of any charter signed ${top} of ${stream}`);
  }
  return await readStream(realm, { stream, sequence, digest }, { limit: top });
}

/** A rollout of the past with its body. Errors: `DIGEST`; those of the node. */
export async function readRolloutDocument(
  realm: Realm,
  { statement, signed }: PastStatement,
): Promise<SignedDocument> {
  const { body } = await requireNode(realm).document(statement.stream, statement.sequence);
  if (sha256(body) === statement.bodyDigest) return { statement: signed, body };
  throw new KedgeError('DIGEST', `the node sent another body of ${statement.stream}`);
}

/** The rollout of a bundle that was the newest signed by a time; absent: none. */
export async function readRolloutAt(
  realm: Realm,
  bundle: BundleName,
  timeMs: number,
): Promise<{ readonly past: PastStatement; readonly body: RolloutBody } | undefined> {
  const all = await readRollouts(realm, bundle);
  const past = all.find(({ statement }) => statement.issuedMs <= timeMs);
  if (past === undefined) return undefined;
  const { body } = await readRolloutDocument(realm, past);
  return { past, body: parseRolloutBody(body) };
}

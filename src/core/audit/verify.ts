/**
 * Verifies that entries are those of a checkpoint: all of them, none changed, none left out.
 *
 * The tree is built anew from the entries. Of those that were removed the hashes of their perfect
 * subtrees stand in, which are bound by the same root: what a removed entry said is gone, that it
 * was there is not. Spec section 11.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import type { ProofHashes, TreeHead } from '../log/proof.ts';
import { appendLeaf, type Frontier, hashLeaf, treeRoot } from '../log/tree.ts';

/** The entries of a log from `first` on. */
export interface AuditContent {
  readonly first: number;
  /** Of the tree over the entries before `first`; empty when none was removed. */
  readonly peaks: ProofHashes;
  /** Byte for byte as they are in the tree. */
  readonly entries: readonly Uint8Array[];
}

/** Requires that these are the entries of the log with this head. Errors: `PROOF`. Rule AL-4. */
export function verifyAuditLog(head: TreeHead, { first, peaks, entries }: AuditContent): void {
  let tree: Frontier = { size: first, peaks };
  for (const entry of entries) tree = appendLeaf(tree, hashLeaf(entry)).frontier;
  if (tree.size === head.size && treeRoot(tree) === head.root) return;
  throw new KedgeError('PROOF', `the entries are not those of the audit log of ${head.size}`, {
    detail: { size: head.size, has: tree.size },
  });
}

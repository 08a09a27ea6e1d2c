/**
 * A proof of inclusion as a file that anybody verifies without this program: index, hashes and a
 * cosigned checkpoint.
 *
 * Source: c2sp.org/tlog-proof; spec section 11.
 *
 * @module
 */
import { encodeBase64, encodeUtf8, parseUtf8 } from '../bytes.ts';
import { KedgeError } from '../errors.ts';
import { completeProof, planInclusion } from './plan.ts';
import type { ProofHashes } from './proof.ts';
import { appendLeaf, EMPTY_TREE, type Frontier, type Subtree, treeRoot } from './tree.ts';

const HEADER = 'c2sp.org/tlog-proof@v1';

/** Encodes a proof; `checkpoint` is the note that it leads to. Rule AL-9. */
export function encodeTlogProof(
  index: number,
  hashes: ProofHashes,
  checkpoint: Uint8Array,
): Uint8Array {
  const lines = [HEADER, `index ${index}`, ...hashes.map(encodeBase64), ''];
  return encodeUtf8(`${lines.join('\n')}\n${parseUtf8(checkpoint)}`);
}

/** A tree whose leaves are all at hand. */
export interface WholeTree {
  readonly root: ReturnType<typeof treeRoot>;
  /** The proof that the tree has the leaf with this index. */
  prove(index: number): ProofHashes;
}

/** Builds a tree over the hashes of its leaves. Rules LG-2 to LG-5. */
export function wholeTree(leaves: readonly Uint8Array[]): WholeTree {
  const hashes = new Map<string, Uint8Array>();
  let tree: Frontier = EMPTY_TREE;
  for (const leaf of leaves) {
    const { frontier, complete } = appendLeaf(tree, leaf);
    for (const subtree of complete) hashes.set(nameOf(subtree), subtree.hash);
    tree = frontier;
  }
  return {
    root: treeRoot(tree),
    prove: (index) =>
      completeProof(planInclusion(index, leaves.length), (subtree) => {
        const hash = hashes.get(nameOf(subtree));
        if (hash !== undefined) return hash;
        throw new KedgeError('BUG', 'a tree has no such subtree');
      }),
  };
}

function nameOf({ level, index }: Subtree): string {
  return `${level} ${index}`;
}

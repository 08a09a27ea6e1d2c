/**
 * Which charters regions vouch for: whether a charter that verifies is in the log that everybody
 * sees.
 *
 * Whoever holds enough signing keys can make a charter that verifies and show it to one reader
 * alone. So a reader that demands k regions takes a later charter only when k regions of one that
 * it has already cosigned a log of charters that has it. The new one has no say in that: it would
 * list its own regions. A charter with fewer than k regions cannot ask for so many, and is followed
 * by the next one as without regions; so a realm can begin without them.
 *
 * A reader holds all charters from the first on, so it needs no proof of growth: it makes the tree
 * of each length itself. A recovery begins another log (LG-9). Spec section 8, CO-20 and CO-21.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, type KeyId, type RealmName, type Sha256 } from '../ids.ts';
import { logOf } from '../trusted/decisions.ts';
import type { AcceptedCharter } from '../trusted/state.ts';
import type { CosignedLeaf } from './attested.ts';
import { isSameLog } from './log-name.ts';
import { type CosignedHead, regionPolicy } from './regions.ts';
import { type CosignedHeads, observeCosignature } from './split.ts';
import { appendLeaf, EMPTY_TREE, hashLeaf, treeRoot } from './tree.ts';

/** What a {@link CharterLog} begins with. */
export interface CharterLogOptions {
  readonly realm: RealmName;
  /** How many regions must agree, from 1. */
  readonly threshold: number;
  /** A charter for which whoever runs the reader vouches, like the pin. */
  readonly known?: Sha256 | undefined;
}

/** A verified chain of charters, and up to which version it is in use. */
export interface OfferedCharters {
  /** From the first on. */
  readonly charters: readonly AcceptedCharter[];
  /** 0: none is in use yet. */
  readonly inUse: number;
  /** Keys that signed two roots. */
  readonly faulty: ReadonlySet<KeyId>;
}

/** The cosigned log of charters, as one reader knows it. */
export class CharterLog {
  readonly #options: CharterLogOptions;
  #heads: CosignedHeads = new Map();

  constructor(options: CharterLogOptions) {
    this.#options = options;
  }

  /**
   * Takes a cosigned head of the log of charters in. Counted are regions of all these charters,
   * since the newest ones may be on their way; other lines, and other logs, say nothing here.
   */
  take({ checkpoint, lines }: CosignedLeaf, charters: readonly AcceptedCharter[]): void {
    const { realm } = this.#options;
    if (checkpoint.stream !== CHARTER_STREAM || checkpoint.realm !== realm) return;
    // Newest first: of two with the same regions one is enough.
    const seen = new Set<string>();
    for (const { charter } of charters.toReversed()) {
      const { regions } = charter;
      const listed = regions.map(
        ({ name, keys }) => `${name} ${keys.map((key) => key.keyId).join()}`,
      );
      if (regions.length === 0 || seen.has(listed.join())) continue;
      seen.add(listed.join());
      const policy = regionPolicy(charter, 1);
      for (const line of lines) {
        const one = observeCosignature(this.#heads, policy, { checkpoint, line });
        if (one.kind === 'new') this.#heads = one.heads;
      }
    }
  }

  /**
   * The newest version of these that may be in use. Errors: `PROOF` (enough regions cosigned
   * another charter in the place of one of these). Rules CO-20 and CO-21.
   */
  attested({ charters, inUse, faulty }: OfferedCharters): number {
    const { known } = this.#options;
    const vouched = charters.findLast(({ digest }) => digest === known)?.version ?? 0;
    const begin = Math.max(inUse, vouched, Math.min(1, charters.length));
    if (begin >= charters.length) return charters.length;
    const heads = [...this.#heads].flatMap(([keyId, all]) =>
      all.map((head) => ({ keyId, ...head.checkpoint })),
    );
    const roots = rootsOf(charters);
    const { realm } = this.#options;
    const logs = charters.map((_, at) =>
      logOf({ realm, charters: charters.slice(0, at + 1) }, CHARTER_STREAM),
    );
    const reached = new Set([begin]);
    for (const { version, charter } of charters.slice(begin - 1, -1)) {
      if (!reached.has(version)) continue;
      const { threshold } = this.#options;
      if (charter.regions.length < threshold) {
        reached.add(version + 1);
        continue;
      }
      const { keys } = regionPolicy(charter, threshold, faulty);
      const counts = new Map<string, Set<string>>();
      for (const { keyId, size, root, ...log } of heads) {
        const ours = logs[size - 1];
        const region = keys.get(keyId)?.region;
        if (region === undefined || size <= version || ours === undefined) continue;
        if (!isSameLog(log, ours)) continue;
        const place = `${size} ${root}`;
        const regions = (counts.get(place) ?? new Set()).add(region);
        counts.set(place, regions);
        if (regions.size < threshold) continue;
        if (root !== roots[size - 1]) throw hidden(size, [...regions]);
        reached.add(size);
      }
    }
    return Math.max(...reached);
  }

  /**
   * Requires that the whole chain may be in use. Errors: `PROOF`, `QUORUM`. Rules CO-20 and CO-21.
   */
  requireAttested(offered: OfferedCharters): void {
    const attested = this.attested(offered);
    if (attested < offered.charters.length) throw this.lacking(attested, offered);
  }

  /** Why charters after version `attested` may not be in use yet. */
  lacking(attested: number, { charters, faulty }: OfferedCharters): KedgeError {
    const { threshold: needed } = this.#options;
    const size = charters.length;
    const judge = charters[attested - 1]?.charter;
    if (judge === undefined) throw new KedgeError('BUG', 'no charter is in use');
    const { keys } = regionPolicy(judge, needed, faulty);
    const cosigned = new Set<string>();
    for (const [keyId, all] of this.#heads) {
      const region = keys.get(keyId)?.region;
      const isThere = ({ checkpoint }: CosignedHead): boolean => checkpoint.size === size;
      if (region !== undefined && all.some(isThere)) cosigned.add(region);
    }
    return new KedgeError(
      'QUORUM',
      `${cosigned.size} of ${needed} needed regions of charter ${attested} cosigned charter ` +
        String(size),
      { detail: { stream: CHARTER_STREAM, size, needed, cosigned: [...cosigned].sort() } },
    );
  }
}

/** The root of the log at each length, from 1. */
function rootsOf(charters: readonly AcceptedCharter[]): readonly Sha256[] {
  let tree = EMPTY_TREE;
  return charters.map(({ document }) => {
    tree = appendLeaf(tree, hashLeaf(document.statement.payload)).frontier;
    return treeRoot(tree);
  });
}

function hidden(size: number, cosigned: readonly string[]): KedgeError {
  return new KedgeError(
    'PROOF',
    `regions ${cosigned.join(', ')} cosigned another log of charters up to version ${size}`,
    { detail: { stream: CHARTER_STREAM, size, cosigned } },
  );
}

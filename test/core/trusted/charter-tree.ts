/**
 * Charters that contradict each other, as a tree; and, from the tree alone, what everybody has to
 * end with: the rules written down a second time, as simply as possible.
 *
 * @module
 */
import type { Charter } from '../../../src/core/charter/charter.ts';
import type { CharterChange } from '../../../src/core/charter/draft.ts';
import { type PublicKey, type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { CHARTER_STREAM, type Sha256 } from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { forkOf, type TrustedState } from '../../../src/core/trusted/state.ts';
import { ed25519Key, role } from '../support.ts';
import { begin, nextCharter, offer, ROLES, take } from './world.ts';

/** A charter with what it follows. */
export interface Branch {
  readonly name: string;
  readonly document: SignedDocument;
  readonly digest: Sha256;
  readonly version: number;
  /** Absent: it follows the first charter. */
  readonly parent: Branch | undefined;
  /** The state of somebody who holds it and what it follows, and nothing else. */
  readonly state: TrustedState;
  /** Whether recovery keys signed it. */
  readonly kind: 'ordinary' | 'recovery';
}

/** What a party holds of the charters, in few words. */
export interface Outcome {
  readonly charters: readonly Sha256[];
  readonly fork?: { readonly sequence: number; readonly digests: readonly Sha256[] };
}

/** Recovery keys by their number. */
export function recoveryKey(number: number): SigningKey {
  return ed25519Key(40 + number);
}

/** The role that any two of these may play. */
function recoveryOf(...numbers: readonly number[]): NonNullable<Charter['roles']['recovery']> {
  const keyDigests = numbers.map((number) => recoveryKey(number).publicKey.keyId).sort();
  return { keyDigests, threshold: 2, expiryDays: 30 };
}

/** The roles of `names`, two of whom decide, with these recovery keys. */
export function rolesOf(
  names: readonly [string, string, string],
  ...recovery: readonly number[]
): Charter['roles'] {
  const { revoke: _, ...roles } = ROLES;
  const deciding = role(2, ...names);
  return { ...roles, charter: deciding, release: deciding, recovery: recoveryOf(...recovery) };
}

/** The state that holds the first charter alone. */
export const ROOT: TrustedState = begin({ roles: rolesOf(['alice', 'bob', 'carol'], 1, 2, 3) });

/** A charter that follows `parent`. */
export function branch(
  name: string,
  parent: Branch | undefined,
  change: CharterChange,
  ...keys: readonly SigningKey[]
): Branch {
  const before = parent?.state ?? ROOT;
  const document = nextCharter(before, { note: name, ...change }, ...keys);
  const digest = sha256(document.statement.payload);
  const state = take(before, document);
  const kind = change.revealed === undefined ? 'ordinary' : 'recovery';
  return { name, document, digest, version: state.charters.length, parent, state, kind };
}

/** What recovery keys change: they are known, and used up. */
export function revealing(...numbers: readonly number[]): {
  readonly revealed: readonly PublicKey[];
} {
  const keys = numbers.map((number) => recoveryKey(number).publicKey);
  return { revealed: keys.toSorted((a, b) => (a.keyId < b.keyId ? -1 : 1)) };
}

/** The charters up to this one, without the first. */
export function pathOf(one: Branch): readonly Branch[] {
  return one.parent === undefined ? [one] : [...pathOf(one.parent), one];
}

/** Shows a charter with all that it follows, as a node does that holds it. */
export function show(state: TrustedState, one: Branch): TrustedState {
  const path = pathOf(one);
  const history = path.slice(0, -1).map(({ document }) => document.body);
  const chain = path.map(({ document }) => document.statement);
  try {
    return offer(state, one.document, { chain, history }).state;
  } catch {
    return state;
  }
}

/** What is held in the end. */
export function outcomeOf(state: TrustedState): Outcome {
  const charters = state.charters.map(({ digest }) => digest);
  const evidence = forkOf(state, CHARTER_STREAM);
  if (evidence === undefined) return { charters };
  const digests = [evidence.first, evidence.second].map(({ payload }) => sha256(payload));
  return { charters, fork: { sequence: evidence.sequence, digests } };
}

/** The epoch of a charter: the one that recovery keys signed before it, or the first one. */
function epochOf(one: Branch): Branch | undefined {
  const { parent } = one;
  return parent === undefined || parent.kind === 'recovery' ? parent : epochOf(parent);
}

/** What follows from a set of charters, whatever their order. */
export function expected(shown: readonly Branch[]): Outcome {
  const known = [...new Set(shown.flatMap(pathOf))];
  const chain: Branch[] = [];
  const charters = (): Outcome['charters'] => [
    ROOT.firstCharterDigest,
    ...chain.map(({ digest }) => digest),
  ];
  const forkedBy = (rivals: readonly Branch[]): Outcome => {
    const digests = rivals
      .map(({ digest }) => digest)
      .sort()
      .slice(0, 2);
    return { charters: charters(), fork: { sequence: chain.length + 2, digests } };
  };
  for (;;) {
    const epoch = chain.at(-1);
    const recoveries = known.filter((one) => one.kind === 'recovery' && epochOf(one) === epoch);
    if (recoveries.length > 1) return forkedBy(recoveries);
    const [recovery] = recoveries;
    if (recovery === undefined) break;
    chain.splice(0, Infinity, ...pathOf(recovery));
  }
  for (;;) {
    const tip = chain.at(-1);
    const next = known.filter(({ parent }) => parent === tip);
    const [only] = next;
    if (next.length > 1) return forkedBy(next);
    if (only === undefined) return { charters: charters() };
    chain.push(only);
  }
}

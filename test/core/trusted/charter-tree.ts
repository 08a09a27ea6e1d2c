/**
 * Charters that contradict each other, as a tree; and, from the tree alone, what everybody has to
 * end with: the rules written down a second time, as simply as possible.
 *
 * @module
 */
import type { Charter } from '../../../src/core/charter/charter.ts';
import type { CharterChange } from '../../../src/core/charter/draft.ts';
import { type PublicKey, type SigningKey, sha256 } from '../../../src/core/crypto.ts';
import { CHARTER_STREAM, parseSequence, type Sha256 } from '../../../src/core/ids.ts';
import type { SignedDocument } from '../../../src/core/statements/envelope.ts';
import { acceptEvidence } from '../../../src/core/trusted/accept.ts';
import { makeEvidence } from '../../../src/core/trusted/evidence.ts';
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
  /** Whether recovery keys signed it; `bare`: and its body cannot be taken. */
  readonly kind: 'ordinary' | 'recovery' | 'bare';
}

/** Two charters of which statements alone are shown, with the recovery keys that signed `bare`. */
export interface Proof {
  readonly bare: Branch;
  readonly other: Branch;
  readonly revealed: readonly PublicKey[];
}

/** What a party holds of the charters, in few words. */
export interface Outcome {
  readonly charters: readonly Sha256[];
  readonly fork?: {
    readonly sequence: number;
    readonly digests: readonly Sha256[];
    readonly recovered?: Sha256;
  };
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

/** A charter that the quorum of none but recovery keys signed: nobody can take it. */
export function bare(
  name: string,
  parent: Branch | undefined,
  change: CharterChange,
  ...keys: readonly SigningKey[]
): Branch {
  const before = parent?.state ?? ROOT;
  const document = nextCharter(before, { note: name, ...change }, ...keys);
  const digest = sha256(document.statement.payload);
  const version = before.charters.length + 1;
  return { name, document, digest, version, parent, state: before, kind: 'bare' };
}

/** Shows a proof with all that its statements follow, as a node does that holds it. */
export function prove(state: TrustedState, { bare: one, other, revealed }: Proof): TrustedState {
  const before = one.parent === undefined ? state : show(state, one.parent);
  const statements = [one, other].map(({ document }) => document.statement);
  const sequence = parseSequence(one.version);
  const evidence = makeEvidence(CHARTER_STREAM, sequence, statements, revealed);
  try {
    return acceptEvidence(before, evidence).state;
  } catch {
    return before;
  }
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
  const { sequence, recovered } = evidence;
  const further = recovered && { recovered: sha256(recovered.payload) };
  return { charters, fork: { sequence, digests, ...further } };
}

/** The epoch of a charter: the one that recovery keys signed before it, or the first one. */
function epochOf(one: Branch): Branch | undefined {
  const { parent } = one;
  return parent === undefined || parent.kind === 'recovery' ? parent : epochOf(parent);
}

/** What follows from a set of charters, whatever their order. */
export function expected(shown: readonly Branch[], proofs: readonly Proof[] = []): Outcome {
  const proven = proofs.flatMap(({ bare: one, other }) => [one, other]);
  const known = [...new Set([...shown, ...proven].flatMap(pathOf))];
  const chain: Branch[] = [];
  const charters = (): Outcome['charters'] => [
    ROOT.firstCharterDigest,
    ...chain.map(({ digest }) => digest),
  ];
  const forkedBy = (rivals: readonly Branch[], used?: Branch): Outcome => {
    const rankOf = (one: Branch): string => `${one === used ? 0 : 1} ${one.digest}`;
    const two = rivals.toSorted((a, b) => (rankOf(a) < rankOf(b) ? -1 : 1)).slice(0, 2);
    const digests = two.map(({ digest }) => digest).sort();
    const further = used !== undefined && !two.includes(used) && { recovered: used.digest };
    return { charters: charters(), fork: { sequence: chain.length + 2, digests, ...further } };
  };
  let used: Branch | undefined;
  for (;;) {
    const epoch = chain.at(-1);
    const recoveries = known.filter((one) => one.kind !== 'ordinary' && epochOf(one) === epoch);
    if (recoveries.length > 1) return forkedBy(recoveries);
    [used] = recoveries;
    if (used?.kind !== 'recovery') break;
    chain.splice(0, Infinity, ...pathOf(used));
  }
  for (;;) {
    const tip = chain.at(-1);
    const next = known.filter(({ parent }) => parent === tip);
    const [only] = next;
    if (next.length > 1) return forkedBy(next, used);
    if (only === undefined) return { charters: charters() };
    chain.push(only);
  }
}

/**
 * In whose name a release or a rollout was signed: which roles of a charter reach their quorum.
 *
 * One pass over the signatures serves every role, because a release may need two of them: the
 * charter role lifts the blast radius, the revoke role alone may narrow. A rollout is carried by
 * the rollout role and by no other. All valid signatures of the roles that have a say are kept, so
 * that the next reader comes to the same result. Spec section 7.
 *
 * @module
 */
import { type Charter, type Role, releaseRole } from '../charter/charter.ts';
import { KedgeError } from '../errors.ts';
import type { SignerId } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { countedFor, countSigners, type SignerCount } from '../statements/quorum.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import { parseStatement, type Statement } from '../statements/statement.ts';
import { decisionAt, requireStanding } from './decisions.ts';
import { charterAt, currentCharter, type TrustedState } from './state.ts';

/** A role that has a say in a statement of a bundle. */
type RoleName = 'release' | 'revoke' | 'charter' | 'rollout';

/** What is signed: who may sign depends on it. */
export type Signable = Pick<Statement, 'kind' | 'bundle'>;

/** Which quorums a statement of a bundle has under one charter. */
export interface Authority {
  /** The role whose quorum it needs; where the charter has no such role, one without signers. */
  readonly role: Role;
  /** Distinct signers of that role who signed. */
  readonly signers: readonly SignerId[];
  readonly quorums: ReadonlySet<RoleName>;
  /** The payload with the valid signatures alone. */
  readonly statement: SignedStatement;
}

/** The role of which nobody is a signer. */
const NOBODY: Role = { signers: [], threshold: 1, expiryDays: 0 };

/** Finds out who signed a statement under `charter`; `checks` are those of `signed`. */
export function findAuthority(
  charter: Charter,
  signable: Signable,
  signed: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(signed),
): Authority {
  const { role, roles } = rolesFor(charter, signable);
  const candidates = new Set([...roles.values()].flatMap(({ signers }) => signers));
  const counted = countSigners(charter, [...candidates], signed, checks);
  const reached = [...roles].filter(([, each]) => isQuorum(each, counted));
  return {
    role,
    signers: countedFor(role, counted),
    quorums: new Set(reached.map(([name]) => name)),
    statement: { payload: signed.payload, signatures: counted.valid },
  };
}

/** AR-14, RO-6: whether these quorums carry a release or a rollout. */
export function isCarried({ quorums }: Pick<Authority, 'quorums'>): boolean {
  return quorums.has('release') || quorums.has('revoke') || quorums.has('rollout');
}

/** NR-1: whether nobody but the revoke role carries it, so that it has to narrow. */
export function isByRevokeAlone({ quorums }: Pick<Authority, 'quorums'>): boolean {
  return quorums.has('revoke') && !quorums.has('release');
}

/** The roles that have a say, and the one of them that is needed. */
function rolesFor(
  charter: Charter,
  { kind, bundle }: Signable,
): { readonly role: Role; readonly roles: ReadonlyMap<RoleName, Role> } {
  if (bundle === undefined) {
    throw new KedgeError('BUG', 'who may sign a charter is in the charter before');
  }
  if (kind === 'rollout') {
    const role = charter.roles.rollout ?? NOBODY;
    return { role, roles: new Map([['rollout', role]]) };
  }
  const role = releaseRole(charter, bundle);
  const roles = new Map<RoleName, Role>([
    ['release', role],
    ['charter', charter.roles.charter],
  ]);
  const { revoke } = charter.roles;
  return { role, roles: revoke === undefined ? roles : roles.set('revoke', revoke) };
}

/**
 * QU-2: a statement of the past, or of a fork, needs a quorum under some charter from the one that
 * it names to the current one. Absent without quorum.
 */
export function findPastAuthority(
  state: TrustedState,
  statement: Statement,
  signed: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(signed),
): Authority | undefined {
  for (let version = state.charters.length; version >= statement.charterVersion; version -= 1) {
    const charter = charterAt(state, version)?.charter;
    if (charter === undefined) break;
    const authority = findAuthority(charter, statement, signed, checks);
    if (isCarried(authority)) return authority;
  }
  return undefined;
}

/** As {@link findPastAuthority}: the statement with the valid signatures alone. */
export function findPastQuorum(
  state: TrustedState,
  statement: Statement,
  signed: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(signed),
): SignedStatement | undefined {
  return findPastAuthority(state, statement, signed, checks)?.statement;
}

/** What the signatures of a statement of a bundle are good for; see {@link findStanding}. */
export type Standing = 'head' | 'history' | 'nothing';

/**
 * Says whether it has a quorum of the current charter or is named by one (`head`, AR-14),
 * has one of the past (`history`, QU-2) or none. Errors: `GAP` when the named charter is not held.
 */
export function findStanding(
  state: TrustedState,
  statement: Statement,
  signed: SignedStatement,
): Standing {
  requireNamedCharter(state, statement);
  const checks = new SignatureChecks(signed);
  const current = currentCharter(state);
  if (current !== undefined) {
    if (isCarried(findAuthority(current.charter, statement, signed, checks))) return 'head';
  }
  const past = findPastQuorum(state, statement, signed, checks);
  if (past === undefined) return 'nothing';
  // RF-7: what the charter quorum named is a head.
  return decisionAt(state, statement)?.digest === statement.digest ? 'head' : 'history';
}

/** As {@link findPastQuorum}. Errors: `GAP` when the named charter is not held, `THRESHOLD`. */
export function requirePastQuorum(
  state: TrustedState,
  statement: Statement,
  signed: SignedStatement,
): SignedStatement {
  requireNamedCharter(state, statement);
  const found = findPastQuorum(state, statement, signed);
  if (found !== undefined) return found;
  const { stream, sequence, charterVersion } = statement;
  throw new KedgeError(
    'THRESHOLD',
    `too few signers of any charter from version ${charterVersion} on signed sequence ` +
      `${sequence} of ${stream}`,
    { detail: { stream, sequence } },
  );
}

/** Says whether a statement stands and is good as history. */
export function isGoodHistory(state: TrustedState, signed: SignedStatement): boolean {
  try {
    const statement = parseStatement(signed.payload);
    requireStanding(state, statement);
    requirePastQuorum(state, statement, signed);
    return true;
  } catch (thrown) {
    if (thrown instanceof KedgeError) return false;
    throw thrown;
  }
}

/** QU-1: the charter that a statement names is held. Errors: `GAP`. */
export function requireNamedCharter(state: TrustedState, statement: Statement): void {
  const newest = currentCharter(state)?.version ?? 0;
  if (statement.charterVersion <= newest) return;
  throw new KedgeError(
    'GAP',
    `the statement names charter version ${statement.charterVersion}; ` +
      `the newest held is ${newest}: fetch the charters first`,
    { detail: { stream: 'charter', held: newest, charterVersion: statement.charterVersion } },
  );
}

function isQuorum(role: Role, counted: SignerCount): boolean {
  return countedFor(role, counted).length >= role.threshold;
}

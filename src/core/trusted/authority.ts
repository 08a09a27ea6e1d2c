/**
 * In whose name a release was signed: which roles of a charter reach their quorum on it.
 *
 * One pass over the signatures serves every role, because a release may need two of them: the
 * charter role lifts the blast radius, the revoke role alone may narrow. All valid signatures of
 * these roles are kept, so that the next reader comes to the same result. Spec section 7.
 *
 * @module
 */
import { type Charter, type Role, releaseRole } from '../charter/charter.ts';
import { KedgeError } from '../errors.ts';
import type { BundleName, SignerId } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { countedFor, countSigners, type SignerCount } from '../statements/quorum.ts';
import { SignatureChecks } from '../statements/signature-checks.ts';
import type { Statement } from '../statements/statement.ts';
import { decisionAt } from './decisions.ts';
import { charterAt, currentCharter, type TrustedState } from './state.ts';

/** Which quorums a release has under one charter. */
export interface ReleaseAuthority {
  /** The role whose quorum a release of this bundle needs. */
  readonly role: Role;
  /** Distinct signers of that role who signed. */
  readonly signers: readonly SignerId[];
  readonly quorums: ReadonlySet<'release' | 'revoke' | 'charter'>;
  /** The payload with the valid signatures alone. */
  readonly statement: SignedStatement;
}

/** Finds out who signed a release under `charter`; `checks` are those of `signed`. */
export function findAuthority(
  charter: Charter,
  bundle: BundleName,
  signed: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(signed),
): ReleaseAuthority {
  const role = releaseRole(charter, bundle);
  const { revoke } = charter.roles;
  const roles = { release: role, charter: charter.roles.charter, ...(revoke && { revoke }) };
  const candidates = new Set(Object.values(roles).flatMap(({ signers }) => signers));
  const counted = countSigners(charter, [...candidates], signed, checks);
  const quorums = new Set<'release' | 'revoke' | 'charter'>();
  if (isQuorum(roles.release, counted)) quorums.add('release');
  if (isQuorum(roles.charter, counted)) quorums.add('charter');
  if (revoke !== undefined && isQuorum(revoke, counted)) quorums.add('revoke');
  return {
    role,
    signers: countedFor(role, counted),
    quorums,
    statement: { payload: signed.payload, signatures: counted.valid },
  };
}

/**
 * QU-2: a statement of the past, or of a fork, needs a quorum under some charter from the one that
 * it names to the current one. Absent without quorum.
 */
export function findPastAuthority(
  state: TrustedState,
  bundle: BundleName,
  statement: Statement,
  signed: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(signed),
): ReleaseAuthority | undefined {
  for (let version = state.charters.length; version >= statement.charterVersion; version -= 1) {
    const charter = charterAt(state, version)?.charter;
    if (charter === undefined) break;
    const authority = findAuthority(charter, bundle, signed, checks);
    if (authority.quorums.has('release') || authority.quorums.has('revoke')) return authority;
  }
  return undefined;
}

/** As {@link findPastAuthority}: the statement with the valid signatures alone. */
export function findPastQuorum(
  state: TrustedState,
  bundle: BundleName,
  statement: Statement,
  signed: SignedStatement,
  checks: SignatureChecks = new SignatureChecks(signed),
): SignedStatement | undefined {
  return findPastAuthority(state, bundle, statement, signed, checks)?.statement;
}

/** What the signatures of a release are good for; see {@link findStanding}. */
export type Standing = 'head' | 'history' | 'nothing';

/**
 * Says whether a release has a quorum of the current charter or is named by one (`head`, AR-14),
 * has one of the past (`history`, QU-2) or none. Errors: `GAP` when the named charter is not held.
 */
export function findStanding(
  state: TrustedState,
  bundle: BundleName,
  statement: Statement,
  signed: SignedStatement,
): Standing {
  requireNamedCharter(state, statement);
  const checks = new SignatureChecks(signed);
  const current = currentCharter(state);
  if (current !== undefined) {
    const { quorums } = findAuthority(current.charter, bundle, signed, checks);
    if (quorums.has('release') || quorums.has('revoke')) return 'head';
  }
  const past = findPastQuorum(state, bundle, statement, signed, checks);
  if (past === undefined) return 'nothing';
  // RF-7: what the charter quorum named is a head.
  return decisionAt(state, statement)?.digest === statement.digest ? 'head' : 'history';
}

/** As {@link findPastQuorum}. Errors: `GAP` when the named charter is not held, `THRESHOLD`. */
export function requirePastQuorum(
  state: TrustedState,
  bundle: BundleName,
  statement: Statement,
  signed: SignedStatement,
): SignedStatement {
  requireNamedCharter(state, statement);
  const found = findPastQuorum(state, bundle, statement, signed);
  if (found !== undefined) return found;
  const { stream, sequence, charterVersion } = statement;
  throw new KedgeError(
    'THRESHOLD',
    `too few signers of any charter from version ${charterVersion} on signed sequence ` +
      `${sequence} of ${stream}`,
    { detail: { stream, sequence } },
  );
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

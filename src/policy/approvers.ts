/**
 * Whose signatures are approvals for rules of the policy. Spec rule PO-7.
 *
 * @module
 */
import type { Charter, Role } from '../core/charter/charter.ts';
import type { SignerId } from '../core/ids.ts';
import type { SignedStatement } from '../core/statements/envelope.ts';
import { countedFor, countSigners } from '../core/statements/quorum.ts';
import type { SignatureChecks } from '../core/statements/signature-checks.ts';

/**
 * Everybody in the charter who signed, sorted: who may sign for `role`, the one that is needed,
 * counts as for that role; others as for a role that they have. So half of a pair of keys approves
 * nothing, in whatever role both are asked for. Errors: `LIMIT`.
 */
export function approversOf(
  charter: Charter,
  role: Role,
  signed: SignedStatement,
  checks?: SignatureChecks,
): readonly SignerId[] {
  const all = charter.signers.map(({ id }) => id);
  const count = countSigners(charter, all, signed, checks);
  const roles = rolesOf(charter);
  return count.signers.filter((id) => {
    const own = role.signers.includes(id) ? [role] : roles.filter((one) => has(one, id));
    return own.length === 0 || own.some((one) => countedFor(one, count).includes(id));
  });
}

function has({ signers }: Role, id: SignerId): boolean {
  return signers.includes(id);
}

function rolesOf({ roles, delegations }: Charter): readonly Role[] {
  const { charter, release, rollout, revoke } = roles;
  const named = [charter, release, rollout, revoke].flatMap((role) => role ?? []);
  return [...named, ...delegations.map(({ role }) => role)];
}

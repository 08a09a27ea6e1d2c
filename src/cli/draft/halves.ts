/**
 * Signers who do not count yet: a role may ask for several kinds of keys of each (SIG-8), and they
 * have signed with some of them.
 *
 * @module
 */
import type { Charter, Role } from '../../core/charter/charter.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { countSigners } from '../../core/statements/quorum.ts';

/** A role of a charter whose signers are counted. */
export interface CountedRole {
  readonly charter: Charter;
  readonly role: Role;
}

/** `ana counts when a key of ml-dsa-44 signs too`, for each of them. */
export function halfSigned(
  roles: readonly CountedRole[],
  statement: SignedStatement,
): readonly string[] {
  const lines = roles.flatMap(({ charter, role }) => {
    const { algorithms } = countSigners(charter, role.signers, statement);
    return [...algorithms].flatMap(([signer, signed]) => {
      const lacking = (role.requiredAlgs ?? []).filter((alg) => !signed.has(alg));
      if (lacking.length === 0) return [];
      return [`${signer} counts when a key of ${lacking.join(' and ')} signs too`];
    });
  });
  return [...new Set(lines)];
}

/**
 * Who still has to sign a draft before nodes take it.
 *
 * Two ways may lead there: the role of the bundle, or for a release that only narrows the `revoke`
 * role. The one that lacks less is told. The charter role may be needed besides, for the blast
 * radius, and more signers of any role for a rule of the policy.
 *
 * @module
 */
import type { Role } from '../../core/charter/charter.ts';
import type { SignerId } from '../../core/ids.ts';
import { narrowsOnly } from '../../core/releases/narrowing.ts';
import { countedFor, countSigners } from '../../core/statements/quorum.ts';
import { SignatureChecks } from '../../core/statements/signature-checks.ts';
import { approversOf } from '../../policy/approvers.ts';
import { missingSignatures } from '../policy/review.ts';
import { requireCharter } from '../realm/trust.ts';
import type { ReleaseReview } from '../release/review.ts';
import { countOf } from '../terminal/styles.ts';
import type { Draft } from './file.ts';

/** What one role lacks. */
export interface MissingRole {
  /** `any`: a rule of the policy wants more signers of whatever role. */
  readonly role: 'release' | 'revoke' | 'charter' | 'any';
  readonly count: number;
  /** Who of the role has not signed yet. */
  readonly from: readonly SignerId[];
}

/** What is missing; empty when enough have signed. */
export function missingSigners(review: ReleaseReview, draft: Draft): readonly MissingRole[] {
  const { charter } = requireCharter(review.state);
  const { statement } = draft.document;
  const checks = new SignatureChecks(statement);
  const lackOf = (role: MissingRole['role'], of: Role): MissingRole => {
    const signers = countedFor(of, countSigners(charter, of.signers, statement, checks));
    const from = of.signers.filter((signer) => !signers.includes(signer));
    return { role, count: Math.max(0, of.threshold - (of.signers.length - from.length)), from };
  };
  const { previous, body, authority, problems } = review;
  const { revoke } = charter.roles;
  const narrows = previous !== undefined && narrowsOnly(previous.body, body);
  const ways = [lackOf('release', authority.role)];
  if (narrows && revoke !== undefined) ways.unshift(lackOf('revoke', revoke));
  const [least] = ways.toSorted((a, b) => a.count - b.count);
  const lacks = least === undefined ? [] : [least];
  if (problems.some(({ code }) => code === 'BLAST_RADIUS')) {
    lacks.push(lackOf('charter', charter.roles.charter));
  }
  const wanted = missingSignatures(0, review);
  if (wanted > Math.max(0, ...lacks.map(({ count }) => count))) {
    const all = charter.signers.map(({ id }) => id);
    const signers = approversOf(charter, authority.role, statement, checks);
    const from = all.filter((signer) => !signers.includes(signer));
    lacks.push({ role: 'any', count: wanted, from });
  }
  return lacks.filter(({ count }) => count > 0);
}

/** `1 signature of ben, cleo` for each role. */
export function formatMissing(missing: readonly MissingRole[]): string {
  return missing
    .map(({ role, count, from }) => {
      return `${countOf(count, 'signature')} of the ${role} role (${from.join(', ')})`;
    })
    .join(' and ');
}

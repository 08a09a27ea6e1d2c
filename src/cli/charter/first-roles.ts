/**
 * Who is in which role of a realm's first charter.
 *
 * @module
 */
import type { Roles } from '../../core/charter/model.ts';
import { KedgeError } from '../../core/errors.ts';
import type { SignerId } from '../../core/ids.ts';
import { namedSigners, rolesOf, type TermOptions } from './terms.ts';

const CHARTER_DAYS = 365;
const RELEASE_DAYS = 90;

/**
 * The roles of these signers: whom `--role` names joins the roles that name them and no others, the
 * rest are in `charter` and `release`. Errors: `CONFIG` where nobody, or one signer of several,
 * would be left there without being named.
 */
export function firstRoles(
  options: TermOptions & { readonly threshold?: string },
  ids: readonly SignerId[],
): Roles {
  const named = namedSigners(options.role);
  const others = ids.filter((id) => !named.has(id));
  const majority = Math.floor(others.length / 2) + 1;
  const threshold = options.threshold === undefined ? majority : Number(options.threshold);
  const base = {
    charter: { signers: others, threshold, expiryDays: CHARTER_DAYS },
    release: { signers: others, threshold, expiryDays: RELEASE_DAYS },
  };
  const machines = namedSigners(options.role?.filter((text) => /^(rollout|region)=/.test(text)));
  const people = ids.filter((id) => !machines.has(id));
  for (const role of ['charter', 'release'] as const) {
    // Without names it would be for those who are left.
    const isNamed = options.role?.some((text) => text.startsWith(`${role}=`) && text.includes(':'));
    if (isNamed !== true && ids.length > 1 && others.length < 2) throw tooFew(role, others, people);
  }
  return rolesOf(options, base, others);
}

function tooFew(
  role: string,
  others: readonly SignerId[],
  people: readonly SignerId[],
): KedgeError {
  const names = people.length === 0 ? '<signer>' : people.join();
  const threshold = Math.floor(people.length / 2) + 1;
  const left = others.length === 0 ? 'nobody' : `${others.join()} alone`;
  return new KedgeError(
    'CONFIG',
    `${left} would be in the role ${role}: whom --role names joins those roles and no others`,
    { detail: { hint: `name this one too, for example --role ${role}=${threshold}:${names}` } },
  );
}

/**
 * The signers, roles and delegations of the next charter as options of the command line.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Charter, Delegation, Role, Roles, Signer } from '../../core/charter/model.ts';
import { ALGORITHMS, type Algorithm, isAlgorithm } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseBundleName, type SignerId } from '../../core/ids.ts';
import { collect, collectNamed, parseArgument } from '../help.ts';
import type { Session } from '../session.ts';
import { loadPublicKey, namedSigners, rolesOf, signerArgument, type TermOptions } from './terms.ts';

/** How signers and roles become others. */
export interface SignerOptions {
  readonly addSigner?: readonly string[];
  readonly removeSigner?: readonly string[];
  readonly replaceKey?: readonly string[];
  readonly addKey?: readonly string[];
  readonly removeKey?: readonly string[];
  readonly removeRole?: readonly string[];
  readonly requireAlg?: readonly string[];
  readonly delegate?: readonly string[];
  readonly removeDelegation?: readonly string[];
}

/** What {@link nextGovernance} makes. */
export type Governance = Pick<Charter, 'signers' | 'roles' | 'delegations'>;

const ROLE_NAMES = ['charter', 'release', 'rollout', 'revoke', 'region'] as const;
type RoleName = (typeof ROLE_NAMES)[number];

const DELEGATE = /^([^=]+)=(\d{1,3}):([^:]+)$/;
const KEY_ID_PREFIX = /^[0-9a-f]{8,64}$/;

/** Adds the options of {@link SignerOptions}. */
export function addSignerOptions(command: Command): Command {
  return command
    .option(
      '--add-signer <id=file>',
      'new signer with a public key (PEM); whom no --role or --delegate names joins the roles ' +
        'charter and release; repeat it',
      collectNamed('--add-signer', (id) => `give its second key with --add-key ${id}=<file>`),
    )
    .option('--remove-signer <id>', 'signer who leaves; repeat it', collect)
    .option(
      '--replace-key <id=file>',
      'new public key of a signer, instead of all others',
      collectNamed('--replace-key', (id) => `give its second key with --add-key ${id}=<file>`),
    )
    .option('--add-key <id=file>', 'one more public key of a signer; repeat it', collect)
    .option('--remove-key <id=keyid>', 'key that a signer loses, by the start of its id', collect)
    .option(
      '--remove-role <name>',
      'revoke, rollout or region: nobody may do that any more',
      collect,
    )
    .option(
      '--require-alg <role=alg,…>',
      'count a signer of this role only with keys of all of these; none: any key will do',
      collectNamed('--require-alg', (role) => `give them together: ${role}=<alg>,<alg>`),
    )
    .option(
      '--delegate <bundle=threshold:signer,…>',
      'who signs releases of one bundle, or of all that end in a suffix (*.lab.example.org)',
      collectNamed(
        '--delegate',
        (bundle) => `give all its signers at once: ${bundle}=<threshold>:<signer>,<signer>`,
      ),
    )
    .option('--remove-delegation <bundle>', 'bundle that the role release signs again', collect);
}

/** Applies the options to a charter. Errors: `CONFIG`, `PARSE`, `KEY`, `STORE`. */
export async function nextGovernance(
  session: Session,
  current: Charter,
  options: SignerOptions & TermOptions,
): Promise<Governance> {
  const signers = await nextSigners(session, current, options);
  const ids = signers.map(({ id }) => id).sort();
  const added = ids.filter((id) => !current.signers.some((signer) => signer.id === id));
  const named = namedSigners(options.role, options.delegate);
  const joining = added.filter((id) => !named.has(id));
  const base = carryRoles(current.roles, ids, joining);
  const everybody = ids.filter((id) => {
    const isMachine = current.roles.rollout?.signers.includes(id) === true;
    return !isMachine && (joining.includes(id) || !added.includes(id));
  });
  const roles = withAlgorithms(withoutRoles(rolesOf(options, base, everybody), options), options);
  const delegations = nextDelegations(current, ids, options);
  requireHolders(roles, delegations);
  return { signers, roles, delegations };
}

/** Errors: `CONFIG`, with what to do, where a role would have no signer left. */
function requireHolders(roles: Roles, delegations: readonly Delegation[]): void {
  for (const name of ROLE_NAMES) {
    if (roles[name]?.signers.length !== 0) continue;
    const drop = isOptional(name) ? `, or take the role away: --remove-role ${name}` : '';
    throw new KedgeError('CONFIG', `the role ${name} would have no signer left`, {
      detail: { hint: `give it to others: --role ${name}=1:<signer>${drop}` },
    });
  }
  for (const { bundle, role } of delegations) {
    if (role.signers.length > 0) continue;
    throw new KedgeError('CONFIG', `nobody would be left to sign releases of ${bundle}`, {
      detail: {
        hint:
          `give them to others: --delegate '${bundle}=1:<signer>', or let the role release ` +
          `sign them again: --remove-delegation '${bundle}'`,
      },
    });
  }
}

function isOptional(name: RoleName): boolean {
  return name !== 'charter' && name !== 'release';
}

async function nextSigners(
  session: Session,
  { signers, realm }: Charter,
  options: SignerOptions,
): Promise<readonly Signer[]> {
  const next = new Map(signers.map((signer) => [signer.id, signer]));
  const held = (id: SignerId): Signer => {
    const signer = next.get(id);
    if (signer === undefined) throw unknownSigner(id);
    return signer;
  };
  for (const text of options.removeSigner ?? []) {
    if (!next.delete(signerArgument(text))) throw unknownSigner(text);
  }
  for (const text of options.replaceKey ?? []) {
    const { id, rest } = splitPair('--replace-key', text);
    next.set(id, { ...held(id), keys: [await loadPublicKey(session, rest, realm)] });
  }
  for (const text of options.addSigner ?? []) {
    const { id, rest } = splitPair('--add-signer', text);
    if (next.has(id)) throw new KedgeError('CONFIG', `--add-signer: ${id} is a signer already`);
    next.set(id, { id, owner: id, keys: [await loadPublicKey(session, rest, realm)] });
  }
  for (const text of options.addKey ?? []) {
    const { id, rest } = splitPair('--add-key', text);
    const { keys, ...signer } = held(id);
    next.set(id, { ...signer, keys: [...keys, await loadPublicKey(session, rest, realm)] });
  }
  for (const text of options.removeKey ?? []) {
    const { id, rest } = splitPair('--remove-key', text);
    next.set(id, withoutKey(held(id), rest));
  }
  return [...next.values()];
}

function withoutKey(signer: Signer, keyId: string): Signer {
  const gone = signer.keys.filter((key) => key.keyId.startsWith(keyId));
  if (!KEY_ID_PREFIX.test(keyId) || gone.length !== 1) {
    throw new KedgeError('CONFIG', `--remove-key: ${signer.id} has no single key ${keyId}`, {
      detail: { hint: 'give the first 8 digits of its id or more; see kedge charter show' },
    });
  }
  const keys = signer.keys.filter((key) => !gone.includes(key));
  if (keys.length > 0) return { ...signer, keys };
  throw new KedgeError('CONFIG', `--remove-key: it is the only key of ${signer.id}`, {
    detail: { hint: 'use --replace-key, or --remove-signer' },
  });
}

function carryRoles(roles: Roles, ids: readonly SignerId[], added: readonly SignerId[]): Roles {
  const { revoke } = roles;
  return {
    ...roles,
    charter: carryRole(roles.charter, ids, added),
    release: carryRole(roles.release, ids, added),
    ...(revoke && { revoke: carryRole(revoke, ids, []) }),
    ...(roles.rollout && { rollout: carryRole(roles.rollout, ids, []) }),
    ...(roles.region && { region: carryRole(roles.region, ids, []) }),
  };
}

function carryRole(role: Role, ids: readonly SignerId[], added: readonly SignerId[]): Role {
  const kept = role.signers.filter((id) => ids.includes(id));
  return { ...role, signers: [...new Set([...kept, ...added])].sort() };
}

function withoutRoles(roles: Roles, options: SignerOptions & TermOptions): Roles {
  const { removeRole = [], role: given = [] } = options;
  const { revoke, rollout, region, ...rest } = roles;
  const optional = { revoke, rollout, region };
  for (const name of removeRole) {
    if (!Object.hasOwn(optional, name)) {
      throw new KedgeError('CONFIG', `--remove-role: ${name} is no role that can be removed`, {
        detail: { hint: 'revoke, rollout or region' },
      });
    }
    if (given.some((text) => text.startsWith(`${name}=`))) {
      throw new KedgeError(
        'CONFIG',
        `${name} is to be given and removed: give one of --role and --remove-role`,
      );
    }
  }
  const isKept = (name: keyof typeof optional): boolean => !removeRole.includes(name);
  return {
    ...rest,
    ...(revoke && isKept('revoke') && { revoke }),
    ...(rollout && isKept('rollout') && { rollout }),
    ...(region && isKept('region') && { region }),
  };
}

function withAlgorithms(roles: Roles, { requireAlg = [] }: SignerOptions): Roles {
  let next = roles;
  for (const text of requireAlg) {
    const [name = '', list = ''] = text.split('=');
    const role = isRoleName(name) ? next[name] : undefined;
    if (role === undefined) {
      throw new KedgeError('CONFIG', `--require-alg: the charter has no role ${name}`, {
        detail: { hint: 'write <role>=<algorithm>,<algorithm>; e.g. release=ed25519,ml-dsa-44' },
      });
    }
    const { requiredAlgs: _, ...plain } = role;
    const requiredAlgs = list === 'none' ? [] : list.split(',').map(algorithmOf).sort();
    next = { ...next, [name]: requiredAlgs.length === 0 ? plain : { ...plain, requiredAlgs } };
  }
  return next;
}

function isRoleName(name: string): name is RoleName {
  return ROLE_NAMES.some((one) => one === name);
}

function algorithmOf(name: string): Algorithm {
  if (isAlgorithm(name)) return name;
  throw new KedgeError('CONFIG', `--require-alg: unknown: ${JSON.stringify(name)}`, {
    detail: { hint: `one of ${ALGORITHMS.join(', ')}` },
  });
}

function nextDelegations(
  { delegations, roles }: Charter,
  ids: readonly SignerId[],
  options: SignerOptions,
): readonly Delegation[] {
  const next = new Map(
    delegations.map(({ bundle, role }) => [bundle, { bundle, role: carryRole(role, ids, []) }]),
  );
  for (const bundle of options.removeDelegation ?? []) {
    if (next.delete(bundle)) continue;
    throw new KedgeError('CONFIG', `--remove-delegation: there is none of ${bundle}`);
  }
  for (const text of options.delegate ?? []) {
    const [, bundle, threshold, listed] = DELEGATE.exec(text) ?? [];
    if (bundle === undefined || listed === undefined) {
      throw new KedgeError('CONFIG', `--delegate: not a delegation: ${JSON.stringify(text)}`, {
        detail: { hint: 'write bundle=threshold:signer,signer; e.g. *.lab.example.org=1:carol' },
      });
    }
    parseArgument('--delegate', bundle.replace(/^\*\./, ''), parseBundleName);
    const { expiryDays } = next.get(bundle)?.role ?? roles.release;
    const signers = [...new Set(listed.split(',').map(signerArgument))].sort();
    next.set(bundle, { bundle, role: { signers, threshold: Number(threshold), expiryDays } });
  }
  return [...next.values()];
}

function splitPair(option: string, text: string): { readonly id: SignerId; readonly rest: string } {
  const at = text.indexOf('=');
  if (at > 0) return { id: signerArgument(text.slice(0, at)), rest: text.slice(at + 1) };
  throw new KedgeError('CONFIG', `${option}: write <signer>=<value>, not ${text}`);
}

function unknownSigner(id: string): KedgeError {
  return new KedgeError('CONFIG', `${id} is not a signer of the current charter`, {
    detail: { hint: 'see kedge charter show' },
  });
}

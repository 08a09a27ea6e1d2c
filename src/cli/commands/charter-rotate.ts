/**
 * `kedge charter rotate`: drafts the next charter on top of the current one.
 *
 * @module
 */
import { rotateCharter } from '../../core/charter/draft.ts';
import type { Charter, Role, Roles, Signer } from '../../core/charter/model.ts';
import { KedgeError } from '../../core/errors.ts';
import type { SignerId } from '../../core/ids.ts';
import { compilePolicy } from '../../policy/compile.ts';
import { formatCharterReview, reviewCharter } from '../charter-review.ts';
import {
  addTermOptions,
  loadPublicKey,
  rolesOf,
  signerArgument,
  type TermOptions,
  termsOf,
} from '../charter-terms.ts';
import { charterJson } from '../charter-view.ts';
import type { CommandModule } from '../command-module.ts';
import { type Draft, saveDraft } from '../draft-file.ts';
import { addExamples, collect } from '../help.ts';
import { loadPolicy } from '../policy-file.ts';
import { openRealm } from '../realm.ts';
import { addRealmOptions, type RealmOptions } from '../realm-options.ts';
import { requireCharter } from '../realm-trust.ts';
import { addRegionOptions, nextRegions, type RegionOptions } from '../region-terms.ts';
import type { Session } from '../session.ts';

interface Options extends TermOptions, RealmOptions, RegionOptions {
  readonly addSigner?: readonly string[];
  readonly removeSigner?: readonly string[];
  readonly replaceKey?: readonly string[];
  readonly policy?: string;
  readonly out?: string;
}

/** The command. */
export const charterRotate: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Draft the next charter: the current one with what the options change. New signers join ' +
          'the roles charter and release unless --role says otherwise; removed ones leave all ' +
          'roles. Without changes it renews a charter that is about to expire. Then the old ' +
          'quorum and the new one sign it (kedge charter sign).',
      )
      .option('--add-signer <id=file>', 'new signer with a public key (PEM); repeat it', collect)
      .option('--remove-signer <id>', 'signer who leaves; repeat it', collect)
      .option(
        '--replace-key <id=file>',
        'new public key of a signer, instead of all old ones',
        collect,
      )
      .option('--policy <file>', 'rules for every change (docs/policy.md); none: take them away')
      .option(
        '--out <file>',
        'draft to write; never overwritten (default: charter-<n>.draft.json)',
      );
    addRegionOptions(command);
    addTermOptions(command);
    addRealmOptions(command);
    command.action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge charter rotate --add-signer dora=dora.age.pub --remove-signer ben',
      'kedge charter rotate --role release=2 --role revoke=1 --hold-down 48h',
      'kedge charter rotate --replace-key ana=ana-2027.age.pub --note "lost laptop"',
      'kedge charter rotate --policy policy.yaml',
      'kedge charter rotate --add-region iad=iad-1.key.pub --add-region fra=fra-1.key.pub',
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  await using realm = await openRealm(session, options);
  const current = requireCharter(realm.state);
  const nowMs = session.context.nowMs();
  const signers = await nextSigners(session, current.charter, options);
  const ids = signers.map(({ id }) => id).sort();
  const added = ids.filter((id) => !current.charter.signers.some((signer) => signer.id === id));
  const { policy: _, ...kept } = current.charter;
  const point = options.policy === undefined ? current : { ...current, charter: kept };
  const base = carryRoles(current.charter.roles, ids, added);
  const { charter, body, payload } = rotateCharter(
    point,
    {
      ...(await nextPolicy(session, options)),
      signers,
      roles: rolesOf(options, base, ids),
      delegations: current.charter.delegations.map(({ bundle, role }) => ({
        bundle,
        role: carryRole(role, ids, []),
      })),
      regions: await nextRegions(session, current.charter.regions, options),
      ...termsOf(options, current.charter),
    },
    nowMs,
  );
  const draft: Draft = {
    document: { statement: { payload, signatures: [] }, body },
    charters: realm.charters,
    base: undefined,
    blobs: new Map(),
  };
  const review = reviewCharter(draft, realm.pin, nowMs);
  const name = options.out ?? `charter-${charter.version}.draft.json`;
  const path = session.path(name);
  await saveDraft(path, draft, 'new');
  session.output.result(
    { draft: path, digest: review.statement.digest, charter: charterJson(charter) },
    `${formatCharterReview(session, review)}\n\n` +
      `Saved in ${session.shown(path)}. Next, by the old and the new quorum:\n` +
      `  kedge charter sign ${name} --key <keyfile>`,
  );
}

/** `none` takes the policy away; a file replaces all of it. */
async function nextPolicy(
  session: Session,
  { policy: file }: Options,
): Promise<Pick<Charter, 'policy'>> {
  if (file === undefined || file === 'none') return {};
  const policy = await loadPolicy(session, file);
  compilePolicy(policy);
  return { policy };
}

async function nextSigners(
  session: Session,
  { signers }: Charter,
  options: Options,
): Promise<readonly Signer[]> {
  const next = new Map(signers.map((signer) => [signer.id, signer]));
  for (const text of options.removeSigner ?? []) {
    if (!next.delete(signerArgument(text))) throw unknownSigner(text);
  }
  for (const text of options.replaceKey ?? []) {
    const { id, file } = splitPair('--replace-key', text);
    const old = next.get(id);
    if (old === undefined) throw unknownSigner(id);
    next.set(id, { ...old, keys: [await loadPublicKey(session, file)] });
  }
  for (const text of options.addSigner ?? []) {
    const { id, file } = splitPair('--add-signer', text);
    if (next.has(id)) throw new KedgeError('CONFIG', `--add-signer: ${id} is a signer already`);
    next.set(id, { id, owner: id, keys: [await loadPublicKey(session, file)] });
  }
  return [...next.values()];
}

function carryRoles(roles: Roles, ids: readonly SignerId[], added: readonly SignerId[]): Roles {
  const { revoke } = roles;
  return {
    ...roles,
    charter: carryRole(roles.charter, ids, added),
    release: carryRole(roles.release, ids, added),
    ...(revoke === undefined ? {} : { revoke: carryRole(revoke, ids, []) }),
  };
}

function carryRole(role: Role, ids: readonly SignerId[], added: readonly SignerId[]): Role {
  const kept = role.signers.filter((id) => ids.includes(id));
  return { ...role, signers: [...new Set([...kept, ...added])].sort() };
}

function splitPair(option: string, text: string): { readonly id: SignerId; readonly file: string } {
  const at = text.indexOf('=');
  if (at > 0) return { id: signerArgument(text.slice(0, at)), file: text.slice(at + 1) };
  throw new KedgeError('CONFIG', `${option}: write <signer>=<public key file>, not ${text}`);
}

function unknownSigner(id: string): KedgeError {
  return new KedgeError('CONFIG', `${id} is not a signer of the current charter`, {
    detail: { hint: 'see kedge charter show' },
  });
}

/**
 * Drafting the next charter: the current one with what the options of a command change.
 *
 * @module
 */
import type { Command } from 'commander';
import { type CharterChange, rotateCharter } from '../../core/charter/draft.ts';
import type { Charter, RecoveryRole, Roles } from '../../core/charter/model.ts';
import { requireSameRecovery } from '../../core/charter/recovery.ts';
import type { PublicKey } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { saveDraft } from '../draft/file.ts';
import { loadCompiledPolicy } from '../policy/file.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import type { Realm } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import type { OpenedDraft } from '../release/publishing.ts';
import type { Session } from '../session.ts';
import {
  addRecoveryOptions,
  makeRecoveryRole,
  type RecoveryOptions,
  recoveryRoleOf,
} from './recovery-terms.ts';
import { addRegionOptions, nextRegions, type RegionOptions } from './region-terms.ts';
import { type CharterReview, reviewCharter } from './review.ts';
import { addSignerOptions, nextGovernance, type SignerOptions } from './signers.ts';
import { addTermOptions, type TermOptions, termsOf } from './terms.ts';

/** What may be changed, and where the draft goes. */
export interface CharterOptions
  extends TermOptions,
    RealmOptions,
    RegionOptions,
    SignerOptions,
    RecoveryOptions {
  readonly policy?: string;
  readonly out?: string;
}

/** A draft that was saved. */
export interface SavedCharter extends OpenedDraft {
  /** The file as it was named on the command line. */
  readonly name: string;
  readonly review: CharterReview;
}

/** Adds the options of {@link CharterOptions}. */
export function addCharterOptions(command: Command): Command {
  command.option(
    '--out <file>',
    'draft to write; never overwritten (default: charter-<n>.draft.json)',
  );
  addSignerOptions(command);
  addRegionOptions(command);
  addRecoveryOptions(command);
  addTermOptions(command);
  command.option(
    '--policy <file>',
    'rules for every change (docs/policy.md); none: take them away',
  );
  return addRealmOptions(command);
}

/** Drafts and saves; `revealed` are the recovery keys that will sign it. */
export async function draftNextCharter(
  session: Session,
  realm: Realm,
  options: CharterOptions,
  revealed: readonly PublicKey[] = [],
): Promise<SavedCharter> {
  const { draft, pin } = await makeNextCharter(session, realm, options, revealed);
  const review = reviewCharter(draft, pin, session.context.nowMs());
  const name = options.out ?? `charter-${review.next.version}.draft.json`;
  const path = session.path(name);
  await saveDraft(path, draft, 'new');
  return { name, path, pin, draft, review };
}

/** The same, in memory. */
export async function makeNextCharter(
  session: Session,
  realm: Realm,
  options: CharterOptions,
  revealed: readonly PublicKey[] = [],
): Promise<Pick<OpenedDraft, 'draft' | 'pin'>> {
  const current = requireCharter(realm.state);
  const { roles, ...governance } = await nextGovernance(session, current.charter, options);
  const given = await recoveryRoleOf(session, current.charter.realm, options);
  const left = remaining(current.charter.roles.recovery, revealed);
  const { policy: _, ...unruled } = current.charter;
  const point = options.policy === undefined ? current : { ...current, charter: unruled };
  const change: CharterChange = {
    ...(await nextPolicy(session, options)),
    ...governance,
    roles: withRecovery(roles, given ?? left),
    regions: await nextRegions(session, current.charter, options),
    ...termsOf(options, current.charter),
    ...(revealed.length > 0 && { revealed }),
  };
  const nowMs = session.context.nowMs();
  const { charter, body, payload } = withHint(() => rotateCharter(point, change, nowMs));
  if (revealed.length === 0) requireSameRecovery(current.charter, charter);
  const document = { statement: { payload, signatures: [] }, body };
  const draft = { document, charters: realm.charters, base: undefined, blobs: new Map() };
  return { draft, pin: realm.pin };
}

/** Says which threshold to give where the charter has one that does not fit its signers. */
function withHint<Made>(make: () => Made): Made {
  try {
    return make();
  } catch (thrown) {
    const error = KedgeError.from(thrown);
    const { role, threshold, signers } = error.detail;
    const isThreshold = typeof role === 'string' && typeof signers === 'number';
    if (error.code !== 'POLICY' || threshold === undefined || !isThreshold) throw error;
    const hint = thresholdHint(role, signers);
    throw new KedgeError('POLICY', error.message, { detail: { ...error.detail, hint } });
  }
}

function thresholdHint(role: string, signers: number): string {
  const needsMajority = role === 'charter' || role.startsWith('release');
  const least = needsMajority ? Math.floor(signers / 2) + 1 : 1;
  const bundle = /^release of (.+)$/.exec(role)?.[1];
  if (bundle !== undefined) return `--delegate '${bundle}=${least}:<signer>,…'`;
  return (
    `--role ${role}=${least}; a new signer who is for other roles alone joins no more than ` +
    'those that --role or --delegate name them in, for example --role rollout=1:<signer>'
  );
}

/** What is still hidden once some keys are known. */
function remaining(
  recovery: RecoveryRole | undefined,
  revealed: readonly PublicKey[],
): RecoveryRole | undefined {
  if (recovery === undefined || revealed.length === 0) return recovery;
  const known = new Set(revealed.map(({ keyId }) => keyId));
  const hidden = recovery.keyDigests.filter((digest) => !known.has(digest));
  return hidden.length === 0 ? undefined : makeRecoveryRole(hidden, undefined);
}

function withRecovery(roles: Roles, recovery: RecoveryRole | undefined): Roles {
  const { recovery: _, ...others } = roles;
  return { ...others, ...(recovery && { recovery }) };
}

/** `none` takes the policy away; a file replaces all of it. */
async function nextPolicy(
  session: Session,
  { policy: file }: CharterOptions,
): Promise<Pick<Charter, 'policy'>> {
  if (file === undefined || file === 'none') return {};
  return { policy: await loadCompiledPolicy(session, file) };
}

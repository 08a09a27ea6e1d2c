/**
 * The facts that rules of a policy see when a bundle changes as a case says: from its newest
 * release, verified from the pin down.
 *
 * @module
 */
import { releaseRole } from '../../core/charter/charter.ts';
import type { Policy } from '../../core/charter/rules.ts';
import type { BundleName } from '../../core/ids.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { ReleaseHead } from '../../core/trusted/state.ts';
import type { PolicyCase } from '../../policy/cases.ts';
import type { Facts } from '../../policy/environment.ts';
import { releaseFacts } from '../../policy/release-facts.ts';
import type { RealmOptions } from '../realm/options.ts';
import { openRealm, type RealmRelease } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import { buildDraft, editPoint, startBody } from '../release/drafting.ts';
import { requireHead } from '../release/history.ts';
import { applyEdits } from '../release/named-edits.ts';
import type { Session } from '../session.ts';

/** A bundle that cases are put to. */
export interface PolicyHead {
  readonly session: Session;
  readonly release: RealmRelease & { readonly head: ReleaseHead };
  /** Of the charter in force. */
  readonly policy: Policy | undefined;
}

/** Reads the newest release of a bundle. */
export async function readPolicyHead(
  session: Session,
  bundle: BundleName,
  options: RealmOptions & { readonly file?: string },
): Promise<PolicyHead> {
  const { file } = options;
  const source = file === undefined ? options : { ...options, base: file };
  await using realm = await openRealm(session, source);
  const release = await requireHead(realm, bundle);
  return { session, release, policy: requireCharter(release.state).charter.policy };
}

/** What rules for releases see of a case; the approvals are nobody's yet. */
export async function headFacts(
  { session, release }: PolicyHead,
  { steps, nowMs: given }: PolicyCase,
): Promise<readonly Facts[]> {
  const { state, head, blobs, document } = release;
  const { bundle } = head.body;
  const nowMs = given ?? session.context.nowMs();
  const point = editPoint(state, bundle, nowMs);
  const body = await applyEdits(session, startBody(state, bundle), { edits: steps, point });
  const content = { state, charters: [], base: document, body, blobs };
  const draft = buildDraft(content, { nowMs, expiryDays: undefined });
  const { charter } = requireCharter(state);
  return releaseFacts({
    charter,
    statement: parseStatement(draft.document.statement.payload),
    previous: head.body,
    body: parseReleaseBody(draft.document.body),
    certificates: blobs,
    signers: [],
    threshold: releaseRole(charter, bundle).threshold,
    nowMs,
  });
}

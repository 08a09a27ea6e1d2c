/**
 * What comes after a draft: who signs it by which command, and from when on the anchors that it
 * moves may go further.
 *
 * Where it takes several signers and a node is known the draft is proposed: then it gathers the
 * signatures on the nodes. Without a node it is passed on as a file.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import type { Change } from '../../core/releases/diff.ts';
import type { Draft } from '../draft/file.ts';
import { missingSigners } from '../draft/missing.ts';
import { formatSeconds } from '../durations.ts';
import type { Json } from '../output.ts';
import type { DraftOptions, RealmOptions } from '../realm/options.ts';
import type { Realm } from '../realm/realm.ts';
import { requireCharter } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal/styles.ts';
import type { ReleaseReview } from './review.ts';

/** An anchor that the release moves, and what may become of it from when on. */
interface Wait {
  readonly label: string;
  readonly step: 'become active' | 'be removed';
  readonly fromMs: number;
  readonly seconds: number;
}

/** The command that comes after drafting, with the file as it is typed. */
export async function nextAfterDraft(
  session: Session,
  options: Pick<RealmOptions, 'node' | 'charter'> & Pick<DraftOptions, 'base'>,
  { review, draft, file }: { review: ReleaseReview; draft: Draft; file: string },
): Promise<string> {
  const needed = missingSigners(review, draft).map(({ count }) => count);
  // What only narrows may need one signer of the revoke role: a proposal of theirs publishes.
  const isForMany = Math.max(review.authority.role.threshold, ...needed) > 1;
  if (isForMany && (await meetsNode(session, options))) {
    return (
      `Next: kedge proposal create ${file} --key <keyfile>\n` +
      `and the others, at any node: kedge proposal approve ${review.bundle} --key <keyfile>`
    );
  }
  return `Next: kedge release sign ${file} --key <keyfile>`;
}

/** What comes after a signature when others are missing. */
export function nextAfterSigning(bundle: string, file: string): string {
  return (
    `Next: kedge proposal create ${file}, and the others, at any node: kedge proposal approve ` +
    `${bundle} --key <keyfile>\nor pass ${file} on: kedge release sign ${file} --key <keyfile>, ` +
    `and then: kedge release submit ${file}`
  );
}

/** How a drafted charter gets its signatures: as a file, and at nodes where one is known. */
export function charterSteps(file: string, { node }: Pick<Realm, 'node'>): string {
  const sign = `  kedge charter sign ${file} --key <keyfile>`;
  if (node === undefined) return sign;
  return (
    `${sign}\nor at the nodes: kedge proposal create ${file} --key <keyfile>, and the others: ` +
    'kedge proposal approve charter --key <keyfile>'
  );
}

/** A line for each anchor that waits from now on. */
export function formatWaits(review: ReleaseReview): readonly string[] {
  return waitsOf(review).map(
    ({ label, step, fromMs, seconds }) =>
      `"${printable(label)}" may ${step} in a release that is drafted at ` +
      `${formatTimestamp(fromMs)} or later (${formatSeconds(seconds)} from this draft)`,
  );
}

/** The same for programs. */
export function waitsJson(review: ReleaseReview): Json {
  return waitsOf(review).map(({ label, step, fromMs }) => ({
    label,
    step: step === 'be removed' ? 'remove' : 'activate',
    from: formatTimestamp(fromMs),
  }));
}

/** LC-6 and LC-8: counted from when this release was drafted, whenever it is published. */
function waitsOf({ changes, statement, state }: ReleaseReview): readonly Wait[] {
  const { holdDownSeconds, overlapSeconds } = requireCharter(state).charter.lifecycle;
  return changes.flatMap((change): readonly Wait[] => {
    const entered = enteredState(change);
    const seconds = entered?.state === 'staged' ? holdDownSeconds : overlapSeconds;
    if (entered === undefined || seconds === 0) return [];
    const fromMs = statement.issuedMs + seconds * 1000;
    const step = entered.state === 'staged' ? 'become active' : 'be removed';
    return [{ label: entered.label, step, fromMs, seconds }];
  });
}

function enteredState(
  change: Change,
): { readonly label: string; readonly state: 'staged' | 'retiring' } | undefined {
  if (change.kind === 'added' && change.anchor.state === 'staged') {
    return { label: change.anchor.label, state: 'staged' };
  }
  return change.kind === 'state' && change.to === 'retiring'
    ? { label: change.label, state: 'retiring' }
    : undefined;
}

async function meetsNode(
  session: Session,
  { node, charter, base }: Pick<RealmOptions, 'node' | 'charter'> & Pick<DraftOptions, 'base'>,
): Promise<boolean> {
  if (node !== undefined) return true;
  const isOffline = charter !== undefined || base !== undefined;
  return !isOffline && (await session.profile()).node !== undefined;
}

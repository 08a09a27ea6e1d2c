/**
 * Drafts of rollouts: what a bundle's programs get next, stated so that it can be signed.
 *
 * @module
 */
import type { NodeStatus } from '../../core/admin/messages.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type BundleName,
  formatTimestamp,
  parseTimestamp,
  releaseStream,
  rolloutStream,
  type Sequence,
  timestampMs,
} from '../../core/ids.ts';
import {
  encodeRolloutBody,
  type NamedRelease,
  parseRolloutBody,
  type RolloutBody,
} from '../../core/rollouts/body.ts';
import { openCount, type RolloutStatus } from '../../core/rollouts/status.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { encodeStatement } from '../../core/statements/statement.ts';
import {
  expectedNext,
  headOf,
  type ReleaseHead,
  type RolloutHead,
  type TrustedState,
} from '../../core/trusted/state.ts';
import { type Draft, saveDraft } from '../draft/file.ts';
import { signDraft } from '../draft/signing.ts';
import { parseDurationDays } from '../durations.ts';
import { requireAbsent } from '../files.ts';
import { parseArgument } from '../help.ts';
import type { NodeAdmin } from '../node/admin.ts';
import { askVersions, warnOfOlderNodes } from '../node/older.ts';
import { noRelease } from '../realm/known-streams.ts';
import type { RealmOptions, ShortcutOptions } from '../realm/options.ts';
import { groundOf, openRealm, type Realm } from '../realm/realm.ts';
import { type Pin, requireCharter, verifyRealm } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import { countOf } from '../terminal/styles.ts';
import { signableRollout, submitRollout } from './publishing.ts';
import { missingOf, reviewRollout } from './review.ts';
import { formatRolloutReview } from './review-view.ts';
import { timeWarnings } from './times.ts';

/** Options of every command that drafts a rollout. */
export interface RolloutOptions extends RealmOptions, ShortcutOptions {
  readonly draft?: string;
  readonly note?: string;
  readonly validFor?: string;
}

/** What a node says of a bundle's rollouts, verified as far as it can be. */
export interface RolloutBasis {
  readonly bundle: BundleName;
  readonly pin: Pin;
  readonly charters: readonly SignedDocument[];
  /** Charters, the release that is rolled out, and the newest rollout. */
  readonly state: TrustedState;
  readonly release: ReleaseHead;
  readonly previous: RolloutHead | undefined;
  /** The node's own word. */
  readonly status: RolloutStatus;
  /** Likewise, of which versions there are. */
  readonly nodes: NodeStatus | undefined;
}

/** Which release is meant: by number, the one of the newest rollout, or the newest. */
export type Wanted = Sequence | 'rolled-out' | 'newest';

const DAY_MS = 86_400_000;
/** Of a draft that nobody can sign yet, since the charter has no rollout role. */
const EXPIRY_DEFAULT_DAYS = 30;

/**
 * Asks the node and verifies what it says. Errors: `CONFIG` (no node, no such release), those of
 * verification.
 */
export async function openRollouts(
  session: Session,
  bundle: BundleName,
  options: RealmOptions,
  wanted: Wanted,
): Promise<RolloutBasis> {
  await using realm = await openRealm(session, options);
  const { node, pin, charters } = realm;
  if (node === undefined) {
    throw new KedgeError('CONFIG', 'only a node knows how a rollout goes', {
      detail: { hint: 'give --node, or set `node:` in kedge.yaml' },
    });
  }
  const status = await node.rollout(bundle);
  const { rollout } = status;
  const sequence = sequenceOf(wanted, status, await requireRelease(node, status));
  const stream = releaseStream(bundle);
  const newest = { pin, charters, document: await node.document(stream, sequence) };
  const nowMs = session.context.nowMs();
  const { document: release } = await groundOf(newest, nowMs, (at) => node.document(stream, at));
  const state = verifyRealm(pin, { charters, release, rollout }, nowMs);
  const head = headOf(state, releaseStream(bundle));
  if (head?.sequence !== sequence) throw new KedgeError('PROOF', 'the node sent another release');
  const previous = headOf(state, rolloutStream(bundle));
  const nodes = await askVersions(node);
  return { bundle, pin, charters, state, release: head, previous, status, nodes };
}

/** Whether a release comes in waves and the node knows of no rollout that names it. */
export async function isHeldBack(
  node: NodeAdmin,
  bundle: BundleName,
  { body, sequence }: ReleaseHead,
): Promise<boolean> {
  if (body.delivery === undefined) return false;
  const { rollout } = await node.rollout(bundle);
  return rollout === undefined || parseRolloutBody(rollout.body).to.sequence !== sequence;
}

/** The newest rollout of a status, verified with the release that it names; absent: none. */
export async function verifyNewest(
  { pin, charters }: Pick<Realm, 'pin' | 'charters'>,
  node: NodeAdmin,
  { bundle, rollout }: RolloutStatus,
  nowMs: number,
): Promise<TrustedState | undefined> {
  if (rollout === undefined) return undefined;
  const { to } = parseRolloutBody(rollout.body);
  const release = await node.document(releaseStream(bundle), to.sequence);
  return verifyRealm(pin, { charters, release, rollout }, nowMs);
}

/** The newest release that the node has. Errors: `CONFIG` where there is none. */
export async function requireRelease(
  node: NodeAdmin,
  { bundle, head }: RolloutStatus,
): Promise<NamedRelease> {
  if (head !== undefined) return head;
  throw await noRelease(bundle, node);
}

/** Errors: `CONFIG`. */
function sequenceOf(
  wanted: Wanted,
  { bundle, rollout }: RolloutStatus,
  head: NamedRelease,
): Sequence {
  if (wanted === 'rolled-out') {
    if (rollout !== undefined) return parseRolloutBody(rollout.body).to.sequence;
    throw new KedgeError('CONFIG', `there is no rollout of ${bundle}`, {
      detail: { hint: `start one: kedge rollout start ${bundle}` },
    });
  }
  if (wanted === 'newest') return head.sequence;
  if (wanted <= head.sequence) return wanted;
  throw new KedgeError('CONFIG', `there is no release ${String(wanted)} of ${bundle}`, {
    detail: { hint: `see kedge release history ${bundle}` },
  });
}

/** States a rollout as the next one of its bundle. */
function buildRollout(
  basis: RolloutBasis,
  body: RolloutBody,
  { nowMs, validFor }: { readonly nowMs: number; readonly validFor: string | undefined },
): Draft {
  const { state, bundle, charters, release, status } = basis;
  const stream = rolloutStream(bundle);
  const next = expectedNext(state, stream);
  const { charter, version } = requireCharter(state);
  const { rollout: role } = charter.roles;
  const most = role?.expiryDays ?? EXPIRY_DEFAULT_DAYS;
  const days =
    validFor === undefined ? most : parseArgument('--valid-for', validFor, parseDurationDays);
  const issuedMs = timestampMs(parseTimestamp(formatTimestamp(nowMs)));
  const bytes = encodeRolloutBody(body);
  const payload = encodeStatement({
    realm: state.realm,
    stream,
    sequence: next.sequence,
    previous: next.previous,
    charterVersion: version,
    issuedMs,
    expiresMs: issuedMs + Math.min(days, most) * DAY_MS,
    bodyDigest: sha256(bytes),
    bodyBytes: bytes.length,
  });
  return {
    document: { statement: { payload, signatures: [] }, body: bytes },
    charters,
    base: { statement: release.statement, body: release.bodyBytes },
    ...(status.rollout && { rollout: status.rollout }),
    blobs: new Map(),
  };
}

/** Saves a draft; signs it with `--sign-with` and hands it in with `--submit`. */
export async function finishRollout(
  session: Session,
  options: RolloutOptions,
  basis: RolloutBasis,
  body: RolloutBody,
): Promise<void> {
  const { pin, bundle } = basis;
  const nowMs = session.context.nowMs();
  const path = session.path(options.draft ?? `${bundle}.rollout.json`);
  await requireAbsent(path);
  let draft = buildRollout(basis, body, { nowMs, validFor: options.validFor });
  warnOfOlderNodes(session, basis.nodes, draft.document);
  const opened = { path, pin, draft, saveAs: 'new' } as const;
  const review = reviewRollout(draft, pin, nowMs);
  const isOther = review.previous?.body.to.digest !== body.to.digest;
  const { expiresMs } = review.statement;
  const times = { nowMs, expiresMs, open: isOther ? 0 : openCount(basis.status) };
  if (body.state === 'running') {
    for (const text of timeWarnings(body.waves, times)) session.output.warn(text);
  }
  if (options.signWith === undefined) await saveDraft(path, draft, 'new');
  else {
    const signable = signableRollout(session, opened, review);
    draft = await signDraft(session, signable, options.signWith, options);
  }
  if (options.submit === true) {
    await submitRollout(session, { path, pin, draft }, options);
    return;
  }
  const signed = reviewRollout(draft, pin, nowMs);
  const missing = missingOf(signed);
  const shown = session.shown(path);
  session.output.result(
    {
      draft: path,
      bundle,
      sequence: signed.statement.sequence,
      digest: signed.statement.digest,
      state: body.state,
      release: body.to.sequence,
      signers: signed.authority.signers,
      missing,
      problems: signed.problems.map(({ code, message }) => ({ code, message })),
    },
    [
      formatRolloutReview(session, signed),
      '',
      missing === 0
        ? `Saved in ${shown}: complete. Next: kedge rollout submit ${shown}`
        : `Saved in ${shown}; ${countOf(missing, 'signature')} needed. ` +
          `Next: kedge rollout sign ${shown} --key <keyfile>`,
    ].join('\n'),
  );
}

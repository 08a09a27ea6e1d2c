/**
 * Drafts of charters: judged before signing, shown as what they change, handed in.
 *
 * @module
 */

import { dirname, join } from 'node:path';
import { type Charter, parseCharter } from '../../core/charter/charter.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  CHARTER_STREAM,
  formatTimestamp,
  type KeyId,
  parseSha256,
  type SignerId,
} from '../../core/ids.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { countedFor, countKeys, countSigners } from '../../core/statements/quorum.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { acceptDocument } from '../../core/trusted/accept.ts';
import { type Evidence, expectedNext, type TrustedState } from '../../core/trusted/state.ts';
import { encodeDocumentFile } from '../document-file.ts';
import type { Draft } from '../draft/file.ts';
import type { Signable } from '../draft/signing.ts';
import { otherKind, signedKind } from '../file-kind.ts';
import { fileExists, replaceFile } from '../files.ts';
import { contentsOf, type ForkContents } from '../fork/contents.ts';
import { formatResolutions } from '../fork/view.ts';
import { hinted } from '../help.ts';
import { openNode } from '../node/admin.ts';
import { warnIfAlone } from '../node/spreading.ts';
import { judgeByPolicy, missingSignatures, type PolicyReview } from '../policy/review.ts';
import type { RealmOptions } from '../realm/options.ts';
import { type Pin, requireCharter, verifyRealm } from '../realm/trust.ts';
import type { OpenedDraft } from '../release/publishing.ts';
import type { Session } from '../session.ts';
import { countOf, type Styles } from '../terminal/styles.ts';
import { formatCharter, formatCharterChanges } from './view.ts';

/** A draft of a charter that fits together. */
export interface CharterReview {
  readonly statement: Statement;
  readonly state: TrustedState;
  readonly current: Charter;
  readonly next: Charter;
  /** Who signed, of the charter roles of both. */
  readonly signers: readonly SignerId[];
  /** The recovery keys that signed; empty where the draft reveals none. */
  readonly recovered: readonly KeyId[];
  /** How many signatures are missing at least. */
  readonly missing: number;
  readonly problems: readonly KedgeError[];
  /** What the policy wants to be approved by more signers. */
  readonly approvals: PolicyReview['approvals'];
  /** Proof of the forks that it resolves, as the draft has it; nothing of it is verified. */
  readonly forks: readonly Evidence[];
  /** What the draft has of what their sides say. */
  readonly contents: ForkContents;
}

/** Judges a draft of a charter. Errors: whatever makes it not fit together. */
export function reviewCharter(draft: Draft, pin: Pin, nowMs: number): CharterReview {
  const state = verifyRealm(pin, { charters: draft.charters }, nowMs);
  const statement = parseStatement(draft.document.statement.payload);
  if (statement.kind !== 'charter') {
    throw otherKind('draft', signedKind(statement, 'draft'));
  }
  const expected = expectedNext(state, CHARTER_STREAM);
  if (statement.realm !== state.realm) {
    throw new KedgeError('REALM', `the draft is for realm ${statement.realm}, not ${state.realm}`);
  }
  if (statement.sequence !== expected.sequence || statement.previous !== expected.previous) {
    throw new KedgeError('PREVIOUS', `the draft does not follow charter ${expected.sequence - 1}`);
  }
  const { body, statement: signed } = draft.document;
  if (body.length !== statement.bodyBytes || sha256(body) !== statement.bodyDigest) {
    throw new KedgeError('DIGEST', 'the content of the draft is not what its statement names');
  }
  const next = parseCharter(body);
  if (next.realm !== statement.realm || next.version !== statement.sequence) {
    throw new KedgeError(
      'TYPE',
      'the charter in the draft is not the one that its statement names',
    );
  }
  const current = requireCharter(state).charter;
  const judged = judgeByPolicy(draft, state, nowMs);
  const { signers, recovered, missing } = countApprovals(current, next, signed);
  return {
    statement,
    state,
    current,
    next,
    signers,
    recovered,
    missing: missingSignatures(missing, judged),
    problems: [...timeProblems(statement, next, nowMs), ...judged.problems],
    approvals: judged.approvals,
    forks: draft.forks ?? [],
    contents: contentsOf(draft.contents ?? [], draft.blobs),
  };
}

/** Who signed for which of the two charters, and how many signatures are missing at least. */
function countApprovals(
  current: Charter,
  next: Charter,
  signed: SignedStatement,
): Pick<CharterReview, 'signers' | 'recovered' | 'missing'> {
  const of = (charter: Charter): { readonly signers: readonly SignerId[]; missing: number } => {
    const role = charter.roles.charter;
    const signers = countedFor(role, countSigners(charter, role.signers, signed));
    return { signers, missing: Math.max(0, role.threshold - signers.length) };
  };
  const { revealed } = next;
  const own = of(next);
  if (revealed === undefined) {
    const old = of(current);
    const signers = [...new Set([...old.signers, ...own.signers])];
    return { signers, recovered: [], missing: Math.max(old.missing, own.missing) };
  }
  const recovered = countKeys(revealed, signed).valid.map(({ keyId }) => parseSha256(keyId));
  const lacking = Math.max(0, (current.roles.recovery?.threshold ?? 1) - recovered.length);
  return { signers: own.signers, recovered, missing: lacking + own.missing };
}

function timeProblems(statement: Statement, next: Charter, nowMs: number): readonly KedgeError[] {
  if (statement.expiresMs <= nowMs) {
    const at = formatTimestamp(statement.expiresMs);
    return [new KedgeError('EXPIRED', `the drafted charter expired at ${at}`)];
  }
  const { expiryDays } = next.roles.charter;
  if (statement.expiresMs <= statement.issuedMs + expiryDays * 86_400_000) return [];
  return [
    new KedgeError('POLICY', `the drafted charter is valid for more than ${expiryDays} days`),
  ];
}

/** Makes a reviewed draft ready to be signed. */
export function signableCharter(
  session: Session,
  opened: OpenedDraft,
  review: CharterReview,
): Signable {
  const { current, next } = review;
  const revealed = next.revealed ?? [];
  const before = revealed.length > 0 ? [] : current.roles.charter.signers;
  return {
    path: opened.path,
    draft: opened.draft,
    statement: review.statement,
    charters: [current, next],
    eligible: new Set([...before, ...next.roles.charter.signers]),
    recoveryKeys: new Set(revealed.map(({ keyId }) => keyId)),
    summary: formatCharterReview(session, review),
    problems: review.problems,
  };
}

/** What a charter draft says and changes. */
export function formatCharterReview(session: Session, review: CharterReview): string {
  const { styles } = session.output;
  const { current, next, statement } = review;
  return [
    styles.bold(`Charter version ${statement.sequence} of ${statement.realm}`),
    `  digest:  ${statement.digest}`,
    `  expires: ${formatTimestamp(statement.expiresMs)}`,
    '',
    ...recoveryWarning(current, next, styles),
    styles.bold('Changes:'),
    formatCharterChanges(current, next, styles),
    '',
    ...formatResolutions(review.state, next, review.forks, {
      contents: review.contents,
      styles,
      nowMs: session.context.nowMs(),
    }),
    styles.bold('The whole new charter:'),
    formatCharter(next),
    '',
    `${styles.bold('Signed by:')} ${listOf(review)}`,
    ...review.problems.map(({ message, code }) => `Nodes will refuse it: ${message} (${code})`),
    ...review.approvals.map(({ text }) => `More signers: ${text}`),
  ].join('\n');
}

/** Loud: whoever signs this takes the realm out of the hands of its charter quorum. */
function recoveryWarning(current: Charter, next: Charter, styles: Styles): readonly string[] {
  const { revealed } = next;
  if (revealed === undefined) return [];
  const needed = current.roles.recovery?.threshold ?? 0;
  const left = next.roles.recovery?.keyDigests.length ?? 0;
  return [
    styles.red('RECOVERY: recovery keys decide this, not the signers of the current charter.'),
    `  ${needed} of these ${revealed.length} keys have to sign; they are public and used up then:`,
    ...revealed.map(({ alg, keyId }) => `    ${alg} ${keyId}`),
    left === 0
      ? styles.red('  NO RECOVERY KEYS ARE LEFT: name new ones with --recovery-key.')
      : `  The new charter has ${countOf(left, 'recovery key')}.`,
    '  Every role below is what the new charter says, whoever had it before.',
    '',
  ];
}

function listOf({ signers, recovered }: CharterReview): string {
  const all = [...signers, ...recovered.map((keyId) => `recovery key ${keyId.slice(0, 16)}`)];
  return all.length === 0 ? 'nobody yet' : all.join(', ');
}

/** Judges a signed charter, hands it in, and writes it as a document file beside the draft. */
export async function submitCharter(
  session: Session,
  opened: OpenedDraft,
  options: RealmOptions,
): Promise<void> {
  const { draft, path, pin } = opened;
  const nowMs = session.context.nowMs();
  const { statement, state, problems } = reviewCharter(draft, pin, nowMs);
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const { document } = draft;
  const offer = { chain: [document.statement], body: document.body, mode: 'linked' } as const;
  await hinted({ THRESHOLD: 'collect more signatures: kedge charter sign <draft>' }, async () =>
    Promise.resolve(acceptDocument(state, offer, nowMs)),
  );
  using node = await openNode(session, options);
  const receipt = await node.submit({ document, blobs: [] });
  if (receipt.digest !== statement.digest) {
    throw new KedgeError('PROOF', 'the node confirmed another charter than the one handed in');
  }
  const file = join(dirname(path), `charter-${statement.sequence}.json`);
  if (!(await fileExists(file))) await replaceFile(file, encodeDocumentFile(document), 'public');
  await warnIfAlone(session, node, file);
  session.output.result(
    { version: statement.sequence, digest: statement.digest, file },
    `Charter version ${statement.sequence} is in force on the node and spreads.\n` +
      `Kept in ${file}; add it to \`charters:\` in kedge.yaml for work without a node.`,
  );
}

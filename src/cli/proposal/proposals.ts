/**
 * Proposals at a node, for the commands: found by what a person types, made into drafts, handed in.
 *
 * What a node lists is its word. Before anybody reads or signs a proposal it becomes a draft like
 * one from a file: charters and the release before come from the node too and are verified from the
 * pin down, and the review is that of `kedge release sign` and the like.
 *
 * @module
 */
import type { ProposalStatus } from '../../core/admin/proposals.ts';
import { type ErrorCode, KedgeError } from '../../core/errors.ts';
import { parseSequence, releaseStream, splitStream } from '../../core/ids.ts';
import type { Proposal } from '../../core/proposals/model.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import { parseRolloutBody } from '../../core/rollouts/body.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { blobsById, type Draft } from '../draft/file.ts';
import { reviewDraft } from '../draft/review.ts';
import { resolvedForks } from '../fork/contents.ts';
import { hinted } from '../help.ts';
import type { NodeAdmin } from '../node/admin.ts';
import { warnIfAlone } from '../node/spreading.ts';
import type { Json } from '../output.ts';
import type { RealmOptions } from '../realm/options.ts';
import { openRealm, type Realm } from '../realm/realm.ts';
import type { OpenedDraft } from '../release/publishing.ts';
import { waitingText } from '../rollout/view.ts';
import type { Session } from '../session.ts';
import { countOf, printable } from '../terminal/styles.ts';

/** Digits of a digest that name a proposal in texts. */
const SHORT_DIGITS = 12;
const PREFIX = /^[0-9a-f]{6,64}$/;

/** A realm at a node. */
export type NodeRealm = Realm & { readonly node: NodeAdmin };

/** A proposal as a draft. */
export interface FetchedProposal {
  readonly status: ProposalStatus;
  readonly draft: Draft;
}

/** Opens the realm at its node. Errors: `CONFIG` without one. */
export async function openNodeRealm(session: Session, options: RealmOptions): Promise<NodeRealm> {
  const realm = await openRealm(session, options);
  const { node } = realm;
  if (node !== undefined) return { ...realm, node, [Symbol.asyncDispose]: () => close(realm) };
  await close(realm);
  throw new KedgeError('CONFIG', 'proposals are kept by nodes, and no node is known', {
    detail: { hint: 'give --node <host:port>, or set `node:` in kedge.yaml' },
  });
}

async function close(realm: Realm): Promise<void> {
  await realm[Symbol.asyncDispose]();
}

/** The first digits of a digest, enough to name it. */
export function shortDigest(digest: string): string {
  return digest.slice(0, SHORT_DIGITS);
}

/** What a person calls a stream: the bundle, `charter`, or `rollout/<bundle>`. */
export function subjectOf(stream: string): string {
  const parsed = splitStream(stream);
  return parsed.kind === 'release' ? parsed.bundle : stream;
}

/**
 * Finds the proposal that `which` means: a bundle, `charter`, a stream, or the beginning of a
 * digest. Errors: `CONFIG` (none, or several); `CONFLICT`, `EXPIRED` (it is over).
 */
export async function findProposal(node: NodeAdmin, which: string): Promise<ProposalStatus> {
  const all = await node.proposals();
  const matching = all.filter((one) => isMeant(one, which));
  const open = matching.filter(({ standing }) => standing === 'open');
  const [only] = open;
  if (only !== undefined && open.length === 1) return only;
  if (open.length > 1) {
    const digests = open.map(({ digest, signers }) => `${shortDigest(digest)} (${signers.join()})`);
    const several = `${which} has ${open.length} proposals: ${digests.join(', ')}`;
    throw over('CONFIG', several, 'give the first digits of one of them');
  }
  const last = matching.at(-1);
  if (last !== undefined && PREFIX.test(which)) throw overError(last);
  const ended = last === undefined ? '' : `; the last one: ${overError(last).message}`;
  const what = `the node has no proposal for ${JSON.stringify(which)}${ended}`;
  throw over('CONFIG', what, 'see kedge proposal list, with --ended what became of others');
}

function isMeant({ digest, stream }: ProposalStatus, which: string): boolean {
  if (which === stream || which === subjectOf(stream)) return true;
  return PREFIX.test(which) && digest.startsWith(which);
}

/** Why a proposal is over and what to do about it, as an error. */
export function overError(status: ProposalStatus): KedgeError {
  const { stream, sequence, standing, withdrawnBy } = status;
  const place = `sequence ${sequence} of ${stream}`;
  switch (standing) {
    case 'open':
      return new KedgeError('BUG', `the proposal for ${place} is not over`);
    case 'published':
      return over('CONFLICT', `it is published already as ${place}`, 'nothing is left to approve');
    case 'conflict':
      return over(
        'CONFLICT',
        `${place} is taken by another statement`,
        'draft the change again on top of it: kedge release draft',
      );
    case 'expired':
      return over('EXPIRED', `the proposal for ${place} has expired`, 'draft and propose it again');
    case 'withdrawn':
      return over(
        'CONFLICT',
        `the proposal for ${place} was withdrawn by ${withdrawnBy ?? 'somebody'}`,
        'ask why; another draft takes signers who have not signed this one',
      );
    case 'void':
      return over(
        'CONFLICT',
        `nobody who signed the proposal for ${place} may sign it any more`,
        'draft it again under the charter of now',
      );
  }
}

function over(code: ErrorCode, message: string, hint: string): KedgeError {
  return new KedgeError(code, message, { detail: { hint } });
}

/** Reads a proposal and what its review needs. Errors: as {@link findProposal}; those of nodes. */
export async function fetchProposal(realm: NodeRealm, which: string): Promise<FetchedProposal> {
  const found = await findProposal(realm.node, which);
  const { status, proposal } = await realm.node.proposal(found.digest);
  if (proposal === undefined) throw overError(status);
  const { payload } = proposal.document.statement;
  if (parseStatement(payload).digest !== found.digest) {
    throw new KedgeError('PROOF', 'the node answered with another proposal than the one asked for');
  }
  return { status, draft: await draftOf(realm, proposal) };
}

async function draftOf(realm: NodeRealm, { document, blobs }: Proposal): Promise<Draft> {
  const statement = parseStatement(document.statement.payload);
  const { bundle } = statement;
  const { charters } = realm;
  if (statement.kind === 'rollout') return rolloutDraft(realm, statement, document);
  if (bundle === undefined) {
    const known = await resolvedForks(realm.node, document.body);
    return { document, charters, base: undefined, blobs: new Map(), ...known };
  }
  const head = await realm.head(bundle);
  const known = head?.blobs ?? new Map();
  return {
    document,
    charters,
    base: head?.document,
    blobs: new Map([...known, ...blobsById(blobs)]),
  };
}

/** A proposed rollout with the release that it names and the rollout before it. */
async function rolloutDraft(
  { node, charters }: NodeRealm,
  { stream, sequence }: Statement,
  document: SignedDocument,
): Promise<Draft> {
  const { bundle, to } = parseRolloutBody(document.body);
  const base = await node.document(releaseStream(bundle), to.sequence);
  const draft: Draft = { document, charters, base, blobs: new Map() };
  if (sequence === 1) return draft;
  return { ...draft, rollout: await node.document(stream, parseSequence(sequence - 1)) };
}

/** What came of handing signatures in. */
interface Proposed {
  readonly standing: ProposalStatus['standing'];
  readonly json: { readonly [key: string]: Json | undefined };
  readonly text: string;
}

/** Hands a draft's signatures in and says what came of it. */
export async function sendProposal(
  session: Session,
  realm: NodeRealm,
  opened: OpenedDraft,
): Promise<void> {
  const { json, text } = await proposeDraft(session, realm, opened);
  session.output.result(json, text);
}

/** Hands a draft's signatures in. Errors: what speaks against it; those of the node. */
export async function proposeDraft(
  session: Session,
  realm: NodeRealm,
  opened: OpenedDraft,
): Promise<Proposed> {
  const { draft, path } = opened;
  const { statement, problems } = reviewDraft(session, opened);
  const [problem] = problems.filter(({ code }) => code !== 'BLAST_RADIUS');
  if (problem !== undefined) throw problem;
  const { document } = draft;
  if (document.statement.signatures.length === 0) {
    throw new KedgeError(
      'THRESHOLD',
      'nobody has signed this draft: a proposal needs a signature',
      {
        detail: { hint: 'sign it: --key <keyfile>, or kedge release sign first' },
      },
    );
  }
  const blobs = newBlobs(draft);
  const hint = 'pass the draft file on by hand instead: kedge release sign, kedge release submit';
  const status = await hinted({ LIMIT: hint }, () => realm.node.propose({ document, blobs }));
  if (status.digest !== statement.digest) {
    throw new KedgeError('PROOF', 'the node answered about another proposal than the one sent');
  }
  const { standing } = status;
  const kept = { draft: path, ...statusJson(status) };
  if (standing !== 'open') {
    const text = publishedText(session, status, draft);
    await warnIfAlone(session, realm.node, path);
    return { standing, json: kept, text };
  }
  const union = await realm.node.proposal(status.digest);
  const joined = { ...draft, document: union.proposal?.document ?? document };
  const review = reviewDraft(session, { ...opened, draft: joined });
  return {
    standing,
    json: { ...kept, signers: review.signers, missing: review.missing },
    text:
      `Proposed as sequence ${statement.sequence} of ${statement.stream}: signed by ` +
      `${review.signers.join(', ')}; ${countOf(review.missing, 'signature')} still needed.\n` +
      `For the others, at any node: kedge proposal approve ${shortDigest(status.digest)}`,
  };
}

/** The certificates that the release before does not have. */
function newBlobs({ base, blobs }: Draft): readonly Uint8Array[] {
  if (base === undefined) return [...blobs.values()];
  const known = new Set(parseReleaseBody(base.body).anchors.map(({ id }) => id));
  return [...blobs].flatMap(([id, der]) => (known.has(id) ? [] : [der]));
}

function publishedText({ output }: Session, status: ProposalStatus, { document }: Draft): string {
  const { sequence, stream, standing } = status;
  if (standing !== 'published') throw overError(status);
  return (
    `Published: sequence ${sequence} of ${stream} has all its signatures; it is durable on the ` +
    `node and spreads.\n${waitsNow(output, status, document) ?? `See it: ${seeCommand(stream)}`}`
  );
}

/** A release in waves reaches nobody before a rollout names it. */
function waitsNow(
  { styles }: Session['output'],
  { stream, sequence }: ProposalStatus,
  { body }: SignedDocument,
): string | undefined {
  const parsed = splitStream(stream);
  if (parsed.kind !== 'release' || parseReleaseBody(body).delivery === undefined) return undefined;
  return waitingText(parsed.bundle, sequence, styles);
}

function seeCommand(stream: string): string {
  const parsed = splitStream(stream);
  if (parsed.kind === 'charter') return 'kedge charter show';
  const what = parsed.kind === 'rollout' ? 'rollout status' : 'release history';
  return `kedge ${what} ${parsed.bundle}`;
}

/** A proposal as JSON. */
export function statusJson(status: ProposalStatus): {
  readonly stream: string;
  readonly sequence: number;
  readonly digest: string;
  readonly standing: string;
  readonly signers: readonly string[];
  readonly refusal?: { readonly code: string; readonly reason: string };
} {
  const { stream, sequence, digest, standing, signers, refusal } = status;
  const common = { stream, sequence, digest, standing, signers };
  return refusal === undefined ? common : { ...common, refusal: { ...refusal } };
}

/** Why a node does not publish what has all its signatures. */
export function refusalText({ refusal }: ProposalStatus): string | undefined {
  return refusal && `the node does not publish it: ${printable(refusal.reason)} (${refusal.code})`;
}

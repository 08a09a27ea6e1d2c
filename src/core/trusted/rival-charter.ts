/**
 * A charter in a place that is taken, or in that of a fork: whether it falls, proves a fork, or
 * takes the place.
 *
 * A charter takes it when recovery keys of the one before it signed it and nothing in the place is
 * covered so; with it fall the charters that were there, and all that stands on them alone. The
 * same goes for charters in a row of which recovery keys signed one: its signature covers those
 * before it. So the outcome depends on what was received and not on its order. Spec section 7, RV-1
 * to RV-5.
 *
 * @module
 */
import { type VerifiedCharter, verifyNextCharter } from '../charter/chain.ts';
import { peekRevealed } from '../charter/charter.ts';
import { type PublicKey, sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, parseSequence } from '../ids.ts';
import type { SignedDocument } from '../statements/envelope.ts';
import type { Statement } from '../statements/statement.ts';
import { addCharterProof } from './charter-fork.ts';
import { countRival } from './charter-rival.ts';
import { coveredBy, isForEver, isRecovery } from './lineage.ts';
import {
  type AcceptedCharter,
  currentCharter,
  type Evidence,
  forked,
  forkOf,
  type TrustedState,
} from './state.ts';

/** A charter as offered. */
export interface CharterLink {
  readonly document: SignedDocument;
  readonly statement: Statement;
}

/** What charters that contradict what is held come to. */
export type RivalVerdict =
  /** They take the place of what is held from the first one's on. */
  | { readonly outcome: 'prevails'; readonly charters: readonly VerifiedCharter[] }
  | { readonly outcome: 'forked'; readonly state: TrustedState; readonly evidence: Evidence };

/**
 * Judges charters in a row of which the first follows one that is held, in whose place there is
 * another one or a fork. Errors: `FORK` (covered by a recovery; or nothing new of a fork),
 * `ROLLBACK` (nobody signed it), those of `verifyNextCharter` for what recovery keys did sign.
 */
export function judgeRival(
  state: TrustedState,
  before: AcceptedCharter,
  links: readonly CharterLink[],
): RivalVerdict {
  const sequence = parseSequence(before.version + 1);
  const ending = coveredBy(state.charters, sequence);
  const fork = forkOf(state, CHARTER_STREAM);
  const isClaimed = claimsRecovery(before, links);
  // What is covered costs no signature checks, where recovery keys are not even named.
  if (ending !== undefined && !isClaimed) throw covered(sequence, ending.version);
  const walked = isClaimed ? walk(before, links) : { charters: [] };
  const recovered = walked.charters.find(({ charter }) => isRecovery(charter));
  if (recovered !== undefined) {
    const { statement } = recovered.document;
    const revealed = recovered.charter.revealed ?? [];
    const result = addCharterProof(state, { sequence, statements: [statement], revealed });
    if (result.outcome === 'forked' && isForEver(result.state.charters, result.evidence)) {
      return result;
    }
    const isStopped = fork !== undefined && isForEver(state.charters, fork);
    if (isStopped || ending !== undefined) throw forked(requireFork(state));
    if (walked.refusal !== undefined) throw walked.refusal;
    return { outcome: 'prevails', charters: walked.charters };
  }
  return prove(state, links, ending);
}

interface Walk {
  readonly charters: readonly VerifiedCharter[];
  /** Why the next one does not follow; absent when all do. */
  readonly refusal?: KedgeError;
}

/**
 * Says whether one of these charters reveals keys of the epoch, as many as it takes. Until they are
 * used nobody else knows them, so that nobody else can ask for more than this.
 */
export function claimsRecovery(
  { charter: { roles } }: AcceptedCharter,
  links: readonly CharterLink[],
): boolean {
  const { keyDigests = [], threshold = Infinity } = roles.recovery ?? {};
  const listed = new Set<string>(keyDigests);
  return links.some(({ statement, document }) => {
    const revealed = revealedBy(statement, document);
    return revealed.length >= threshold && revealed.every(({ keyId }) => listed.has(keyId));
  });
}

/** Verifies charters one after the other. */
function walk(before: AcceptedCharter, links: readonly CharterLink[]): Walk {
  const charters: VerifiedCharter[] = [];
  try {
    for (const { document } of links) {
      charters.push(verifyNextCharter(charters.at(-1) ?? before, document));
    }
    return { charters };
  } catch (thrown) {
    return { charters, refusal: KedgeError.from(thrown) };
  }
}

/** AC-4: without recovery keys the first one can only prove something. */
function prove(
  state: TrustedState,
  links: readonly CharterLink[],
  ending: AcceptedCharter | undefined,
): RivalVerdict {
  const [link] = links;
  if (link === undefined) throw new KedgeError('BUG', 'no charter was judged');
  const { statement, document } = link;
  const { sequence } = statement;
  const fork = forkOf(state, CHARTER_STREAM);
  const revealed = revealedBy(statement, document);
  const rival = countRival(state, sequence, document.statement, revealed);
  if (rival?.isSigned !== true) throw fork === undefined ? taken(state, sequence) : forked(fork);
  const statements = [rival.statement];
  const result = addCharterProof(state, { sequence, statements, revealed });
  if (result.outcome === 'forked') return result;
  if (ending !== undefined) throw covered(sequence, ending.version);
  // It waits for one upon it that recovery keys signed.
  throw forked(requireFork(state), 'history');
}

/** What a charter reveals, as far as it is what was signed. Errors: none. */
function revealedBy(
  { bodyBytes, bodyDigest }: Statement,
  { body }: SignedDocument,
): readonly PublicKey[] {
  if (body.length !== bodyBytes || sha256(body) !== bodyDigest) return [];
  try {
    return peekRevealed(body);
  } catch (thrown) {
    if (thrown instanceof KedgeError) return [];
    throw thrown;
  }
}

function requireFork(state: TrustedState): Evidence {
  const fork = forkOf(state, CHARTER_STREAM);
  if (fork !== undefined) return fork;
  throw new KedgeError('BUG', 'two charters for one version came to nothing');
}

/** RV-3: the refusal of a rival to what a recovery covers. */
function covered(sequence: number, by: number): KedgeError {
  return new KedgeError(
    'FORK',
    `charter version ${sequence} is another one here, and the recovery by version ${by} covers ` +
      'it: what else the charter quorum of that time signs changes nothing',
    { detail: { stream: CHARTER_STREAM, sequence, charterVersion: by, standing: 'history' } },
  );
}

function taken(state: TrustedState, sequence: number): KedgeError {
  const newest = currentCharter(state)?.version ?? 0;
  return new KedgeError(
    'ROLLBACK',
    `charter version ${sequence} is not newer than what is held (version ${newest})`,
    { detail: { stream: CHARTER_STREAM, sequence, held: newest } },
  );
}

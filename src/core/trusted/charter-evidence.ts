/**
 * Judging what is shown of charters that contradict each other: statements without their bodies.
 *
 * A statement counts by the role of the version before, or by its recovery keys, which evidence
 * carries; what a charter says is in its body, and plays no part. Beyond a fork that is held only
 * what recovery keys signed counts. Spec section 7, QU-3, FK-1, FK-2, RV-8.
 *
 * @module
 */
import { sha256 } from '../crypto.ts';
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM, parseSequence } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { addCharterProof, type EvidenceResult } from './charter-fork.ts';
import { countRival } from './charter-rival.ts';
import { statementsOf } from './evidence.ts';
import { coveredBy, epochsOf, isForEver, recoveredWith, recoveryFor } from './lineage.ts';
import type { Link } from './offer.ts';
import { charterAt, currentCharter, type Evidence, forkOf, type TrustedState } from './state.ts';

/**
 * Judges evidence of which `links` are the two statements. Errors: `GAP`, `PREVIOUS` (of another
 * branch than what is held), `TYPE`, `THRESHOLD`.
 */
export function acceptCharterEvidence(
  state: TrustedState,
  evidence: Evidence,
  links: readonly Link[],
): EvidenceResult {
  const used = addRecoveries(state, evidence);
  const known = forkOf(state, CHARTER_STREAM);
  const isBeyond = known !== undefined && known.sequence < evidence.sequence;
  return isBeyond || used.outcome === 'forked' ? used : addPair(state, evidence, links);
}

/** RV-8: what recovery keys signed counts in closed epochs, and above a fork. */
function addRecoveries(state: TrustedState, evidence: Evidence): EvidenceResult {
  const { sequence, revealed = [] } = evidence;
  const known = forkOf(state, CHARTER_STREAM);
  for (const place of epochsOf(state.charters, revealed)) {
    const isOpen = coveredBy(state.charters, place) === undefined;
    // In the open epoch its place is judged with the two statements, unless it is above a fork.
    if (isOpen && (known === undefined || known.sequence >= sequence)) continue;
    const statements = recoveriesIn(state, place, evidence);
    const at = isOpen ? sequence : parseSequence(place);
    const result = addCharterProof(state, { sequence: at, statements, revealed });
    if (result.outcome === 'forked') return result;
  }
  return { outcome: 'held', state };
}

function addPair(state: TrustedState, evidence: Evidence, links: readonly Link[]): EvidenceResult {
  const { sequence, revealed = [] } = evidence;
  const before = charterAt(state, sequence - 1);
  if (before === undefined) throw sequence > 1 ? gap(state, sequence) : unsigned(sequence);
  const recovered = recoveriesIn(state, sequence, evidence);
  // RV-4: keys that were used twice prove it wherever the statements stand.
  const twice = addCharterProof(state, { sequence, statements: recovered, revealed });
  if (twice.outcome === 'forked' && isForEver(twice.state.charters, twice.evidence)) return twice;
  if (links.some(({ statement }) => statement.sequence !== sequence)) {
    throw new KedgeError('TYPE', 'the evidence is of another stream or sequence than it says');
  }
  if (links.every(({ statement }) => statement.previous !== before.digest)) {
    throw elsewhere(links, sequence);
  }
  const signed = links.map((link) => countRival(state, sequence, link.signed, revealed));
  if (signed.some((one) => one?.isSigned !== true)) throw unsigned(sequence);
  const statements = [...signed.flatMap((one) => one?.statement ?? []), ...recovered];
  return addCharterProof(state, { sequence, statements, revealed });
}

/** What a quorum of the recovery keys for a version signed, wherever in its epoch it stands. */
function recoveriesIn(
  state: TrustedState,
  version: number,
  evidence: Evidence,
): readonly SignedStatement[] {
  const { revealed = [] } = evidence;
  const isRecovered = recoveredWith(recoveryFor(state.charters, version), revealed);
  return statementsOf(evidence)
    .flatMap((one) => countRival(state, version, one, revealed)?.statement ?? [])
    .filter(isRecovered);
}

/** Says whether evidence that a fork covers may tell of another use of recovery keys. */
export function tellsOfRecovery(state: TrustedState, known: Evidence, evidence: Evidence): boolean {
  const epochs = epochsOf(state.charters, evidence.revealed);
  if (epochs.length === 0) return false;
  const endings = epochs.flatMap((place) => coveredBy(state.charters, place)?.digest ?? []);
  const digests = statementsOf(known).map(({ payload }) => sha256(payload));
  const told = new Set([...endings, ...digests]);
  return statementsOf(evidence).some(({ payload }) => !told.has(sha256(payload)));
}

/** The refusal of what lies beyond the charters that are held. */
export function gap(state: TrustedState, sequence: number): KedgeError {
  const newest = currentCharter(state)?.version ?? 0;
  return new KedgeError(
    'GAP',
    `charter version ${newest + 1} comes next, not ${sequence}: fetch the versions in between`,
    {
      detail: {
        stream: CHARTER_STREAM,
        expected: newest + 1,
        sequence,
        charterVersion: sequence - 1,
      },
    },
  );
}

function unsigned(sequence: number): KedgeError {
  return new KedgeError(
    'THRESHOLD',
    `too few signers of charter version ${sequence - 1} signed version ${sequence}`,
    { detail: { stream: CHARTER_STREAM, sequence } },
  );
}

function elsewhere(links: readonly Link[], sequence: number): KedgeError {
  return new KedgeError(
    'PREVIOUS',
    `the evidence about charter version ${sequence} is of other charters than those held`,
    { detail: { stream: CHARTER_STREAM, sequence, previous: links[0]?.statement.previous } },
  );
}

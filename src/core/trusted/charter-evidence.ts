/**
 * Judging what is shown of charters that contradict each other: statements without their bodies.
 *
 * A statement counts by the role of the version before, or by its recovery keys, which evidence
 * carries; what a charter says is in its body, and plays no part. Spec section 7, QU-3, FK-1, FK-2.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { CHARTER_STREAM } from '../ids.ts';
import { addCharterProof, type EvidenceResult } from './charter-fork.ts';
import { countRival } from './charter-rival.ts';
import { recoveredWith, recoveryFor } from './lineage.ts';
import type { Link } from './offer.ts';
import { charterAt, currentCharter, type Evidence, type TrustedState } from './state.ts';

/**
 * Judges evidence of which `links` are the two statements. Errors: `GAP`, `PREVIOUS` (of another
 * branch than what is held), `TYPE`, `THRESHOLD`.
 */
export function acceptCharterEvidence(
  state: TrustedState,
  { sequence, revealed = [] }: Evidence,
  links: readonly Link[],
): EvidenceResult {
  const before = charterAt(state, sequence - 1);
  if (before === undefined) throw sequence > 1 ? gap(state, sequence) : unsigned(sequence);
  const signed = links.map((link) => countRival(state, sequence, link.signed, revealed));
  const isRecovered = recoveredWith(recoveryFor(state.charters, sequence), revealed);
  const statements = signed.flatMap((one) => one?.statement ?? []);
  // RV-4: keys that were used twice prove it wherever the statements stand.
  if (statements.length === 2 && statements.every(isRecovered)) {
    return addCharterProof(state, { sequence, statements, revealed });
  }
  if (links.some(({ statement }) => statement.sequence !== sequence)) {
    throw new KedgeError('TYPE', 'the evidence is of another stream or sequence than it says');
  }
  if (links.every(({ statement }) => statement.previous !== before.digest)) {
    throw elsewhere(links, sequence);
  }
  if (signed.some((one) => one?.isSigned !== true)) throw unsigned(sequence);
  return addCharterProof(state, { sequence, statements, revealed });
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

/**
 * What statements of charters that contradict each other come to.
 *
 * Recovery keys end an epoch once. So one statement that their quorum signed ends a fork of what
 * the charter quorum signed (the charter itself does, when it is here), and two are a fork that
 * nothing ends, wherever in the epoch they stand: the keys were used twice. Such a fork takes the
 * realm back to where the epoch began, which all parties hold. Spec section 7, RV-1 to RV-4.
 *
 * @module
 */
import { type PublicKey, sha256 } from '../crypto.ts';
import { CHARTER_STREAM, parseSequence, type Sequence } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { parseStatement } from '../statements/statement.ts';
import { countRival } from './charter-rival.ts';
import { isSameEvidence, makeEvidence } from './evidence.ts';
import { coveredBy, epochOf, recoveredWith, recoveryFor } from './lineage.ts';
import {
  type AcceptedCharter,
  charterAt,
  type Evidence,
  forkOf,
  type TrustedState,
  withStream,
} from './state.ts';

/** What adding evidence came to. */
export type EvidenceResult =
  | { readonly outcome: 'held'; readonly state: TrustedState }
  | { readonly outcome: 'forked'; readonly state: TrustedState; readonly evidence: Evidence };

/** Verified statements of charters of one epoch. */
export interface CharterProof {
  /** A version whose predecessor is held. */
  readonly sequence: Sequence;
  readonly statements: readonly SignedStatement[];
  /** Recovery keys that signed them. */
  readonly revealed: readonly PublicKey[];
}

/** Adds what was verified to the state, with all that is held of the same epoch. */
export function addCharterProof(state: TrustedState, proof: CharterProof): EvidenceResult {
  const { sequence } = proof;
  const { charters } = state;
  const known = forkOf(state, CHARTER_STREAM);
  const ending = coveredBy(charters, sequence);
  const revealed = [
    ...proof.revealed,
    ...(known?.revealed ?? []),
    ...(ending?.charter.revealed ?? []),
  ];
  const all = [
    ...proof.statements,
    ...(known === undefined ? [] : [known.first, known.second]),
    ...statementOf(ending),
  ];
  const isRecovered = recoveredWith(recoveryFor(charters, sequence), revealed);
  const recovered = all.filter(isRecovered);
  if (hasTwo(recovered)) {
    // RV-4: the keys were used twice.
    const at = parseSequence(epochOf(charters, sequence - 1) + 1);
    if (known !== undefined && known.sequence < at) return { outcome: 'held', state };
    return stop(state, { sequence: at, statements: recovered, revealed });
  }
  // RV-3: what a recovery covers has no rivals any more.
  if (ending !== undefined) return { outcome: 'held', state };
  if (known !== undefined && known.sequence < sequence) return { outcome: 'held', state };
  const before = charterAt(state, sequence - 1)?.digest;
  const rivals = [...all, ...statementOf(charterAt(state, sequence))].filter(({ payload }) => {
    const statement = parseStatement(payload);
    return statement.sequence === sequence && statement.previous === before;
  });
  if (!hasTwo(rivals)) return { outcome: 'held', state };
  return stop(state, { sequence, statements: rivals, revealed });
}

/** FK-4, FK-5: nobody governs from there on. */
function stop(
  state: TrustedState,
  { sequence, statements, revealed }: CharterProof,
): EvidenceResult {
  // What is held has signatures of its own quorum too, which evidence cannot show to be valid.
  const counted = statements.flatMap(
    (one) => countRival(state, sequence, one, revealed)?.statement ?? [],
  );
  const isRecovered = recoveredWith(recoveryFor(state.charters, sequence), revealed);
  const evidence = makeEvidence(CHARTER_STREAM, sequence, counted, revealed, isRecovered);
  const known = forkOf(state, CHARTER_STREAM);
  if (known !== undefined && isSameEvidence(known, evidence)) return { outcome: 'held', state };
  const commonSequence = evidence.sequence - 1;
  const next = withStream(
    { ...state, charters: state.charters.slice(0, commonSequence) },
    {
      stream: CHARTER_STREAM,
      kind: 'forked',
      evidence,
      commonSequence,
      heldSequence: commonSequence,
    },
  );
  return { outcome: 'forked', state: next, evidence };
}

function statementOf(one: AcceptedCharter | undefined): readonly SignedStatement[] {
  return one === undefined ? [] : [one.document.statement];
}

function hasTwo(statements: readonly SignedStatement[]): boolean {
  return new Set(statements.map(({ payload }) => sha256(payload))).size > 1;
}

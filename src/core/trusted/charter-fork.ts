/**
 * What statements of charters that contradict each other come to.
 *
 * Recovery keys end an epoch once. So one statement that their quorum signed ends a fork of what
 * the charter quorum signed (the charter itself does, when it is here), and two are a fork that
 * nothing ends, wherever in the epoch they stand: the keys were used twice. Such a fork takes the
 * realm back to where the epoch began, which all parties hold. So what recovery keys signed stays
 * with the proof of a fork beneath it. Spec section 7, RV-1 to RV-4, RV-8.
 *
 * @module
 */
import { type PublicKey, sha256 } from '../crypto.ts';
import { CHARTER_STREAM, parseSequence, type Sequence } from '../ids.ts';
import type { SignedStatement } from '../statements/envelope.ts';
import { parseStatement } from '../statements/statement.ts';
import { countRecovery, countRival } from './charter-rival.ts';
import { isSameEvidence, makeEvidence, statementsOf, withRecovered } from './evidence.ts';
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
  /** A version whose predecessor is held, or one beyond a fork. */
  readonly sequence: Sequence;
  readonly statements: readonly SignedStatement[];
  /** Recovery keys that signed them. */
  readonly revealed: readonly PublicKey[];
}

/** Adds what was verified to the state, with all that is held of the same epoch. */
export function addCharterProof(state: TrustedState, proof: CharterProof): EvidenceResult {
  const { charters } = state;
  const known = forkOf(state, CHARTER_STREAM);
  // The lowest place counts; of what is above, only what recovery keys signed.
  const isBeneath = known !== undefined && known.sequence < proof.sequence;
  const sequence = isBeneath ? known.sequence : proof.sequence;
  const ending = coveredBy(charters, sequence);
  const revealed = [
    ...proof.revealed,
    ...(known?.revealed ?? []),
    ...(ending?.charter.revealed ?? []),
  ];
  const all = [
    ...proof.statements,
    ...(known === undefined ? [] : statementsOf(known)),
    ...statementOf(ending),
  ];
  const isRecovered = recoveredWith(recoveryFor(charters, sequence), revealed);
  const recovered = all.filter(isRecovered);
  if (hasTwo(recovered)) {
    // RV-4: the keys were used twice.
    const at = parseSequence(epochOf(charters, sequence - 1) + 1);
    if (known !== undefined && known.sequence < at) return { outcome: 'held', state };
    return stop(state, { sequence: at, statements: recovered, revealed }, []);
  }
  // RV-3: what a recovery covers has no rivals any more.
  if (ending !== undefined) return { outcome: 'held', state };
  const before = charterAt(state, sequence - 1)?.digest;
  const rivals = [...all, ...statementOf(charterAt(state, sequence))].filter(({ payload }) => {
    const statement = parseStatement(payload);
    return statement.sequence === sequence && statement.previous === before;
  });
  if (!hasTwo(rivals)) return { outcome: 'held', state };
  return stop(state, { sequence, statements: rivals, revealed }, recovered);
}

/** FK-4, FK-5: nobody governs from there on. */
function stop(
  state: TrustedState,
  { sequence, statements, revealed }: CharterProof,
  recovered: readonly SignedStatement[],
): EvidenceResult {
  // What is held has signatures of its own quorum too, which evidence cannot show to be valid.
  const counted = statements.flatMap(
    (one) => countRival(state, sequence, one, revealed)?.statement ?? [],
  );
  const recovery = recoveryFor(state.charters, sequence);
  const isRecovered = recoveredWith(recovery, revealed);
  const pair = makeEvidence(CHARTER_STREAM, sequence, counted, revealed, isRecovered);
  const above = recovered.map((one) => countRecovery(recovery, one, revealed).statement);
  const evidence = withRecovered(pair, above, revealed);
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

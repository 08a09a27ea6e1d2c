/**
 * Forks as people read them: both statements side by side, and who signed both.
 *
 * @module
 */
import type { Charter } from '../../core/charter/charter.ts';
import { KedgeError } from '../../core/errors.ts';
import { CHARTER_STREAM, formatTimestamp, type Sha256, type SignerId } from '../../core/ids.ts';
import type { SignedStatement } from '../../core/statements/envelope.ts';
import { countSigners } from '../../core/statements/quorum.ts';
import { parseStatement, type Statement } from '../../core/statements/statement.ts';
import { acceptEvidence } from '../../core/trusted/accept.ts';
import { findPastAuthority } from '../../core/trusted/authority.ts';
import { isForEver } from '../../core/trusted/lineage.ts';
import { charterAt, type Evidence, type TrustedState } from '../../core/trusted/state.ts';
import { countOf, formatTable, type Styles } from '../terminal/styles.ts';
import type { ForkContents } from './contents.ts';
import { formatSide } from './sides.ts';

/** One statement of a fork. */
export interface ForkSide {
  readonly statement: Statement;
  /** Signers of the release role whose signatures are valid. */
  readonly signers: readonly SignerId[];
}

/** A fork that was verified. */
export interface VerifiedFork {
  readonly sides: readonly [ForkSide, ForkSide];
  readonly signedBoth: readonly SignerId[];
}

/** What a view of forks needs besides the forks. */
export interface ForkLook {
  readonly contents: ForkContents;
  readonly styles: Styles;
  readonly nowMs: number;
}

/** Verifies the proof of a fork. Errors: those of `acceptEvidence`. */
export function verifyFork(state: TrustedState, evidence: Evidence): VerifiedFork {
  acceptEvidence(state, evidence);
  const first = sideOf(state, evidence.first);
  const second = sideOf(state, evidence.second);
  const signedBoth = first.signers.filter((signer) => second.signers.includes(signer));
  return { sides: [first, second], signedBoth };
}

/** Both statements of a fork; `kept` is the one that a charter lets stand. */
export function formatFork(fork: VerifiedFork, styles: Styles, kept?: Sha256): string {
  const rows = fork.sides.map(({ statement, signers }) => [
    mark(statement, styles, kept),
    statement.digest,
    formatTimestamp(statement.issuedMs),
    String(statement.charterVersion),
    `${statement.bodyDigest.slice(0, 16)} (${countOf(statement.bodyBytes, 'byte')})`,
    signers.join(', '),
  ]);
  const both =
    fork.signedBoth.length === 0 ? 'nobody under one charter' : fork.signedBoth.join(', ');
  return [
    formatTable(['  ', 'statement', 'issued', 'charter', 'content', 'signed by'], rows),
    `  Signed both: ${styles.red(both)}`,
  ].join('\n');
}

/** What each side of a fork would do, below what {@link formatFork} says. */
export function formatSides(
  state: TrustedState,
  { sides }: VerifiedFork,
  { contents, styles, nowMs }: ForkLook,
): string {
  const texts = sides.map(({ statement }) =>
    formatSide(state, statement, contents, { styles, nowMs }),
  );
  return texts.join('\n');
}

/** What a drafted charter decides, with the proof of each fork where the draft has it. */
export function formatResolutions(
  state: TrustedState,
  { resolutions = [] }: Charter,
  forks: readonly Evidence[],
  look: ForkLook,
): readonly string[] {
  const { styles } = look;
  return resolutions.flatMap(({ stream, sequence, digest }) => {
    const title = styles.bold(`Fork of ${stream} at sequence ${sequence}:`);
    const evidence = forks.find((one) => one.stream === stream && one.sequence === sequence);
    if (evidence === undefined) {
      const warning = '  The draft has no proof of this fork; ask for it before you sign.';
      return [title, `  stands: ${digest}`, styles.yellow(warning), ''];
    }
    return [title, proofText(state, evidence, look, digest), ''];
  });
}

function proofText(state: TrustedState, evidence: Evidence, look: ForkLook, kept: Sha256): string {
  const { styles } = look;
  try {
    const fork = verifyFork(state, evidence);
    const text = `${formatFork(fork, styles, kept)}\n${formatSides(state, fork, look)}`;
    if (fork.sides.some(({ statement }) => statement.digest === kept)) return text;
    const warning = `  What stands is neither of them but ${kept}, which no proof here shows.`;
    return `${text}\n${styles.yellow(warning)}`;
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    return styles.red(`  The proof in the draft proves nothing: ${message} (${code})`);
  }
}

function mark({ digest }: Statement, styles: Styles, kept: Sha256 | undefined): string {
  if (kept === undefined) return '  ';
  return digest === kept ? styles.green('  stands') : styles.red('  falls');
}

function sideOf(state: TrustedState, signed: SignedStatement): ForkSide {
  const statement = parseStatement(signed.payload);
  if (statement.kind === 'charter') return { statement, signers: charterSigners(state, signed) };
  const authority = findPastAuthority(state, statement, signed);
  return { statement, signers: authority?.signers ?? [] };
}

/** Of the charter before: the signers of its role `charter`; recovery keys are no signers. */
function charterSigners(state: TrustedState, signed: SignedStatement): readonly SignerId[] {
  const { sequence } = parseStatement(signed.payload);
  const before = charterAt(state, sequence - 1)?.charter;
  return before === undefined
    ? []
    : countSigners(before, before.roles.charter.signers, signed).signers;
}

/** What ends a fork, for whoever has to do it. */
export function remedyOf(state: TrustedState, evidence: Evidence): string {
  if (evidence.stream !== CHARTER_STREAM) {
    return `kedge fork resolve ${evidence.stream} --keep <statement>`;
  }
  return isForEver(state.charters, evidence)
    ? 'nothing: the realm needs a new first charter (docs/handbook.md#stopped-realm)'
    : 'kedge charter recover, with the recovery keys';
}

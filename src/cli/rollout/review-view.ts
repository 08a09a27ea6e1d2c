/**
 * A judged draft of a rollout as a person reads it before signing.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import type { Gates, NamedRelease, RolloutBody, Wave } from '../../core/rollouts/body.ts';
import { isTimed } from '../../core/rollouts/opening.ts';
import { formatDistance, formatSeconds } from '../durations.ts';
import type { Json } from '../output.ts';
import type { Session } from '../session.ts';
import { countOf, formatFields, formatTable, printable, type Styles } from '../terminal/styles.ts';
import type { RolloutReview } from './review.ts';
import { timesJson, timesText } from './times.ts';

/** The whole review as text: what goes to whom in which waves, who signed, what is wrong. */
export function formatRolloutReview(session: Session, review: RolloutReview): string {
  const { styles } = session.output;
  const nowMs = session.context.nowMs();
  const { statement, body, bundle, release } = review;
  const expires = formatTimestamp(statement.expiresMs);
  const notes = printable(release.body.note);
  return [
    styles.bold(`Rollout ${String(statement.sequence)} of ${bundle}: ${body.state}`),
    formatFields([
      ['realm', statement.realm],
      ['digest', statement.digest],
      ['release', `${String(body.to.sequence)}: ${notes === '' ? '(no note)' : notes}`],
      ['from', fromText(body.from)],
      ['expires', `${expires} (${formatDistance(statement.expiresMs, nowMs)})`],
      ...identityFields(body),
      ...(body.note === '' ? [] : [['note', printable(body.note)] as const]),
    ]),
    ...changeLines(review, styles),
    '',
    styles.bold('Waves:'),
    formatWaves(body.waves),
    '',
    styles.bold('Signatures: ') + signatureLine(review, styles),
    ...review.approvals.map(({ text }) => `${styles.yellow('More signers:')} ${text}`),
    ...review.problems.map(
      ({ code, message }) => `${styles.red('Nodes will refuse it:')} ${message} (${code})`,
    ),
  ].join('\n');
}

/** The review for programs; `missing`: how many signatures it still needs. */
export function rolloutReviewJson(
  { statement, body, bundle, authority, problems }: RolloutReview,
  missing: number,
): { readonly [key: string]: Json } {
  return {
    realm: statement.realm,
    bundle,
    sequence: statement.sequence,
    digest: statement.digest,
    previous: statement.previous,
    expires: formatTimestamp(statement.expiresMs),
    state: body.state,
    note: body.note,
    from: body.from === undefined ? null : { ...body.from },
    to: { ...body.to },
    maxPerIdentity: body.maxPerIdentity ?? null,
    waves: body.waves.map(({ name, match, percent, gates, ...times }) => {
      const said = { name, match: Object.fromEntries(match), percent, gates: { ...gates } };
      return { ...said, ...timesJson(times) };
    }),
    signatures: { signers: authority.signers, needed: authority.role.threshold, missing },
    problems: problems.map(({ code, message }) => ({ code, message })),
  };
}

/** The waves as a table. */
function formatWaves(waves: readonly Wave[]): string {
  const isTimedSomewhere = waves.some(isTimed);
  const rows = waves.map(({ name, match, percent, gates, ...times }, index) => [
    `  ${name}`,
    whoText({ match, percent }),
    ...(isTimedSomewhere ? [timesText(times)] : []),
    index < waves.length - 1 ? gatesText(gates) : lastText(gates),
  ]);
  const headers = ['  wave', 'programs', ...(isTimedSomewhere ? ['may open'] : [])];
  return formatTable([...headers, 'the next one opens when'], rows);
}

/** `release 3 to open waves, release 2 to the others`. */
export function aimText({ to, from }: Pick<RolloutBody, 'to' | 'from'>): string {
  const before = from === undefined ? 'nothing' : `release ${from.sequence}`;
  return `release ${to.sequence} to open waves, ${before} to the others`;
}

/** Whom a wave takes. */
export function whoText({ match, percent }: Pick<Wave, 'match' | 'percent'>): string {
  const labels = [...match].map(([key, value]) => printable(`${key}=${value}`)).join(' ');
  if (labels === '') return percent === 100 ? 'all' : `${String(percent)} % of all`;
  return percent === 100 ? labels : `${String(percent)} % of ${labels}`;
}

/** No wave comes after the last one; what its gate can do is stop the rollout. */
function lastText({ maxFailures }: Gates): string {
  return `(the last; more than ${countOf(maxFailures, 'refusal')} stop the rollout)`;
}

function gatesText({ minReporters, loadedPercent, maxFailures, soakSeconds }: Gates): string {
  const programs = countOf(minReporters, 'program');
  const loaded = `${String(loadedPercent)} % of at least ${programs} use it`;
  const failures = `at most ${countOf(maxFailures, 'refusal')}`;
  const soak = soakSeconds === 0 ? '' : `, for ${formatSeconds(soakSeconds)}`;
  return `${loaded}, ${failures}${soak}`;
}

function fromText(from: NamedRelease | undefined): string {
  return from === undefined ? 'nothing: programs have no release' : `release ${from.sequence}`;
}

function identityFields({ maxPerIdentity }: RolloutBody): readonly (readonly [string, string])[] {
  if (maxPerIdentity === undefined) return [];
  const programs = countOf(maxPerIdentity, 'program');
  return [['counted', `at most ${programs} with one certificate, at each node`]];
}

/** What differs from the rollout before. */
function changeLines({ previous, body }: RolloutReview, styles: Styles): readonly string[] {
  if (previous === undefined) return [];
  const before = previous.body;
  const lines: string[] = [];
  if (before.to.digest !== body.to.digest) {
    lines.push(`release ${String(before.to.sequence)} → ${String(body.to.sequence)}`);
  }
  if (before.state !== body.state) lines.push(`${before.state} → ${body.state}`);
  if (JSON.stringify(plain(before.waves)) !== JSON.stringify(plain(body.waves))) {
    lines.push('other waves, gates or times');
  }
  if (before.maxPerIdentity !== body.maxPerIdentity) lines.push('another count of programs');
  const what = lines.length === 0 ? 'nothing' : lines.join('; ');
  return [`${styles.bold('Changes since rollout')} ${String(previous.sequence)}: ${what}`];
}

function plain(waves: readonly Wave[]): readonly object[] {
  return waves.map((wave) => ({ ...wave, match: [...wave.match] }));
}

function signatureLine({ authority }: RolloutReview, styles: Styles): string {
  const { signers, role } = authority;
  const isComplete = signers.length >= role.threshold;
  const count = `${String(signers.length)} of ${String(role.threshold)} needed`;
  const names = signers.length === 0 ? '' : `: ${signers.join(', ')}`;
  const absent = role.signers.filter((signer) => !signers.includes(signer));
  const missing =
    isComplete || absent.length === 0 ? '' : ` (may still sign: ${absent.join(', ')})`;
  return (isComplete ? styles.green : styles.yellow)(count) + names + missing;
}

/**
 * What a rollout may say, after it is known who signed it.
 *
 * It chooses among releases that were accepted and goes only forward, so that whoever signs
 * rollouts cannot give programs anything that the release role did not sign, nor anything older.
 * What is refused here depends on what this party holds of another stream, so it speaks against
 * nobody who passes it on (`standing: 'history'`), and a later rollout may stand on it.
 * Spec section 7, RO-7 to RO-9.
 *
 * @module
 */
import { type ErrorCode, KedgeError } from '../errors.ts';
import { type BundleName, releaseStream, rolloutStream, type Sequence } from '../ids.ts';
import { type NamedRelease, parseRolloutBody, type RolloutBody } from '../rollouts/body.ts';
import { parseStatement } from '../statements/statement.ts';
import type { Candidate } from './candidate.ts';
import { decisionsOn } from './decisions.ts';
import { requireBundle } from './heads.ts';
import { forkOf, headOf, type RolloutHead, type StreamState, type TrustedState } from './state.ts';

/** A release that a rollout names, as far as it is known; `charterVersion`: the one it names. */
interface Known {
  readonly digest: string;
  readonly charterVersion: number;
}

/**
 * Judges the content of a rollout. Errors: `ROLLBACK` (it goes back), `GAP` (a release is not held
 * yet; the detail says which), `POLICY` (that was never accepted), `UNAVAILABLE` (the store does
 * not answer).
 */
export function requireRolloutContent(candidate: Candidate, head: RolloutHead): void {
  const { body } = head;
  requireForward(body, bodyBefore(candidate, body.bundle));
  for (const named of body.from === undefined ? [body.to] : [body.from, body.to]) {
    // Where releases contradict each other, what is held depends on what came first; whether this
    // rollout is accepted must not.
    if (isContested(candidate, head, named)) continue;
    const known = findNamed(candidate, body, named);
    if (known !== undefined) requireNamed(head, named, known);
  }
}

/**
 * RO-7: what the rollout may not go behind. Of history that comes with it, what somebody would have
 * accepted who took one after the other; what was refused, and followed all the same, binds nobody.
 */
function bodyBefore(candidate: Candidate, bundle: BundleName): RolloutBody | undefined {
  let before = headOf(candidate.state, rolloutStream(bundle))?.body;
  for (const bytes of candidate.history ?? []) {
    const body = bytes && readBody(bytes, bundle);
    const isTaken =
      body !== undefined && goesForward(body, before) && namesHeldOnes(candidate, body);
    if (isTaken) before = body;
  }
  return before;
}

function readBody(bytes: Uint8Array, bundle: BundleName): RolloutBody | undefined {
  try {
    return requireBundle(parseRolloutBody(bytes), bundle);
  } catch {
    return undefined;
  }
}

/** As far as it shows without a look into the store: releases that do not exist bind nobody. */
function namesHeldOnes({ state, releases: demand }: Candidate, body: RolloutBody): boolean {
  const stream = releaseStream(body.bundle);
  const { sequence, digest } = body.to;
  const head = headOf(state, stream);
  if (sequence === head?.sequence) return digest === head.digest;
  return demand === 'not-held' || sequence <= heldUpTo(state.streams.get(stream));
}

/** Says whether neither release is older than the rollout before said, nor `to` than `from`. */
function goesForward({ from, to }: RolloutBody, before: RolloutBody | undefined): boolean {
  const fromNow = from?.sequence ?? 0;
  if (fromNow >= to.sequence) return false;
  if (before === undefined) return true;
  return to.sequence >= before.to.sequence && fromNow >= (before.from?.sequence ?? 0);
}

/** RO-7: from an older to a newer release, and neither older than the rollout before said. */
function requireForward(body: RolloutBody, before: RolloutBody | undefined): void {
  if (goesForward(body, before)) return;
  const { from, to } = body;
  if (before === undefined || (from !== undefined && from.sequence >= to.sequence)) {
    throw refused('ROLLBACK', body, `goes from release ${from?.sequence ?? 0} to ${to.sequence}`);
  }
  throw refused(
    'ROLLBACK',
    body,
    `leads from release ${from?.sequence ?? 0} to ${to.sequence}, the one before led from ` +
      `${before.from?.sequence ?? 0} to ${before.to.sequence}; to give programs older content, ` +
      'publish it as a new release',
  );
}

/** The releases that a rollout names, as far as they are held: a store has to look them up. */
export function namedHeld(
  state: TrustedState,
  { bundle, from, to }: RolloutBody,
): readonly Sequence[] {
  const held = heldUpTo(state.streams.get(releaseStream(bundle)));
  return [from, to].flatMap((named) =>
    named !== undefined && named.sequence <= held ? [named.sequence] : [],
  );
}

/** RO-8: from a fork on, unless the rollout was made under a charter that decided about it. */
function isContested(
  { state }: Candidate,
  { body, charterVersion }: RolloutHead,
  { sequence }: NamedRelease,
): boolean {
  const stream = releaseStream(body.bundle);
  const fork = forkOf(state, stream);
  if (fork !== undefined && fork.sequence <= sequence) return true;
  return decisionsOn(state.charters, stream).some(
    (decision) => decision.sequence <= sequence && decision.version > charterVersion,
  );
}

/** RO-8: what is held in the named place; nothing when the caller cannot know. */
function findNamed(
  { state, named: stored, releases: demand }: Candidate,
  body: RolloutBody,
  { sequence, digest }: NamedRelease,
): Known | undefined {
  const stream = releaseStream(body.bundle);
  const releases = state.streams.get(stream);
  const head = headOf(state, stream);
  if (sequence > heldUpTo(releases)) {
    if (demand === 'not-held') return undefined;
    const what = `names release ${sequence}, which is not held here yet: fetch it first`;
    throw refused('GAP', body, what, { missing: stream, named: sequence, digest });
  }
  if (sequence === head?.sequence) return head;
  if (stored === undefined) return undefined;
  const found = stored
    .map(({ payload }) => parseStatement(payload))
    .find((statement) => statement.stream === stream && statement.sequence === sequence);
  if (found !== undefined) return found;
  throw refused('UNAVAILABLE', body, `names release ${sequence}, which cannot be looked up now`, {
    standing: undefined,
  });
}

function heldUpTo(releases: StreamState | undefined): number {
  return releases?.kind === 'forked' ? releases.heldSequence : (releases?.head.sequence ?? 0);
}

/** RO-8 and RO-9: it was accepted, and under no newer charter than the rollout names. */
function requireNamed(
  { body, charterVersion }: RolloutHead,
  { sequence, digest }: NamedRelease,
  known: Known,
): void {
  if (known.digest !== digest) {
    const what = `names release ${sequence} by a digest that was never accepted`;
    throw refused('POLICY', body, `${what}; the accepted one is ${known.digest}`);
  }
  if (charterVersion >= known.charterVersion) return;
  throw refused(
    'ROLLBACK',
    body,
    `names charter version ${charterVersion}, older than that of release ${sequence} ` +
      `(${known.charterVersion}): draft it again under the current charter`,
  );
}

function refused(
  code: ErrorCode,
  { bundle }: RolloutBody,
  what: string,
  detail: KedgeError['detail'] = {},
): KedgeError {
  return new KedgeError(code, `the rollout of ${bundle} ${what}`, {
    detail: { stream: rolloutStream(bundle), standing: 'history', ...detail },
  });
}

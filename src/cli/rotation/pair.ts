/**
 * Which two anchors a rotation is about: from the options, else from the file of the last call,
 * else from what the releases say.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId, BundleName } from '../../core/ids.ts';
import { fileExists } from '../files.ts';
import { findAnchor, findIds } from '../release/anchor-names.ts';
import { readCertificates } from '../release/certificates.ts';
import type { Session } from '../session.ts';
import { type Intent, intentName, loadIntent, quietMsOf, saveIntent } from './intent.ts';
import { type Known, leftIn } from './look.ts';
import { findGone, notedRotations } from './noted.ts';

/** How an admin names the two. */
export interface PairOptions {
  readonly from?: string;
  readonly to?: string;
  readonly draft?: string;
  readonly quiet?: string;
}

/** The draft that a rotation works on. */
export function rotationDraftPath(
  session: Session,
  bundle: BundleName,
  { draft = `${bundle}.rotation.draft.json` }: PairOptions,
): string {
  return session.path(draft);
}

/** Finds the pair, and remembers it for the next call. Errors: `CONFIG`. */
export async function findPair(
  session: Session,
  known: Known,
  options: PairOptions,
): Promise<Intent> {
  const { bundle } = known;
  const path = session.path(intentName(bundle));
  const last = await loadIntent(path, bundle);
  const pair = await namedPair(session, known, last, options);
  const quietSeconds = quietMsOf(last, options.quiet) / 1000;
  const isSaid = options.quiet !== undefined || last?.quietSeconds !== undefined;
  const intent = { ...pair, ...(isSaid && { quietSeconds }) };
  if (last !== undefined && (last.from !== intent.from || last.to !== intent.to)) {
    session.output.warn(`${intentName(bundle)} was of another rotation and is replaced`);
  }
  const isKnown = pair === last && last.quietSeconds === intent.quietSeconds;
  if (!isKnown) await saveIntent(path, bundle, intent);
  return intent;
}

async function namedPair(
  session: Session,
  known: Known,
  last: Intent | undefined,
  options: PairOptions,
): Promise<Intent> {
  const { from, to } = options;
  if (from === undefined && to === undefined) {
    return last ?? (await notedPair(session, known, options));
  }
  const old =
    from === undefined ? requireLast(last, '--from').from : await idOf(session, known, from);
  const leftBy = leftIn(known.head.body, old);
  if (leftBy !== undefined && to === undefined && last?.from !== old) {
    throw new KedgeError(
      'CONFIG',
      `${JSON.stringify(from)} left ${known.bundle} with release ${leftBy}: its rotation is over`,
      { detail: { hint: `see kedge release history ${known.bundle}` } },
    );
  }
  const next = to === undefined ? takingOver(requireLast(last, '--to')) : undefined;
  return { from: old, ...(next ?? (await newOne(session, known, to ?? ''))) };
}

/** The one that releases name; who was passed a draft alone signs that, which says what it is. */
async function notedPair(session: Session, known: Known, options: PairOptions): Promise<Intent> {
  const { bundle } = known;
  const draft = rotationDraftPath(session, bundle, options);
  const hasDraft = await fileExists(draft);
  const [only, ...others] = hasDraft ? [] : await notedRotations(known);
  if (only !== undefined && others.length === 0) return { ...only, certificate: undefined };
  const shown = session.shown(draft);
  const hint = hasDraft
    ? `sign the draft that is here: kedge release sign ${shown} --key <keyfile>, and then: ` +
      `kedge release submit ${shown}`
    : 'give --from <anchor> and --to <certificate file or anchor>: of a new rotation, or of ' +
      'one that is under way';
  const what = only === undefined ? 'was begun here, and no release names one' : 'is the only one';
  throw new KedgeError('CONFIG', `no rotation of ${bundle} ${what}`, { detail: { hint } });
}

function takingOver({ to, certificate }: Intent): Omit<Intent, 'from'> {
  return { to, certificate };
}

function requireLast(last: Intent | undefined, option: string): Intent {
  if (last !== undefined) return last;
  throw new KedgeError('CONFIG', `${option} is not given`, {
    detail: { hint: 'give both --from and --to when a rotation begins' },
  });
}

/** The certificate in a file, or an anchor that the bundle has already. */
async function newOne(session: Session, known: Known, name: string): Promise<Omit<Intent, 'from'>> {
  if (name !== '-' && !(await fileExists(session.path(name)))) {
    return { to: await idOf(session, known, name), certificate: undefined };
  }
  const certificates = await readCertificates(session, [name]);
  const [first] = certificates;
  if (first === undefined || certificates.length !== 1) {
    throw new KedgeError('CONFIG', `${name} has ${certificates.length} certificates`, {
      detail: { hint: 'give a file with the certificate of the new CA alone' },
    });
  }
  return { to: first.facts.id, certificate: first.facts.der };
}

/** An anchor of the bundle, or one that has left it. */
async function idOf(session: Session, known: Known, name: string): Promise<AnchorId> {
  const { anchors, tombstones } = known.head.body;
  const left = tombstones.map(({ id }) => id);
  const [only, ...others] = await findIds(session, left, name);
  if (only !== undefined && others.length === 0) return only;
  try {
    return (await findAnchor(session, known.head.body, name)).id;
  } catch (thrown) {
    const isHere = anchors.some(({ label }) => label === name);
    const gone = isHere ? undefined : await findGone(known, name);
    if (gone === undefined) throw thrown;
    return gone;
  }
}

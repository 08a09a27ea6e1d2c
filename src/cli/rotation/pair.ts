/**
 * Which two anchors a rotation is about: from the options, else from the file of the last call.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId, BundleName } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { fileExists } from '../files.ts';
import { findAnchor, findIds } from '../release/anchor-names.ts';
import { readCertificates } from '../release/certificates.ts';
import type { Session } from '../session.ts';
import { type Intent, intentName, loadIntent, saveIntent } from './intent.ts';

/** How an admin names the two. */
export interface PairOptions {
  readonly from?: string;
  readonly to?: string;
  readonly draft?: string;
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
  bundle: BundleName,
  body: ReleaseBody,
  options: PairOptions,
): Promise<Intent> {
  const path = session.path(intentName(bundle));
  const last = await loadIntent(path, bundle);
  const { from, to } = options;
  if (from === undefined && to === undefined) {
    if (last !== undefined) return last;
    throw new KedgeError('CONFIG', `no rotation of ${bundle} was begun here`, {
      detail: { hint: await adviceOf(session, rotationDraftPath(session, bundle, options)) },
    });
  }
  const intent = {
    from: from === undefined ? requireLast(last, '--from').from : await idOf(session, body, from),
    ...(to === undefined ? takingOver(requireLast(last, '--to')) : await newOne(session, body, to)),
  };
  if (last !== undefined && (last.from !== intent.from || last.to !== intent.to)) {
    session.output.warn(`${intentName(bundle)} was of another rotation and is replaced`);
  }
  await saveIntent(path, bundle, intent);
  return intent;
}

/** Who was passed the draft alone signs that: what the rotation is, it says itself. */
async function adviceOf(session: Session, draft: string): Promise<string> {
  const shown = session.shown(draft);
  return (await fileExists(draft))
    ? `sign the draft that is here: kedge release sign ${shown} --key <keyfile>, and then: ` +
        `kedge release submit ${shown}`
    : 'give --from <anchor> and --to <certificate file or anchor>: of a new rotation, or of one ' +
        'that was begun elsewhere; between activate and retire nobody else can know of it';
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
async function newOne(
  session: Session,
  body: ReleaseBody,
  name: string,
): Promise<Omit<Intent, 'from'>> {
  if (name !== '-' && !(await fileExists(session.path(name)))) {
    return { to: await idOf(session, body, name), certificate: undefined };
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

/** An anchor of the bundle, or one that has left it: then by its id or its certificate. */
async function idOf(session: Session, body: ReleaseBody, name: string): Promise<AnchorId> {
  const left = body.tombstones.map(({ id }) => id);
  const [only, ...others] = await findIds(session, left, name);
  if (only !== undefined && others.length === 0) return only;
  return (await findAnchor(session, body, name)).id;
}

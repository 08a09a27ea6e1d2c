/**
 * How people name an anchor: by label, by the beginning of its id, or by its certificate file.
 *
 * @module
 */
import type { Anchor } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { fileExists } from '../files.ts';
import type { Session } from '../session.ts';
import { printable } from '../terminal/styles.ts';

const ID_PREFIX = /^[0-9a-f]{8,64}$/;
const SHOWN_MAX = 12;

/** Finds the one anchor that `name` means. Errors: `CONFIG` when it is none, or several. */
export async function findAnchor(
  session: Session,
  body: ReleaseBody,
  name: string,
): Promise<Anchor> {
  const matches = await matching(session, body, name);
  const [first] = matches;
  if (first !== undefined && matches.length === 1) return first;
  const listed = (matches.length > 1 ? matches : body.anchors)
    .slice(0, SHOWN_MAX)
    .map(({ id, label, state }) => `  ${id.slice(0, 16)}  ${state.padEnd(8)}  ${printable(label)}`);
  const what = matches.length > 1 ? 'means several anchors' : 'names no anchor';
  const quoted = JSON.stringify(name);
  throw new KedgeError(
    'CONFIG',
    `${quoted} ${what} of ${body.bundle}${listed.length > 0 ? `:\n${listed.join('\n')}` : ''}`,
    { detail: { hint: 'give a label, the first 8 or more digits of the id, or its certificate' } },
  );
}

/** Those of `ids` that `name` means: the beginning of an id, or a certificate file. */
export async function findIds(
  session: Session,
  ids: readonly AnchorId[],
  name: string,
): Promise<readonly AnchorId[]> {
  const digits = name.toLowerCase().replaceAll(':', '');
  if (ID_PREFIX.test(digits)) {
    const named = ids.filter((id) => id.startsWith(digits));
    if (named.length > 0) return named;
  }
  if (!(await fileExists(session.path(name)))) return [];
  const { readCertificates } = await import('./certificates.ts');
  const inFile = new Set((await readCertificates(session, [name])).map(({ facts }) => facts.id));
  return ids.filter((id) => inFile.has(id));
}

async function matching(
  session: Session,
  body: ReleaseBody,
  name: string,
): Promise<readonly Anchor[]> {
  const labelled = body.anchors.filter(({ label }) => label === name);
  if (labelled.length > 0) return labelled;
  const ids = body.anchors.map(({ id }) => id);
  const found = new Set(await findIds(session, ids, name));
  return body.anchors.filter(({ id }) => found.has(id));
}

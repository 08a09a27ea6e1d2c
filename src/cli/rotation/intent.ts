/**
 * What an admin wants with a rotation, as a file: from which anchor to which, the certificate of
 * the new one until it is staged, and for how long the old one must not have been used. How far the
 * rotation is, is not in it: that follows from the verified head (`core/rotation/path.ts`), so the
 * file may be lost, copied or written anew.
 *
 * ```
 * {"format": "kedge-rotation/1", "bundle": "…", "from": "<sha256>", "to": "<sha256>",
 *  "certificate": "<base64 DER>", "quietSeconds": 900}
 * ```
 *
 * @module
 */
import { QUIET_MIN_MS } from '../../core/adoption/removal.ts';
import { encodeBase64, parseBase64 } from '../../core/bytes.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import { type AnchorId, type BundleName, parseSha256 } from '../../core/ids.ts';
import { ANCHOR_MAX_BYTES } from '../../core/limits.ts';
import { parseQuietMs } from '../adoption/quiet.ts';
import { malformed, nameOf, parseFormat } from '../document-file.ts';
import { fileExists, readInput, replaceFile } from '../files.ts';

const FORMAT = 'kedge-rotation/1';
const FILE_MAX_BYTES = 4 * ANCHOR_MAX_BYTES;

/** From which anchor to which. */
export interface Intent {
  readonly from: AnchorId;
  readonly to: AnchorId;
  /** DER of the new anchor, where it is known here. */
  readonly certificate: Uint8Array | undefined;
  /** How long the old one must not have been used, seconds; absent: the default. */
  readonly quietSeconds?: number;
}

/** How long the old anchor must not have been used: as an option says, or as was said before. */
export function quietMsOf(intent: Intent | undefined, quiet: string | undefined): number {
  const { quietSeconds } = intent ?? {};
  if (quiet !== undefined || quietSeconds === undefined) return parseQuietMs(quiet);
  return Math.max(quietSeconds * 1000, QUIET_MIN_MS);
}

/** The name of the file of a bundle. */
export function intentName(bundle: BundleName): string {
  return `${bundle}.rotation.json`;
}

/** Loads the intent of a bundle; absent when there is no file. Errors: `PARSE`, `TYPE`. */
export async function loadIntent(path: string, bundle: BundleName): Promise<Intent | undefined> {
  if (!(await fileExists(path))) return undefined;
  const file = { what: 'rotation file', path };
  const bytes = await readInput(path, { what: file.what, maxBytes: FILE_MAX_BYTES });
  const fields = parseFormat(bytes, file, FORMAT);
  const what = nameOf(file);
  if (fields.get('bundle') !== bundle) throw malformed(what, `it is not for ${bundle}`);
  const text = (name: string): string | undefined => {
    const value = fields.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const certificate = text('certificate');
  const quietSeconds = fields.get('quietSeconds');
  const intent = {
    from: parseSha256(text('from') ?? ''),
    to: parseSha256(text('to') ?? ''),
    certificate: certificate === undefined ? undefined : parseBase64(certificate),
    ...(typeof quietSeconds === 'number' && { quietSeconds }),
  };
  if (intent.certificate !== undefined && sha256(intent.certificate) !== intent.to) {
    throw new KedgeError('DIGEST', `the ${what} has another certificate than the one it names`);
  }
  return intent;
}

/** Writes the intent of a bundle, in place of an older one. */
export async function saveIntent(path: string, bundle: BundleName, intent: Intent): Promise<void> {
  const { from, to, certificate, quietSeconds } = intent;
  const file = {
    format: FORMAT,
    bundle,
    from,
    to,
    ...(certificate && { certificate: encodeBase64(certificate) }),
    quietSeconds,
  };
  await replaceFile(path, `${JSON.stringify(file, null, 2)}\n`, 'public');
}

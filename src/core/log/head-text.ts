/**
 * The head of a log as the text of a C2SP checkpoint: origin, size, root, a line each.
 *
 * Whose log it is says the origin, which is for the readers of each kind of log. Source:
 * c2sp.org/tlog-checkpoint; spec section 8.
 *
 * @module
 */
import { encodeBase64, encodeHex, parseBase64, parseHex } from '../bytes.ts';
import { KedgeError } from '../errors.ts';
import { parseSha256 } from '../ids.ts';
import type { TreeHead } from './proof.ts';
import { EMPTY_TREE, TREE_HASH_BYTES, treeRoot } from './tree.ts';

const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** The text of a checkpoint: three lines with their newlines. Rule CO-3. */
export function headText(origin: string, { size, root }: TreeHead): string {
  return `${origin}\n${size}\n${encodeBase64(parseHex(root))}\n`;
}

/** Parses the text of a checkpoint; extension lines are refused. Errors: `PARSE`. Rule CO-3. */
export function parseHeadText(text: string): TreeHead & { readonly origin: string } {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  if (rest.length !== 1 || rest[0] !== '') throw malformed('must be three lines, no more');
  const size = SIZE.test(sizeText) ? Number(sizeText) : Number.NaN;
  if (!Number.isSafeInteger(size)) throw malformed('has no decimal size up to 2^53 - 1');
  const rootBytes = parseBase64(rootText);
  if (rootBytes.length !== TREE_HASH_BYTES) throw malformed('has no root of 32 bytes');
  const root = parseSha256(encodeHex(rootBytes));
  if (size === 0 && root !== treeRoot(EMPTY_TREE)) throw malformed('is empty with another root');
  return { origin, size, root };
}

function malformed(what: string): KedgeError {
  return new KedgeError('PARSE', `a checkpoint ${what}`);
}

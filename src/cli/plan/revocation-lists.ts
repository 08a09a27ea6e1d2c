/**
 * Revocation lists as files: one in DER, or PEM with one or many.
 *
 * @module
 */
import { basename } from 'node:path';
import { KedgeError } from '../../core/errors.ts';
import { CRL_MAX_BYTES, PLAN_CRLS_MAX } from '../../core/limits.ts';
import { parsePem } from '../../core/pem.ts';
import type { RecordedList } from '../../preflight/revocations.ts';
import { parseRevocationList } from '../../x509/revocation-list.ts';
import { filesAt, readInput } from '../files.ts';

const ENDINGS = ['.crl', '.pem', '.der'];
const LABEL = 'X509 CRL';
const DER_SEQUENCE = 0x30;

/** Loads the lists of files and folders. Errors: `CONFIG`, `PARSE`, `LIMIT`, `STORE`. */
export async function loadLists(paths: readonly string[]): Promise<readonly RecordedList[]> {
  const lists: RecordedList[] = [];
  for (const path of paths) {
    for (const file of await filesAt(path, ENDINGS)) {
      const terms = { what: 'revocation list', maxBytes: CRL_MAX_BYTES };
      lists.push(...parseLists(await readInput(file, terms), file));
      if (lists.length <= PLAN_CRLS_MAX) continue;
      throw new KedgeError('LIMIT', `more than ${PLAN_CRLS_MAX} revocation lists`);
    }
  }
  return lists;
}

function parseLists(bytes: Uint8Array, file: string): readonly RecordedList[] {
  try {
    const ders = bytes[0] === DER_SEQUENCE ? [bytes] : dersOf(bytes);
    return ders.map((der) => ({ name: basename(file), list: parseRevocationList(der) }));
  } catch (cause) {
    const { code, message } = KedgeError.from(cause);
    if (code === 'BUG') throw cause;
    const hint = 'see what it is with: openssl crl -in FILE -text';
    throw new KedgeError(code, `${file}: ${message}`, { cause, detail: { hint } });
  }
}

function dersOf(bytes: Uint8Array): readonly Uint8Array[] {
  const blocks = parsePem(Buffer.from(bytes).toString('latin1'));
  const lists = blocks.filter(({ label }) => label === LABEL);
  if (lists.length === 0) throw new KedgeError('PARSE', 'it holds no revocation list');
  return lists.map(({ der }) => der);
}

/**
 * Recorded chains as files: PEM with one chain each, leaf first, or lines of JSON
 *
 * ```
 * {"name": "api.example.org:443", "purpose": "tls-server", "chain": ["-----BEGIN CERTIFICATE…", …]}
 * ```
 *
 * of which `purpose` may be missing. Certificates are public, so such a file is not secret; nothing
 * in it is believed: whoever looks at a chain verifies it.
 *
 * @module
 */
import { basename } from 'node:path';
import { parseUtf8 } from '../../core/bytes.ts';
import { KedgeError } from '../../core/errors.ts';
import { CHAIN_MAX, PLAN_CHAINS_MAX } from '../../core/limits.ts';
import { encodePem, parsePem } from '../../core/pem.ts';
import type { RecordedChain } from '../../preflight/plan.ts';
import { fieldsOf, malformed } from '../document-file.ts';
import { filesAt, readInput } from '../files.ts';
import type { Json } from '../output.ts';

const FILE_MAX_BYTES = 256 * 1024 * 1024;
const NAME_MAX_CHARS = 300;
const PURPOSE = /^[a-z0-9][a-z0-9-]{0,62}$/;
const ENDINGS = ['.pem', '.crt', '.cer', '.jsonl'];
const ENDING = /\.(pem|crt|cer|jsonl)$/i;
const LINES = /\.jsonl$/i;

/** One chain as a line of JSON. */
export function chainJson({ name, purpose, chain }: RecordedChain): Json {
  return { name, purpose, chain: chain.map((der) => encodePem('CERTIFICATE', der)) };
}

/**
 * Loads the chains of a file, or of all files of a folder that end in `.pem`, `.crt`, `.cer` or
 * `.jsonl`. `purpose` is for those that name none. Errors: `CONFIG`, `PARSE`, `LIMIT`, `STORE`.
 */
export async function loadChains(path: string, purpose: string): Promise<readonly RecordedChain[]> {
  const chains: RecordedChain[] = [];
  for (const file of await filesAt(path, ENDINGS)) {
    const bytes = await readInput(file, { what: 'file of chains', maxBytes: FILE_MAX_BYTES });
    chains.push(...parseChains(bytes, { file, purpose }));
    if (chains.length <= PLAN_CHAINS_MAX) continue;
    throw new KedgeError('LIMIT', `${path} has more than ${PLAN_CHAINS_MAX} chains`);
  }
  return chains;
}

/** Parses the bytes of one file. Errors: `PARSE`, `LIMIT`. */
function parseChains(
  bytes: Uint8Array,
  { file, purpose }: { readonly file: string; readonly purpose: string },
): readonly RecordedChain[] {
  const text = textOf(bytes, file);
  if (!LINES.test(file)) {
    return [{ name: basename(file).replace(ENDING, ''), purpose, chain: derOf(text, file) }];
  }
  return text.split('\n').flatMap((line, index): readonly RecordedChain[] => {
    if (line.trim() === '') return [];
    return [parseLine(line, { what: `line ${index + 1} of ${file}`, purpose })];
  });
}

function parseLine(
  line: string,
  { what, purpose }: { readonly what: string; readonly purpose: string },
): RecordedChain {
  const fields = fieldsOf(jsonOf(line, what), what);
  const [name, chain, own = purpose] = ['name', 'chain', 'purpose'].map((key) => fields.get(key));
  if (typeof name !== 'string' || name === '' || name.length > NAME_MAX_CHARS) {
    throw malformed(what, `its name is no text of 1 to ${NAME_MAX_CHARS} characters`);
  }
  if (typeof own !== 'string' || !PURPOSE.test(own)) throw malformed(what, 'its purpose is none');
  if (!Array.isArray(chain) || chain.length > CHAIN_MAX) {
    throw malformed(what, `its chain is no list of at most ${CHAIN_MAX} certificates`);
  }
  const ders = chain.flatMap((pem: unknown) => {
    if (typeof pem !== 'string') throw malformed(what, 'a certificate is not PEM');
    return derOf(pem, what);
  });
  return { name, purpose: own, chain: ders };
}

function derOf(text: string, what: string): readonly Uint8Array[] {
  try {
    const blocks = parsePem(text).filter(({ label }) => label === 'CERTIFICATE');
    if (blocks.length > 0) return blocks.map(({ der }) => der);
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    throw new KedgeError(code, `${what}: ${message}`, { cause: thrown });
  }
  throw malformed(what, 'it holds no certificate in PEM');
}

function textOf(bytes: Uint8Array, file: string): string {
  try {
    return parseUtf8(bytes);
  } catch (cause) {
    throw new KedgeError('PARSE', `${file} is no text: give PEM or lines of JSON`, { cause });
  }
}

function jsonOf(line: string, what: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw malformed(what, 'it is no JSON');
  }
}

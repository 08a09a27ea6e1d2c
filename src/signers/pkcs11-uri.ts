/**
 * PKCS#11 URIs (RFC 7512): which module, which token, which key, and where its PIN is.
 *
 * A URI that names less matches more, so an attribute that this file does not know is refused and
 * never passed over. A PIN in the URI is refused too: other users of the machine can read it.
 *
 * @module
 */
import { parseUtf8 } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';

/** What a token must say of itself; what is absent matches any. */
export interface TokenMatch {
  readonly label?: string;
  readonly serial?: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly slotId?: number;
}

/** A parsed URI. */
export interface Pkcs11Uri {
  /** The library; absolute. Absent: the environment says which. */
  readonly modulePath?: string;
  readonly token: TokenMatch;
  /** What the private key must say of itself. */
  readonly key: { readonly id?: Uint8Array; readonly label?: string };
  /** The file that holds the PIN. */
  readonly pinFile?: string;
}

const URI_MAX_CHARS = 2048;
const PATH_NAMES = ['token', 'serial', 'manufacturer', 'model', 'slot-id', 'object', 'id', 'type'];
const QUERY_NAMES = ['module-path', 'pin-source'];
const EXAMPLE = 'pkcs11:token=kedge;object=ana?module-path=/usr/lib/softhsm/libsofthsm2.so';

/** Parses a URI that starts with `pkcs11:`. Errors: `CONFIG`. */
export function parsePkcs11Uri(text: string): Pkcs11Uri {
  if (text.length > URI_MAX_CHARS) throw wrong(`it has more than ${URI_MAX_CHARS} characters`);
  const [path = '', query = '', ...rest] = text.slice('pkcs11:'.length).split('?');
  if (rest.length > 0) throw wrong('it has two question marks; write %3F in a value');
  const named = attributes(path, ';', PATH_NAMES);
  const asked = attributes(query, '&', QUERY_NAMES);
  const type = textOf(named, 'type') ?? 'private';
  if (type !== 'private') throw wrong(`type=${type} is no key that signs; write type=private`);
  const label = textOf(named, 'object');
  const id = named.get('id');
  if (label === undefined && id === undefined) {
    throw wrong('it does not say which key; give object=<label> or id=<%xx…>');
  }
  const modulePath = textOf(asked, 'module-path');
  if (modulePath !== undefined && !modulePath.startsWith('/')) {
    throw wrong('module-path must be absolute: a library of the current folder could be anything');
  }
  return {
    ...(modulePath === undefined ? {} : { modulePath }),
    token: tokenOf(named),
    key: { ...(id === undefined ? {} : { id }), ...(label === undefined ? {} : { label }) },
    ...pinFileOf(textOf(asked, 'pin-source')),
  };
}

function tokenOf(named: ReadonlyMap<string, Uint8Array>): TokenMatch {
  const label = textOf(named, 'token');
  const serial = textOf(named, 'serial');
  const manufacturer = textOf(named, 'manufacturer');
  const model = textOf(named, 'model');
  const slot = textOf(named, 'slot-id');
  if (slot !== undefined && !/^\d{1,10}$/.test(slot)) throw wrong('slot-id must be a number');
  return {
    ...(label === undefined ? {} : { label }),
    ...(serial === undefined ? {} : { serial }),
    ...(manufacturer === undefined ? {} : { manufacturer }),
    ...(model === undefined ? {} : { model }),
    ...(slot === undefined ? {} : { slotId: Number(slot) }),
  };
}

/** `file:/path`, `file:///path` or `/path`; the RFC's `|command` is what `exec:` is for. */
function pinFileOf(source: string | undefined): { readonly pinFile?: string } {
  if (source === undefined) return {};
  const file = source.replace(/^file:(\/\/)?(?=\/)/, '');
  if (file.startsWith('/')) return { pinFile: file };
  throw wrong('pin-source must be an absolute path or a file: URI of one');
}

function attributes(
  text: string,
  separator: string,
  known: readonly string[],
): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  if (text === '') return found;
  for (const part of text.split(separator)) {
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    if (name === 'pin-value') {
      throw wrong('a PIN on the command line can be read by others; use pin-source, or be asked');
    }
    if (!known.includes(name)) {
      throw wrong(`unknown attribute ${JSON.stringify(name)} (known: ${known.join(', ')})`);
    }
    if (found.has(name)) throw wrong(`${name} is there twice`);
    if (at < 0 || at === part.length - 1) throw wrong(`${name} has no value`);
    found.set(name, percentDecoded(part.slice(at + 1)));
  }
  return found;
}

function percentDecoded(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const part of text.match(/%[0-9A-Fa-f]{2}|[^%]|%/gu) ?? []) {
    if (part === '%') throw wrong('a % is not followed by two hexadecimal digits');
    if (part.length === 3 && part.startsWith('%')) bytes.push(Number.parseInt(part.slice(1), 16));
    else bytes.push(...Buffer.from(part));
  }
  return Uint8Array.from(bytes);
}

function textOf(found: ReadonlyMap<string, Uint8Array>, name: string): string | undefined {
  const value = found.get(name);
  if (value === undefined) return undefined;
  try {
    return parseUtf8(value);
  } catch (cause) {
    throw wrong(`${name} is not UTF-8`, cause);
  }
}

function wrong(why: string, cause?: unknown): KedgeError {
  return new KedgeError('CONFIG', `not a PKCS#11 URI: ${why}`, {
    detail: { hint: `for example ${EXAMPLE}` },
    cause,
  });
}

/**
 * Documents as files: a signed statement with its body, for example the first charter of a realm.
 *
 * ```
 * {"format": "kedge-document/1", "envelope": {DSSE envelope}, "body": "<base64>"}
 * ```
 *
 * The envelope is plain DSSE, so that `jq`, `base64`, `sha256sum` and `openssl` can check it.
 * Spaces and key order of the file carry no meaning; the signed bytes are inside the base64.
 *
 * @module
 */
import { encodeBase64, encodeUtf8, parseBase64, parseUtf8 } from '../core/bytes.ts';
import { KedgeError } from '../core/errors.ts';
import { BODY_MAX_BYTES, ENVELOPE_MAX_BYTES } from '../core/limits.ts';
import {
  encodeEnvelope,
  parseEnvelope,
  type SignedDocument,
  type SignedStatement,
} from '../core/statements/envelope.ts';
import { fileKind, otherKind } from './file-kind.ts';
import { readInput } from './files.ts';
import { asJson, type Json } from './output.ts';

/** What a document file says it is. */
export const DOCUMENT_FORMAT: string = 'kedge-document/1';
/** A document file's size limit. */
export const DOCUMENT_FILE_MAX_BYTES: number = 2 * (BODY_MAX_BYTES + ENVELOPE_MAX_BYTES);

/** Encodes a document as the text of its file. */
export function encodeDocumentFile(document: SignedDocument): string {
  return `${JSON.stringify({ format: DOCUMENT_FORMAT, ...documentJson(document) }, null, 2)}\n`;
}

/** A file as errors name it. */
interface FileName {
  readonly what: string;
  readonly path: string;
}

/** What and where a file is, in one text. */
export function nameOf({ what, path }: FileName): string {
  return `${what} ${path}`;
}

/**
 * The fields of a file that says that it has one of these formats. Errors: `PARSE`; `TYPE`, with
 * what the file is and what shows it, where that can be told.
 */
export function parseFormat(
  bytes: Uint8Array,
  file: FileName,
  ...formats: readonly string[]
): ReadonlyMap<string, unknown> {
  const name = nameOf(file);
  const refusal = (otherwise: KedgeError): KedgeError => {
    const kind = fileKind(bytes, file.path);
    return kind === undefined ? otherwise : otherKind(name, kind);
  };
  let fields: ReadonlyMap<string, unknown>;
  try {
    fields = parseFields(bytes, name);
  } catch (thrown) {
    throw refusal(KedgeError.from(thrown));
  }
  if (formats.some((format) => fields.get('format') === format)) return fields;
  throw refusal(malformed(name, `its format is not ${formats.join(' or ')}`));
}

/** Loads a document file. Errors: those of {@link parseFormat}. */
export async function loadDocumentFile(path: string, what: string): Promise<SignedDocument> {
  const bytes = await readInput(path, { what, maxBytes: DOCUMENT_FILE_MAX_BYTES });
  const file = { what, path };
  return parseDocumentFields(parseFormat(bytes, file, DOCUMENT_FORMAT), nameOf(file));
}

/** A document as a part of a JSON file. */
export function documentJson(document: SignedDocument): { readonly [key: string]: Json } {
  return { envelope: envelopeJson(document.statement), body: encodeBase64(document.body) };
}

/** An envelope as a part of a JSON file. */
export function envelopeJson(statement: SignedStatement): Json {
  const envelope: unknown = JSON.parse(parseUtf8(encodeEnvelope(statement)));
  return asJson(envelope);
}

/** The reverse of {@link documentJson}. Errors: `PARSE`, `LIMIT`. */
export function parseDocumentFields(
  fields: ReadonlyMap<string, unknown>,
  what: string,
): SignedDocument {
  const body = fields.get('body');
  if (typeof body !== 'string') throw malformed(what, 'it has no body');
  const statement = parseEnvelopeField(fields.get('envelope'), what);
  return { statement, body: undamaged(what, () => parseBase64(body)) };
}

/** The reverse of {@link envelopeJson}. Errors: `PARSE`, `LIMIT`. */
export function parseEnvelopeField(envelope: unknown, what: string): SignedStatement {
  if (typeof envelope !== 'object' || envelope === null) {
    throw malformed(what, 'it has no envelope');
  }
  return undamaged(what, () => parseEnvelope(encodeUtf8(JSON.stringify(envelope))));
}

function undamaged<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (cause) {
    const error = KedgeError.from(cause);
    throw new KedgeError(error.code, `the ${what} is damaged: ${error.message}`, { cause });
  }
}

/** Parses a JSON object into its fields. Errors: `PARSE`. */
export function parseFields(bytes: Uint8Array, what: string): ReadonlyMap<string, unknown> {
  if (bytes.length === 0) throw malformed(what, 'it is empty');
  let value: unknown;
  try {
    value = JSON.parse(parseUtf8(bytes));
  } catch (cause) {
    const hint = 'check that it is the right file and that it was copied whole';
    throw new KedgeError('PARSE', `the ${what} is not JSON`, { cause, detail: { hint } });
  }
  return fieldsOf(value, what);
}

/** The fields of a JSON object that was parsed already. Errors: `PARSE`. */
export function fieldsOf(value: unknown, what: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(what, 'it is not a JSON object');
  }
  return new Map<string, unknown>(Object.entries(value));
}

/** A refusal of a file of the CLI. */
export function malformed(what: string, why: string): KedgeError {
  return new KedgeError('PARSE', `the ${what} cannot be used: ${why}`, {
    detail: { hint: 'check that it is the right file and that it was copied whole' },
  });
}

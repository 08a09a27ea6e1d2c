/**
 * Drafts as files: everything that a signer on another machine, without a network, needs to judge
 * the next release or charter, and the signatures gathered so far.
 *
 * ```
 * {"format": "kedge-draft/1",
 *  "envelope": {DSSE}, "body": "<base64>",        what is signed
 *  "charters": [{"envelope": …, "body": …}, …],   from the first to the one it is judged by
 *  "base": {"envelope": …, "body": …,             the release before; absent for the first
 *           "below": [{…}, …]},                   those before it, where it is judged by them
 *  "rollout": {"envelope": …, "body": …},         the rollout before, in a draft of a rollout
 *  "blobs": ["<base64 DER>", …],                  certificates of both contents
 *  "forks": [{"first": {DSSE}, "second": {DSSE}}], proof of forks that a charter resolves, if any
 *  "contents": [{"envelope": …, "body": …}, …]}   what was at hand of both sides, and before them
 * ```
 *
 * No summary is stored: whoever reads a draft computes it from the bytes, after verifying charters
 * and base from the pin down. A draft is not secret, and nothing in it is believed unchecked.
 *
 * @module
 */
import { encodeBase64, parseBase64 } from '../../core/bytes.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId } from '../../core/ids.ts';
import { ANCHOR_MAX_BYTES, ANCHORS_MAX, RESOLUTIONS_MAX } from '../../core/limits.ts';
import type { SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import type { Evidence } from '../../core/trusted/state.ts';
import {
  DOCUMENT_FILE_MAX_BYTES,
  DOCUMENT_FORMAT,
  documentJson,
  envelopeJson,
  fieldsOf,
  malformed,
  nameOf,
  parseDocumentFields,
  parseEnvelopeField,
  parseFormat,
} from '../document-file.ts';
import { createFile, readInput, replaceFile } from '../files.ts';
import { BELOW_MAX, type GroundedDocument } from '../realm/trust.ts';

const FORMAT = 'kedge-draft/1';
/** Certificates that a draft carries at most. */
export const BLOBS_MAX: number = 2 * ANCHORS_MAX;
const CHARTERS_MAX = 10_000;
const DRAFT_FILE_MAX_BYTES = 8 * DOCUMENT_FILE_MAX_BYTES + 2 * BLOBS_MAX * ANCHOR_MAX_BYTES;

/** A draft as it is in its file; nothing of it is verified. */
export interface Draft {
  /** What is signed, with the signatures gathered so far. */
  readonly document: SignedDocument;
  /** From version 1 on. */
  readonly charters: readonly SignedDocument[];
  /** The release that this one follows. */
  readonly base: GroundedDocument | undefined;
  /** In a draft of a rollout, whose base is the release that it names: the rollout before it. */
  readonly rollout?: SignedDocument;
  /** DER by id; the ids are computed when the file is read. */
  readonly blobs: ReadonlyMap<AnchorId, Uint8Array>;
  /** Proof of the forks that a charter resolves; absent when it resolves none. */
  readonly forks?: readonly Evidence[];
  /** What was at hand of the documents on both sides of the forks, and before them. */
  readonly contents?: readonly SignedDocument[];
}

/** A published release as a file, a record with the one before; nothing of it is verified. */
export type ReleaseFile = Pick<Draft, 'document' | 'charters' | 'blobs'> & Partial<Draft>;

/** Encodes a draft as the text of its file. */
function encodeDraft(draft: Draft): string {
  const file = {
    format: FORMAT,
    ...documentJson(draft.document),
    charters: draft.charters.map(documentJson),
    ...(draft.base === undefined ? {} : { base: groundedJson(draft.base) }),
    ...(draft.rollout && { rollout: documentJson(draft.rollout) }),
    blobs: [...draft.blobs.values()].map(encodeBase64),
    ...(draft.forks && {
      forks: draft.forks.map(({ first, second }) => ({
        first: envelopeJson(first),
        second: envelopeJson(second),
      })),
    }),
    ...(draft.contents && { contents: draft.contents.map(documentJson) }),
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Errors: `PARSE`, `LIMIT`. */
function draftOf(fields: ReadonlyMap<string, unknown>, what: string): Draft {
  const charters = listOf(fields.get('charters'), CHARTERS_MAX, what);
  const base = fields.get('base');
  const rollout = fields.get('rollout');
  const forks = fields.get('forks');
  const contents = fields.get('contents');
  return {
    document: parseDocumentFields(fields, what),
    charters: charters.map((item) => parseDocumentFields(fieldsOf(item, what), what)),
    base: base === undefined ? undefined : groundedOf(base, what),
    ...(rollout !== undefined && { rollout: parseDocumentFields(fieldsOf(rollout, what), what) }),
    blobs: blobsById(listOf(fields.get('blobs'), BLOBS_MAX, what).map((der) => blob(der, what))),
    ...(forks !== undefined && {
      forks: listOf(forks, RESOLUTIONS_MAX, what).map((fork) => evidenceOf(fork, what)),
    }),
    ...(contents !== undefined && {
      contents: listOf(contents, 3 * RESOLUTIONS_MAX, what).map((item) =>
        parseDocumentFields(fieldsOf(item, what), what),
      ),
    }),
  };
}

/** Loads a draft. */
export async function loadDraft(path: string): Promise<Draft> {
  const bytes = await readInput(path, { what: 'draft', maxBytes: DRAFT_FILE_MAX_BYTES });
  const file = { what: 'draft', path };
  return draftOf(parseFormat(bytes, file, FORMAT), nameOf(file));
}

/**
 * Loads what was published: the record of a draft that has its signatures, or a document file
 * (which has neither charters nor certificates).
 */
export async function loadRelease(
  path: string,
  kind: 'release' | 'charter' = 'release',
): Promise<ReleaseFile> {
  const bytes = await readInput(path, { what: kind, maxBytes: DRAFT_FILE_MAX_BYTES });
  const file = { what: kind, path };
  const fields = parseFormat(bytes, file, FORMAT, DOCUMENT_FORMAT);
  const what = nameOf(file);
  if (fields.get('format') === FORMAT) return draftOf(fields, what);
  return { document: parseDocumentFields(fields, what), charters: [], blobs: new Map() };
}

/** Saves a draft in one step; `new` refuses to replace a file. */
export async function saveDraft(
  path: string,
  draft: Draft,
  what: 'new' | 'changed',
): Promise<void> {
  const save = what === 'new' ? createFile : replaceFile;
  await save(path, encodeDraft(draft), 'public');
}

/** Names each blob by its SHA-256. */
export function blobsById(blobs: readonly Uint8Array[]): ReadonlyMap<AnchorId, Uint8Array> {
  return new Map(blobs.map((der) => [sha256(der), der]));
}

function groundedJson(document: GroundedDocument): object {
  const { below = [] } = document;
  const found = below.length === 0 ? {} : { below: below.map(documentJson) };
  return { ...documentJson(document), ...found };
}

function groundedOf(value: unknown, what: string): GroundedDocument {
  const fields = fieldsOf(value, what);
  const document = parseDocumentFields(fields, what);
  const below = fields.get('below');
  if (below === undefined) return document;
  const documents = listOf(below, BELOW_MAX, what).map((item) =>
    parseDocumentFields(fieldsOf(item, what), what),
  );
  return { ...document, below: documents };
}

function evidenceOf(value: unknown, what: string): Evidence {
  const fields = fieldsOf(value, what);
  const first = parseEnvelopeField(fields.get('first'), what);
  const { stream, sequence } = parseStatement(first.payload);
  return { stream, sequence, first, second: parseEnvelopeField(fields.get('second'), what) };
}

function blob(value: unknown, what: string): Uint8Array {
  if (typeof value !== 'string') throw malformed(what, 'a blob is not base64');
  const der = parseBase64(value);
  if (der.length <= ANCHOR_MAX_BYTES) return der;
  throw new KedgeError(
    'LIMIT',
    `the ${what} has a certificate of more than ${ANCHOR_MAX_BYTES} bytes`,
  );
}

function listOf(value: unknown, maxItems: number, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(what, 'a list is missing');
  if (value.length <= maxItems) return value;
  throw new KedgeError('LIMIT', `the ${what} has a list of more than ${maxItems} items`);
}

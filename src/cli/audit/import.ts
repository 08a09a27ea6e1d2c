/**
 * Reads an export back and verifies it, without a node: statements from the pin down,
 * certificates by their digests, the audit log by its checkpoint.
 *
 * @module
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBase64, parseUtf8 } from '../../core/bytes.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type AnchorId,
  CHARTER_STREAM,
  NO_PREVIOUS,
  parseBundleName,
  releaseStream,
  rolloutStream,
  type Sha256,
  type StreamName,
} from '../../core/ids.ts';
import { ANCHOR_MAX_BYTES, BODY_MAX_BYTES, ENVELOPE_MAX_BYTES } from '../../core/limits.ts';
import { parsePem } from '../../core/pem.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import { parseEnvelope, type SignedDocument } from '../../core/statements/envelope.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { findPastAuthority } from '../../core/trusted/authority.ts';
import type { TrustedState } from '../../core/trusted/state.ts';
import { malformed, parseFields } from '../document-file.ts';
import { fileError, fileExists, readInput } from '../files.ts';
import { type Pin, verifyRealm } from '../realm/trust.ts';
import { readItem } from './reading.ts';
import { type Chains, openLog, type ReadLog } from './verifying.ts';

/** An export as it was read, verified. */
export interface ReadExport {
  readonly log: ReadLog;
  readonly state: TrustedState;
  readonly chains: Chains;
}

/** The log of years. */
const LOG_MAX_BYTES = 1024 ** 3;
const SMALL_MAX_BYTES = 128 * 1024;
const NEWLINE = 0x0a;

/** Reads and verifies a folder. Errors: `PROOF`, `DIGEST`, `THRESHOLD`, those of the charters. */
export async function readExport(folder: string, pin: Pin, nowMs: number): Promise<ReadExport> {
  const charters = await readDocuments(folder, CHARTER_STREAM);
  const state = verifyRealm(pin, { charters }, nowMs);
  const chains = new Map<StreamName, ReadonlyMap<number, Sha256>>([
    [CHARTER_STREAM, new Map(state.charters.map(({ version, digest }) => [version, digest]))],
  ]);
  for (const name of await namesIn(folder, 'rollout')) {
    const stream = rolloutStream(parseBundleName(name));
    chains.set(stream, verifyChain(state, stream, await readDocuments(folder, stream)));
  }
  for (const name of await namesIn(folder, 'release')) {
    const stream = releaseStream(parseBundleName(name));
    const documents = await readDocuments(folder, stream);
    chains.set(stream, verifyChain(state, stream, documents));
    await requireAnchors(folder, documents);
  }
  return { log: await readLog(folder, state), state, chains };
}

/** The bundles that have streams of a kind. */
async function namesIn(folder: string, kind: 'release' | 'rollout'): Promise<readonly string[]> {
  const path = join(folder, 'streams', kind);
  return (await fileExists(path)) ? await listFolder(path) : [];
}

async function readLog(folder: string, state: TrustedState): Promise<ReadLog> {
  const checkpointBytes = await readPart(folder, 'audit/checkpoint', SMALL_MAX_BYTES);
  const removed = parseFields(
    await readPart(folder, 'audit/removed.json', SMALL_MAX_BYTES),
    'audit/removed.json',
  );
  const [first, peaks] = [removed.get('first'), removed.get('peaks')];
  if (typeof first !== 'number' || !Number.isSafeInteger(first) || first < 0) {
    throw malformed('audit/removed.json', 'it does not say how many entries were removed');
  }
  const hashes: unknown[] = Array.isArray(peaks) ? peaks : [];
  const lines = splitLines(await readPart(folder, 'audit/entries.jsonl', LOG_MAX_BYTES));
  return openLog(state.realm, checkpointBytes, {
    first,
    peaks: hashes.map((hash) => parseBase64(typeof hash === 'string' ? hash : '')),
    entries: lines.map((bytes, at) => readItem({ index: first + at, bytes })),
  });
}

/** Requires that documents are a chain and each had a quorum; gives their digests. */
function verifyChain(
  state: TrustedState,
  stream: StreamName,
  documents: readonly SignedDocument[],
): ReadonlyMap<number, Sha256> {
  const digests = new Map<number, Sha256>();
  let previous: Sha256 = NO_PREVIOUS;
  for (const [at, { statement: signed, body }] of documents.entries()) {
    const statement = parseStatement(signed.payload);
    const place = `statement ${String(at + 1)} of ${stream}`;
    const isNext = statement.stream === stream && statement.sequence === at + 1;
    if (!isNext || statement.realm !== state.realm || statement.previous !== previous) {
      throw new KedgeError('PREVIOUS', `${place} does not follow the one before`);
    }
    if (sha256(body) !== statement.bodyDigest) {
      throw new KedgeError('DIGEST', `the body of ${place} is not the one that was signed`);
    }
    if (statement.kind === 'charter' || !findPastAuthority(state, statement, signed)) {
      throw new KedgeError('THRESHOLD', `too few signers of any charter signed ${place}`);
    }
    digests.set(statement.sequence, statement.digest);
    previous = statement.digest;
  }
  return digests;
}

async function requireAnchors(folder: string, documents: readonly SignedDocument[]): Promise<void> {
  const ids = new Set<AnchorId>(
    documents.flatMap(({ body }) => parseReleaseBody(body).anchors.map(({ id }) => id)),
  );
  for (const id of ids) {
    const pem = await readPart(folder, `anchors/${id}.pem`, 2 * ANCHOR_MAX_BYTES);
    const [block] = parsePem(parseUtf8(pem));
    if (block === undefined || sha256(block.der) !== id) {
      throw new KedgeError('DIGEST', `anchors/${id}.pem is another certificate`);
    }
  }
}

async function readDocuments(
  folder: string,
  stream: StreamName,
): Promise<readonly SignedDocument[]> {
  const documents: SignedDocument[] = [];
  for (;;) {
    const name = `streams/${stream}/${String(documents.length + 1)}`;
    if (!(await fileExists(join(folder, `${name}.dsse.json`)))) return documents;
    const envelope = await readPart(folder, `${name}.dsse.json`, ENVELOPE_MAX_BYTES);
    const body = await readPart(folder, `${name}.body.json`, BODY_MAX_BYTES);
    documents.push({ statement: parseEnvelope(envelope), body });
  }
}

async function readPart(folder: string, path: string, maxBytes: number): Promise<Uint8Array> {
  return await readInput(join(folder, path), { what: 'part of the export', maxBytes });
}

async function listFolder(path: string): Promise<readonly string[]> {
  try {
    return (await readdir(path)).toSorted();
  } catch (cause) {
    throw fileError(cause, `cannot read ${path}`);
  }
}

function splitLines(bytes: Uint8Array): readonly Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) throw malformed('audit/entries.jsonl', 'its last line has no end');
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return lines;
}

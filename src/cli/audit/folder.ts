/**
 * The files of an export: everything that an auditor needs to check a realm, and the audit log of
 * one node, without this program.
 *
 * What comes from the node is verified before it is written: charters, releases and rollouts from
 * the pin down, certificates by their digests, the log by its checkpoint, proofs by the roots that
 * regions signed. Formats are those that other tools know: DSSE, PEM, C2SP checkpoints and proofs.
 *
 * @module
 */
import { encodeBase64, encodeUtf8 } from '../../core/bytes.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type AnchorId,
  CHARTER_STREAM,
  releaseStream,
  rolloutStream,
  type StreamName,
} from '../../core/ids.ts';
import { sealCheckpoint } from '../../core/log/regions.ts';
import { encodeTlogProof, wholeTree } from '../../core/log/tlog-proof.ts';
import { hashLeaf } from '../../core/log/tree.ts';
import { encodePem } from '../../core/pem.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import { encodeEnvelope, type SignedDocument } from '../../core/statements/envelope.ts';
import type { Realm } from '../realm/realm.ts';
import { readHistory, requireHead } from '../release/history.ts';
import { readRolloutDocument, readRollouts } from '../rollout/history.ts';
import { bundlesOf } from './past.ts';
import { requireNode } from './reading.ts';
import type { ReadLog } from './verifying.ts';

/** A file of an export. */
export interface ExportedFile {
  /** Relative, with slashes. */
  readonly path: string;
  readonly content: Uint8Array;
}

const NEWLINE = encodeUtf8('\n');

/** The files about the audit log. */
export function logFiles({ checkpointBytes, first, peaks, entries }: ReadLog): ExportedFile[] {
  return [
    { path: 'audit/checkpoint', content: checkpointBytes },
    {
      path: 'audit/entries.jsonl',
      content: Buffer.concat(entries.flatMap(({ bytes }) => [bytes, NEWLINE])),
    },
    {
      path: 'audit/removed.json',
      content: encodeUtf8(`${JSON.stringify({ first, peaks: peaks.map(encodeBase64) })}\n`),
    },
  ];
}

/** The files of all streams, oldest statements first, and of the anchors in them. */
export async function* streamFiles(realm: Realm): AsyncIterable<ExportedFile> {
  yield* filesOf(realm, CHARTER_STREAM, realm.charters);
  const anchors = new Set<AnchorId>();
  for (const bundle of await bundlesOf(realm)) {
    const stream = releaseStream(bundle);
    const { head } = await requireHead(realm, bundle, { blobs: 'without' });
    const history = await readHistory(realm, { ...head, bundle }, { limit: head.sequence });
    const documents: SignedDocument[] = [];
    for (const { statement, signed } of history.toReversed()) {
      const { body } = await requireNode(realm).document(stream, statement.sequence);
      if (sha256(body) !== statement.bodyDigest) {
        throw new KedgeError('DIGEST', `the node sent another body of ${stream}`);
      }
      for (const { id } of parseReleaseBody(body).anchors) anchors.add(id);
      documents.push({ statement: signed, body });
    }
    yield* filesOf(realm, stream, documents);
    const rollouts: SignedDocument[] = [];
    for (const past of (await readRollouts(realm, bundle)).toReversed()) {
      rollouts.push(await readRolloutDocument(realm, past));
    }
    if (rollouts.length > 0) yield* filesOf(realm, rolloutStream(bundle), rollouts);
  }
  yield* anchorFiles(realm, [...anchors]);
}

async function* filesOf(
  realm: Realm,
  stream: StreamName,
  documents: readonly SignedDocument[],
): AsyncIterable<ExportedFile> {
  const folder = `streams/${stream}`;
  const leaves = documents.map(({ statement }) => hashLeaf(statement.payload));
  const note = await cosignedHead(realm, stream, leaves);
  if (note !== undefined) yield { path: `${folder}/checkpoint`, content: note.bytes };
  const tree = note && wholeTree(leaves.slice(0, note.size));
  for (const [at, { statement, body }] of documents.entries()) {
    const name = `${folder}/${String(at + 1)}`;
    yield { path: `${name}.dsse.json`, content: encodeEnvelope(statement) };
    yield { path: `${name}.body.json`, content: body };
    if (note === undefined || tree === undefined || at >= note.size) continue;
    const content = encodeTlogProof(at, tree.prove(at), note.bytes);
    yield { path: `${name}.tlog-proof`, content };
  }
}

/** What regions cosigned of a stream, when it is over these leaves. */
async function cosignedHead(
  realm: Realm,
  stream: StreamName,
  leaves: readonly Uint8Array[],
): Promise<{ readonly size: number; readonly bytes: Uint8Array } | undefined> {
  try {
    const { checkpoint, lines } = (await requireNode(realm).checkpoint(stream)).leaf;
    const { size, root } = checkpoint;
    const isOurs = size <= leaves.length && wholeTree(leaves.slice(0, size)).root === root;
    return isOurs ? { size, bytes: sealCheckpoint(checkpoint, lines) } : undefined;
  } catch (thrown) {
    // No region has cosigned this stream: then there is nothing to prove it by.
    if (KedgeError.from(thrown).code === 'UNAVAILABLE') return undefined;
    throw thrown;
  }
}

async function* anchorFiles(realm: Realm, ids: readonly AnchorId[]): AsyncIterable<ExportedFile> {
  const blobs = ids.length === 0 ? [] : await requireNode(realm).blobs(ids);
  for (const [at, id] of ids.entries()) {
    const der = blobs[at];
    if (der === undefined || sha256(der) !== id) {
      throw new KedgeError('DIGEST', `the node sent another certificate for anchor ${id}`);
    }
    yield { path: `anchors/${id}.pem`, content: encodeUtf8(encodePem('CERTIFICATE', der)) };
  }
}

const FILES = [
  ['audit/entries.jsonl', 'audit log of the node; a line without its end is a leaf of the tree'],
  ['audit/checkpoint', 'head of that tree (C2SP checkpoint), signed by the region of the node'],
  ['audit/removed.json', 'how many entries were removed, and the hashes that stand for them'],
  ['streams/<stream>/<n>.dsse.json', 'statement n of a stream with its signatures (DSSE, in-toto)'],
  ['streams/<stream>/<n>.body.json', 'the charter, release or rollout that it names by digest'],
  ['streams/<stream>/checkpoint', 'head of the log of the stream, cosigned by regions'],
  ['streams/<stream>/<n>.tlog-proof', 'that this head contains statement n (C2SP tlog-proof)'],
  ['anchors/<sha-256>.pem', 'certificates, by the digest of their DER'],
] as const;

/** What the folder says about itself. */
export function readmeFile(facts: {
  readonly realm: string;
  readonly pin: string;
  readonly node: string;
  readonly time: string;
}): ExportedFile {
  const { realm, pin, node, time } = facts;
  const lines = [
    `# Audit export of ${realm}`,
    '',
    `Written by \`kedge audit export\` at ${time} from node ${node}.`,
    '',
    '| file | what |',
    '|---|---|',
    ...FILES.map(([path, what]) => `| ${path} | ${what} |`),
    '',
    'The first charter must have this digest. Compare it with the pin that the realm published,',
    'which you have from somebody else than this folder:',
    '',
    `    ${pin}`,
    '',
    'The documentation of Kedge has a script, docs/verify-export.sh, that verifies all of it with',
    'openssl, sha256sum and jq. Take the script from there too.',
    '',
  ];
  return { path: 'README.md', content: encodeUtf8(lines.join('\n')) };
}

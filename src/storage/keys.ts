/**
 * The key layout of a store, all of it. Keys are ASCII; `docs/storage.md` shows them as a table.
 *
 * ```
 * format                                  the format version and the store's id
 * head:<stream>                           where the stream stands
 * fork:<stream>                           evidence, for a forked stream
 * doc:<stream>:<sequence, 16 digits>      a statement with its signatures and its body's digest
 * body:<sha-256>                          a body, once however many statements name it
 * blob:<sha-256>                          an anchor's DER
 * tree:<stream>:<level, 2 digits>:<index, 16 digits>
 *                                         the hash of a perfect subtree of the stream's log
 * prop:<sha-256>                          a proposal, under the digest of its statement
 * note:<name>                             what the node remembers for itself
 * writes                                  how often the store was written to
 * audit:log                               where the node's audit log stands
 * audit:entry:<index, 16 digits>          an entry of it
 * audit:tree:<level, 2 digits>:<index, 16 digits>
 *                                         the hash of a perfect subtree of it
 * audit:mark:<stream>                     how far a stream is noted in it
 * ```
 *
 * No name holds a `:` (SPIFFE trust-domain grammar), so no key can be a prefix of another stream's
 * keys. Sixteen digits hold 2^53 - 1 and make the order of keys that of sequences.
 *
 * @module
 */
import {
  type AnchorId,
  type KeyId,
  parseStreamName,
  type Sha256,
  type StreamName,
} from '../core/ids.ts';
import type { Subtree } from '../core/log/tree.ts';
import type { NoteName } from '../ports/store.ts';

/** Versions of key layout and records together; raised by whatever an older reader misreads. */
export const FORMAT_VERSION: number = 1;

/** The key of the format record: the first one read, its place never changes. */
export const FORMAT_KEY: string = 'format';

const SEQUENCE_DIGITS = 16;
const LEVEL_DIGITS = 2;

/** The key of the count of writes; absent in a store of before. */
export const WRITES_KEY: string = 'writes';

/** A half-open range of keys. */
export interface KeyRange {
  readonly gte: string;
  readonly lt: string;
}

/** All head records. */
export const HEADS: KeyRange = prefixRange('head');
/** All proposals. */
export const PROPOSALS: KeyRange = prefixRange('prop');
/** All fork records. */
export const FORKS: KeyRange = prefixRange('fork');

/** The key of a stream's head record. */
export function headKey(stream: StreamName): string {
  return `head:${stream}`;
}

/** The key of a stream's fork record. */
export function forkKey(stream: StreamName): string {
  return `fork:${stream}`;
}

/** The stream of a head or fork key. Errors: `PARSE`. */
export function parseStreamKey(key: string): StreamName {
  return parseStreamName(key.slice(key.indexOf(':') + 1));
}

/** The key of a statement's record; `sequence` from 0 to 2^53. */
export function documentKey(stream: StreamName, sequence: number): string {
  return `doc:${stream}:${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`;
}

/** The records of a stream's statements from `from` to before `end`. */
export function documentRange(stream: StreamName, from: number, end: number): KeyRange {
  return { gte: documentKey(stream, from), lt: documentKey(stream, end) };
}

/** The key of a body. */
export function bodyKey(digest: Sha256): string {
  return `body:${digest}`;
}

/** The key of an anchor's DER. */
export function blobKey(id: AnchorId): string {
  return `blob:${id}`;
}

/** The key of a perfect subtree's hash. */
export function treeKey(stream: StreamName, { level, index }: Subtree): string {
  const at = String(level).padStart(LEVEL_DIGITS, '0');
  return `tree:${stream}:${at}:${String(index).padStart(SEQUENCE_DIGITS, '0')}`;
}

/** The key of a proposal. */
export function proposalKey(digest: Sha256): string {
  return `prop:${digest}`;
}

/** The key of something that the node remembers for itself. */
export function noteKey(name: NoteName): string {
  return `note:${name}`;
}

/** What is noted of the heads that a key of a region cosigned. */
export function cosignedNotes(keyId: KeyId): KeyRange {
  return prefixRange(`note:cosigned:${keyId}`);
}

/** The key of where the audit log stands. */
export const AUDIT_LOG_KEY: string = 'audit:log';

/** The key of an entry of the audit log. */
export function auditEntryKey(index: number): string {
  return `audit:entry:${String(index).padStart(SEQUENCE_DIGITS, '0')}`;
}

/** The index of an entry's key. */
export function parseAuditEntryKey(key: string): number {
  return Number(key.slice(key.lastIndexOf(':') + 1));
}

/** The entries of the audit log from `from` to before `end`. */
export function auditEntryRange(from: number, end: number): KeyRange {
  return { gte: auditEntryKey(from), lt: auditEntryKey(end) };
}

/** The key of a perfect subtree's hash in the audit log. */
export function auditTreeKey({ level, index }: Subtree): string {
  const at = String(level).padStart(LEVEL_DIGITS, '0');
  return `audit:tree:${at}:${String(index).padStart(SEQUENCE_DIGITS, '0')}`;
}

/** The key of how far a stream is noted in the audit log. */
export function auditMarkKey(stream: StreamName): string {
  return `audit:mark:${stream}`;
}

/** `;` is the character after `:`. */
function prefixRange(prefix: string): KeyRange {
  return { gte: `${prefix}:`, lt: `${prefix};` };
}

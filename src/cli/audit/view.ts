/**
 * Entries of an audit log as people and programs read them.
 *
 * @module
 */
import type { AuditEntry } from '../../core/audit/entry.ts';
import { parseUtf8 } from '../../core/bytes.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { asJson, type Json } from '../output.ts';
import { printable, type Styles } from '../terminal/styles.ts';
import type { ReadEntry } from './reading.ts';

type EntryJson = { readonly [key: string]: Json | undefined };

const DIGEST_CHARS = 16;

/** One line per entry: place, time, what happened to what, who, why. */
export function formatEntry({ index, bytes, entry }: ReadEntry, styles: Styles): string {
  const place = styles.dim(`#${String(index)}`);
  if (entry === undefined) return `${place} ${printable(parseUtf8(bytes))} (of a newer version)`;
  const parts = [
    place,
    formatTimestamp(entry.timeMs),
    wordOf(entry, styles),
    subjectOf(entry),
    originOf(entry),
    signersOf(entry),
    entry.code,
    entry.reason === undefined ? undefined : printable(entry.reason),
  ];
  return parts.filter((part) => part !== undefined && part !== '').join('  ');
}

/** An entry as JSON: what is in the log, and where. */
export function entryJson({ index, bytes, entry }: ReadEntry): EntryJson {
  if (entry === undefined) return { index, unreadable: parseUtf8(bytes) };
  return { index, time: new Date(entry.timeMs).toISOString(), ...fieldsOf(entry) };
}

function fieldsOf(entry: AuditEntry): EntryJson {
  return Object.fromEntries(Object.entries(entry).map(([key, value]) => [key, asJson(value)]));
}

function wordOf({ what, count }: AuditEntry, { green, red, yellow }: Styles): string {
  const word = count === undefined ? what : `${what} ×${String(count)}`;
  switch (what) {
    case 'accepted':
    case 'approved':
      return green(word);
    case 'refused':
    case 'forked':
    case 'region-split':
    case 'lost':
      return red(word);
    case 'override':
    case 'settled':
    case 'withdrawn':
      return yellow(word);
    case 'node-started':
    case 'proposed':
    case 'rollout-step':
    case 'wave-opened':
      return word;
  }
}

function subjectOf({ stream, sequence, digest }: AuditEntry): string {
  if (stream === undefined) return '';
  const at = sequence === undefined ? '' : ` ${String(sequence)}`;
  const short = digest === undefined ? '' : ` (${digest.slice(0, DIGEST_CHARS)})`;
  return `${stream}${at}${short}`;
}

function originOf({ via, by }: AuditEntry): string {
  const name = by === undefined ? '' : printable(by);
  if (via === 'admin') return `by ${name === '' ? 'an admin' : name}`;
  if (via === 'peer') return `from ${name}`;
  return via === 'store' ? 'found in the store' : name;
}

function signersOf({ signers = [] }: AuditEntry): string {
  const names = signers.map(({ id, keyId }) => id ?? keyId.slice(0, DIGEST_CHARS));
  return names.length === 0 ? '' : `signed by ${names.join(', ')}`;
}

/**
 * The subject alternative names of a verified certificate, from the text that node:tls gives.
 *
 * Node writes them as `DNS:a.example, URI:spiffe://…` and quotes a name that could be mistaken for
 * a separator as a JSON string (CVE-2021-44532). Anything that is not exactly of this form gives no
 * names at all: a name that is read wrongly could be somebody else's.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { CertificateNames } from '../../service/identity.ts';
import { ALT_NAMES_MAX_CHARS } from './alt-names-bound.ts';

const ENTRY = /([A-Za-z][A-Za-z0-9 ]*):("(?:[^"\\]|\\.)*"|[^",\\]*)(?:, |$)/y;

/** Reads `subjectaltname` of node:tls; absent gives no names. Errors: `ACCESS`. */
export function parseAltNames(text: string | undefined): CertificateNames {
  const uris: string[] = [];
  const dnsNames: string[] = [];
  if (text === undefined || text === '') return { uris, dnsNames };
  if (text.length > ALT_NAMES_MAX_CHARS) throw unreadable();
  const pattern = new RegExp(ENTRY);
  while (pattern.lastIndex < text.length) {
    const [entry, type = '', value = ''] = pattern.exec(text) ?? [];
    if (entry === undefined) throw unreadable();
    if (type === 'URI') uris.push(unquote(value));
    else if (type === 'DNS') dnsNames.push(unquote(value));
  }
  return { uris, dnsNames };
}

function unquote(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    if (typeof text === 'string') return text;
  } catch (cause) {
    throw unreadable(cause);
  }
  throw unreadable();
}

function unreadable(cause?: unknown): KedgeError {
  return new KedgeError('ACCESS', 'the names in the certificate cannot be read', { cause });
}

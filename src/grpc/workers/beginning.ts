/**
 * How a worker is to listen, and the TLS material of its node, as text for the pipe. The text has
 * the node's private key in it: it is never logged, and no argument or variable of a process.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto';
import { KedgeError } from '../../core/errors.ts';
import { Authorities, type Authority } from '../tls/authorities.ts';
import type { TlsMaterial } from '../tls/live-tls.ts';
import { recordIn, recordOf } from './plain.ts';

/** How a worker listens. */
export interface Beginning {
  readonly host: string;
  readonly port: number;
  readonly sessions: 'resumable' | 'full';
  /** How long a connection may rest on an older set of authorities, milliseconds. */
  readonly moveWithinMs: number;
  readonly material: TlsMaterial;
}

/** As text. */
export function beginningText({ material, ...rest }: Beginning): string {
  return JSON.stringify({ ...rest, material: plainMaterial(material) });
}

/** As text, for other material while a worker runs. */
export function materialText(material: TlsMaterial): string {
  return JSON.stringify(plainMaterial(material));
}

/** Reads what {@link beginningText} wrote. Errors: `PARSE`. */
export function parseBeginning(text: string): Beginning {
  const record = recordIn(text);
  return {
    host: textOf(record['host']),
    port: numberOf(record['port']),
    sessions: record['sessions'] === 'resumable' ? 'resumable' : 'full',
    moveWithinMs: numberOf(record['moveWithinMs']),
    material: materialOf(recordOf(record['material'])),
  };
}

/** Reads what {@link materialText} wrote. Errors: `PARSE`. */
export function parseMaterial(text: string): TlsMaterial {
  return materialOf(recordIn(text));
}

function plainMaterial({ cert, key, callers }: TlsMaterial): object {
  return {
    cert: cert.toString(),
    key: key.toString(),
    callers: callers.all.map(({ certificate, ...rest }) => {
      return { ...rest, pem: certificate.toString() };
    }),
  };
}

/** A worker calls nobody. */
function materialOf(record: Readonly<Record<string, unknown>>): TlsMaterial {
  const { callers } = record;
  if (!Array.isArray(callers)) throw new KedgeError('PARSE', 'no authorities');
  return {
    cert: Buffer.from(textOf(record['cert'])),
    key: Buffer.from(textOf(record['key'])),
    callers: new Authorities(callers.map((each) => authorityOf(recordOf(each)))),
    peers: new Authorities([]),
  };
}

function authorityOf({
  pem,
  state,
  distrustAfterMs,
}: Readonly<Record<string, unknown>>): Authority {
  return {
    certificate: new X509Certificate(textOf(pem)),
    state: state === 'active' ? 'active' : 'retiring',
    ...(distrustAfterMs !== undefined && { distrustAfterMs: numberOf(distrustAfterMs) }),
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  throw new KedgeError('PARSE', 'no text');
}

function numberOf(value: unknown): number {
  if (typeof value === 'number') return value;
  throw new KedgeError('PARSE', 'no number');
}

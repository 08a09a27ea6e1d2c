/**
 * The fields of a request, held to RFC 9113 section 8: what is malformed ends its stream.
 *
 * @module
 */
import { Http2Error } from './errors.ts';
import type { Field } from './hpack/field.ts';

const PSEUDO = [':method', ':scheme', ':path', ':authority'];
const REQUIRED = [':method', ':scheme', ':path'];
const OF_CONNECTIONS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
];
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const BAD_VALUE = /[\r\n]|^[ \t]|[ \t]$/;
const DIGITS = /^\d{1,15}$/;

/** A request that is well-formed. */
export class Request {
  readonly #fields: readonly Field[];

  /** Errors: `PROTOCOL_ERROR` for the stream. */
  constructor(fields: readonly Field[]) {
    this.#fields = fields;
    let isBehindPseudo = false;
    const seen = new Set<string>();
    for (const [name, value] of fields) {
      if (!name.startsWith(':')) {
        isBehindPseudo = true;
        checkField(name, value);
      } else if (isBehindPseudo || seen.has(name) || !PSEUDO.includes(name)) {
        throw malformed(`the pseudo field ${name} is out of place`);
      } else {
        seen.add(name);
      }
    }
    for (const name of REQUIRED) {
      if ((this.field(name) ?? '') === '') throw malformed(`the field ${name} is missing`);
    }
  }

  /** The first value of a field; names are in lower case. */
  field(name: string): string | undefined {
    for (const [each, value] of this.#fields) if (each === name) return value;
    return undefined;
  }

  /** How long the body is to be; absent when it was not said. Errors: `PROTOCOL_ERROR`. */
  get bodyBytes(): number | undefined {
    const text = this.field('content-length');
    if (text === undefined) return undefined;
    if (!DIGITS.test(text)) throw malformed('content-length is no number');
    return Number(text);
  }
}

/** Checks fields that stand behind a body. Errors: `PROTOCOL_ERROR` for the stream. */
export function checkTrailers(fields: readonly Field[]): void {
  for (const [name, value] of fields) checkField(name, value);
}

function checkField(name: string, value: string): void {
  if (!NAME.test(name)) throw malformed('a name of a field has characters that it must not have');
  if (BAD_VALUE.test(value) || value.includes('\0')) {
    throw malformed(`the field ${name} has a value that it must not have`);
  }
  if (OF_CONNECTIONS.includes(name) || (name === 'te' && value !== 'trailers')) {
    throw malformed(`the field ${name} belongs to HTTP/1.1`);
  }
}

function malformed(message: string): Http2Error {
  return new Http2Error('PROTOCOL_ERROR', message, 'stream');
}

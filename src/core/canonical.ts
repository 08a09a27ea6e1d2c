/**
 * The bytes of everything that is signed: RFC 8785 (JCS) for objects, arrays, strings, safe
 * integers and booleans.
 *
 * One meaning has one byte string: input is accepted only when it is exactly what encoding its
 * value gives. That alone refuses duplicate keys, spaces, other key orders, other number forms and
 * needless escapes, so no parser can read something else out of the same bytes. Nulls and fractions
 * are refused because languages disagree about them. Spec section 1.
 *
 * @module
 */
import { encodeUtf8, parseUtf8 } from './bytes.ts';
import { KedgeError } from './errors.ts';
import { JSON_MAX_DEPTH } from './limits.ts';

/** A value that has canonical bytes. Numbers are safe integers. */
export type CanonicalValue =
  | string
  | number
  | boolean
  | readonly CanonicalValue[]
  | CanonicalObject;

/** An object that has canonical bytes; parsed ones have no prototype. */
export interface CanonicalObject {
  readonly [key: string]: CanonicalValue;
}

/** What {@link parseCanonical} has to know about its input. */
export interface CanonicalInput {
  readonly maxBytes: number;
  /** Names the input in messages, for example `release body`. */
  readonly what: string;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Parses canonical JSON; size and depth are checked before anything is parsed.
 *
 * Errors: `LIMIT` (larger than `maxBytes`, or nested too deeply), `PARSE` (anything else). Rules
 * JS-1 to JS-6.
 */
export function parseCanonical(bytes: Uint8Array, input: CanonicalInput): CanonicalValue {
  const { maxBytes, what } = input;
  if (bytes.length > maxBytes) {
    throw new KedgeError(
      'LIMIT',
      `${what} has ${bytes.length} bytes; at most ${maxBytes} are allowed`,
      { detail: { what, size: bytes.length, max: maxBytes } },
    );
  }
  requireDepth(bytes, what);
  const text = parseUtf8(bytes);
  const value = toCanonical(parseJson(text, what), what);
  if (stringify(value) !== text) {
    throw new KedgeError(
      'PARSE',
      `${what} is not canonical JSON (RFC 8785): look for spaces, duplicate or unsorted keys, ` +
        'number forms such as 1.0 or 1e3, and needless escapes',
      { detail: { what } },
    );
  }
  return value;
}

/** Encodes a value as canonical JSON. Errors: `PARSE` (the value has no canonical form). */
export function encodeCanonical(value: CanonicalValue): Uint8Array {
  return encodeUtf8(stringify(toCanonical(value, 'the value')));
}

/**
 * Joins the members of an object whose values are canonical text already; the caller vouches for
 * them.
 */
export function joinCanonical(members: ReadonlyMap<string, string>): Uint8Array {
  const sorted = [...members.keys()].sort();
  return encodeUtf8(`{${sorted.map((key) => member(key, members.get(key) ?? '')).join(',')}}`);
}

/** The canonical text of a value that was parsed as canonical. */
export function canonicalText(value: CanonicalValue): string {
  return stringify(value);
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's message quotes the input, which may be anything; it stays in the cause.
    throw new KedgeError('PARSE', `${what} is not JSON`, { detail: { what }, cause });
  }
}

/** JS-2: the nesting is counted on the bytes, so that no parser recurses into a deep document. */
function requireDepth(bytes: Uint8Array, what: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i += 1) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > JSON_MAX_DEPTH) throw tooDeep(what);
    } else if (byte === 0x5d || byte === 0x7d) {
      depth -= 1;
    }
  }
}

/** Copies a value into null-prototype objects and refuses what has no canonical form. */
function toCanonical(value: unknown, what: string, depth = 0): CanonicalValue {
  switch (typeof value) {
    case 'string':
      requireWellFormed(value, what);
      return value;
    case 'number':
      if (Number.isSafeInteger(value)) return value;
      throw refused(what, `the number ${value}; only integers within ±(2^53 - 1) are allowed`);
    case 'boolean':
      return value;
    case 'object':
      if (value === null) throw refused(what, 'null');
      if (depth >= JSON_MAX_DEPTH) throw tooDeep(what);
      if (Array.isArray(value)) {
        // Unlike map, from visits the holes of a list, which are then refused.
        return Array.from(value, (item: unknown) => toCanonical(item, what, depth + 1));
      }
      return toCanonicalObject(value, what, depth + 1);
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      throw refused(what, `a value of type ${typeof value}`);
  }
}

function toCanonicalObject(value: object, what: string, depth: number): CanonicalObject {
  const object: Record<string, CanonicalValue> = {};
  Object.setPrototypeOf(object, null);
  for (const [key, member] of Object.entries(value)) {
    // Own and harmless here, but code that copies objects elsewhere would set a prototype with it.
    if (key === '__proto__') throw refused(what, 'the key __proto__');
    requireWellFormed(key, what);
    object[key] = toCanonical(member, what, depth);
  }
  return object;
}

function stringify(value: CanonicalValue): string {
  // For strings and safe integers JSON.stringify is RFC 8785 section 3.2.2; -0 becomes 0.
  if (typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) return `[${value.map(stringify).join(',')}]`;
  const object = value;
  // The default order of sort() is by UTF-16 code units, as RFC 8785 section 3.2.3 demands.
  const members = Object.keys(object)
    .sort()
    .map((key) => member(key, stringify(object[key] ?? '')));
  return `{${members.join(',')}}`;
}

function member(key: string, text: string): string {
  return `${JSON.stringify(key)}:${text}`;
}

function isList(
  value: readonly CanonicalValue[] | CanonicalObject,
): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}

function requireWellFormed(text: string, what: string): void {
  if (LONE_SURROGATE.test(text)) throw refused(what, 'text with half of a surrogate pair');
}

function tooDeep(what: string): KedgeError {
  return new KedgeError('LIMIT', `${what} is nested deeper than ${JSON_MAX_DEPTH} levels`, {
    detail: { what, max: JSON_MAX_DEPTH },
  });
}

function refused(what: string, thing: string): KedgeError {
  return new KedgeError('PARSE', `${what} contains ${thing}`, { detail: { what } });
}

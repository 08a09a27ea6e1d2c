/**
 * Typed reading of parsed documents: exact key sets, one check per field, messages with a path.
 *
 * Every body parser reads through this, so that an unknown key is refused everywhere: a field that
 * an old reader would skip could change what a new reader trusts.
 *
 * @module
 */
import { parseBase64 } from './bytes.ts';
import type { CanonicalObject, CanonicalValue } from './canonical.ts';
import { KedgeError } from './errors.ts';
import { TEXT_MAX_CHARS } from './limits.ts';

/** Which keys an object has: all of `required`, some of `optional`, no other. */
export interface KeySet<Required extends string, Optional extends string> {
  readonly required: readonly Required[];
  readonly optional?: readonly Optional[];
}

/** Bounds of an integer, both included. */
export interface IntegerBounds {
  readonly min: number;
  readonly max: number;
}

/** Bounds of a list's length, both included. */
export interface ListBounds {
  readonly min?: number;
  readonly max: number;
}

/** An object whose keys are checked; each method reads one field. Errors of all: `PARSE`. */
export class ObjectReader<Key extends string> {
  readonly #object: CanonicalObject;
  /** Where the object stands in its document, for messages. */
  readonly path: string;

  constructor(object: CanonicalObject, path: string) {
    this.#object = object;
    this.path = path;
  }

  /** Says whether an optional field is there. */
  has(key: Key): boolean {
    return Object.hasOwn(this.#object, key);
  }

  /** The field as it is. */
  value(key: Key): CanonicalValue {
    const value = this.has(key) ? this.#object[key] : undefined;
    if (value === undefined) throw wrong(this.#at(key), 'is missing');
    return value;
  }

  /** A string. */
  string(key: Key): string {
    return readString(this.value(key), this.#at(key));
  }

  /** A string for people: at most `TEXT_MAX_CHARS` long. Errors: also `LIMIT`. */
  text(key: Key): string {
    const text = this.string(key);
    if (text.length <= TEXT_MAX_CHARS) return text;
    throw tooMany(this.#at(key), `${text.length} characters`, TEXT_MAX_CHARS);
  }

  /** A string that `parse` turns into something typed; the path is added to its error. */
  parsed<Value>(key: Key, parse: (text: string) => Value): Value {
    return parseAt(this.string(key), this.#at(key), parse);
  }

  /** A string that must be one of a few. */
  oneOf<Value extends string>(key: Key, values: readonly Value[]): Value {
    const text = this.string(key);
    const found = values.find((value) => value === text);
    if (found === undefined) throw wrong(this.#at(key), `must be one of ${values.join(', ')}`);
    return found;
  }

  /** An integer within bounds. */
  integer(key: Key, { min, max }: IntegerBounds): number {
    const value = this.value(key);
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw wrong(this.#at(key), `must be an integer from ${min} to ${max}`);
  }

  /** A boolean. */
  boolean(key: Key): boolean {
    const value = this.value(key);
    if (typeof value === 'boolean') return value;
    throw wrong(this.#at(key), 'must be true or false');
  }

  /** Bytes as canonical base64. Errors: also `LIMIT`. */
  bytes(key: Key, { maxBytes }: { readonly maxBytes: number }): Uint8Array {
    const text = this.string(key);
    const size = Math.floor((text.length * 3) / 4);
    if (size > maxBytes + 2) throw tooMany(this.#at(key), `${size} bytes`, maxBytes);
    const bytes = parseAt(text, this.#at(key), parseBase64);
    if (bytes.length > maxBytes) throw tooMany(this.#at(key), `${bytes.length} bytes`, maxBytes);
    return bytes;
  }

  /** An object with exact keys. */
  object<Required extends string, Optional extends string = never>(
    key: Key,
    keys: KeySet<Required, Optional>,
  ): ObjectReader<Required | Optional> {
    return readObject(this.value(key), this.#at(key), keys);
  }

  /** A list, each item read by `read` with its path. Errors: also `LIMIT`, before any item. */
  list<Item>(
    key: Key,
    { min = 0, max }: ListBounds,
    read: (item: CanonicalValue, path: string) => Item,
  ): readonly Item[] {
    const value = this.value(key);
    const path = this.#at(key);
    if (!isList(value)) throw wrong(path, 'must be a list');
    if (value.length > max) throw tooMany(path, `${value.length} items`, max);
    if (value.length < min) throw wrong(path, `must have at least ${min} item(s)`);
    return value.map((item, index) => read(item, `${path}[${index}]`));
  }

  #at(key: Key): string {
    return `${this.path}.${key}`;
  }
}

/** Starts reading an object whose keys must be exactly those given. Errors: `PARSE`. */
export function readObject<Required extends string, Optional extends string = never>(
  value: CanonicalValue,
  path: string,
  keys: KeySet<Required, Optional>,
): ObjectReader<Required | Optional> {
  if (typeof value !== 'object' || isList(value)) throw wrong(path, 'must be an object');
  const known = new Set<string>([...keys.required, ...(keys.optional ?? [])]);
  const unknown = Object.keys(value).find((key) => !known.has(key));
  if (unknown !== undefined) {
    throw new KedgeError(
      'PARSE',
      `${path} has an unknown key ${JSON.stringify(unknown.slice(0, 80))}`,
      { detail: { path, known: [...known] } },
    );
  }
  const missing = keys.required.find((key) => !Object.hasOwn(value, key));
  if (missing !== undefined) throw wrong(`${path}.${missing}`, 'is missing');
  return new ObjectReader<Required | Optional>(value, path);
}

/** Reads a string that stands alone, for example in a list. Errors: `PARSE`. */
export function readString(value: CanonicalValue, path: string): string {
  if (typeof value === 'string') return value;
  throw wrong(path, 'must be a string');
}

/** Runs a parser and adds the path to its `KedgeError`; code and detail stay. */
export function parseAt<Input, Value>(
  input: Input,
  path: string,
  parse: (input: Input) => Value,
): Value {
  try {
    return parse(input);
  } catch (thrown) {
    const cause = KedgeError.from(thrown);
    throw new KedgeError(cause.code, `${path}: ${cause.message}`, { detail: cause.detail, cause });
  }
}

/** Checks that texts strictly ascend (UTF-16 code units), so nothing repeats. Errors: `PARSE`. */
export function requireAscending(texts: readonly string[], path: string): void {
  let before: string | undefined;
  for (const text of texts) {
    if (before !== undefined && text <= before) {
      throw wrong(path, `must be sorted without repetition; see ${JSON.stringify(text)}`);
    }
    before = text;
  }
}

function isList(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}

function wrong(path: string, what: string): KedgeError {
  return new KedgeError('PARSE', `${path} ${what}`, { detail: { path } });
}

function tooMany(path: string, has: string, max: number): KedgeError {
  return new KedgeError('LIMIT', `${path} has ${has}; at most ${max} are allowed`, {
    detail: { path, max },
  });
}

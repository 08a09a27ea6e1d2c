/**
 * Deltas: how one body is rebuilt from another one, byte for byte.
 *
 * A patch is canonical JSON like the body itself and works on entries by their id, without knowing
 * what is in them. Nothing rests on it: the reader hashes what comes out and compares with the
 * signed digest; the checks here only bound the work and give clear messages. Spec section 6.
 *
 * @module
 */
import { equalBytes } from '../bytes.ts';
import {
  type CanonicalObject,
  type CanonicalValue,
  canonicalText,
  encodeCanonical,
  joinCanonical,
  parseCanonical,
} from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import { type AnchorId, parseSha256 } from '../ids.ts';
import { ANCHORS_MAX, BODY_MAX_BYTES, TOMBSTONES_MAX } from '../limits.ts';
import { parseAt, readObject, readString, requireAscending } from '../reader.ts';
import { noteContent, readContent } from './content.ts';

/** The entries of one list by id, in the order of the ids. */
type Entries = ReadonlyMap<AnchorId, CanonicalValue>;

/** A body taken apart as far as a patch needs. */
interface Parts {
  readonly anchors: Entries;
  readonly tombstones: Entries;
  readonly rest: CanonicalObject;
}

interface ListPatch {
  readonly remove: readonly AnchorId[];
  readonly set: Entries;
}

/** The text of an entry; entries are never changed. */
const texts = new WeakMap<object, string>();
/** By the value of the body: it is the head of one release and the base of the next. */
const split = new WeakMap<object, Parts>();

/** What was made of a base last, and with what: what is refused may come again, from others. */
const made = new WeakMap<Uint8Array, { readonly patch: Uint8Array; readonly head: Uint8Array }>();

/** Makes the patch that turns `base` into `head`; both are bodies. Errors: `PARSE`, `LIMIT`. */
export function diffBodies(base: Uint8Array, head: Uint8Array): Uint8Array {
  const from = splitBody(base, 'base body');
  const to = splitBody(head, 'head body');
  return encodeCanonical({
    anchors: diffEntries(from.anchors, to.anchors),
    rest: to.rest,
    tombstones: diffEntries(from.tombstones, to.tombstones),
  });
}

/**
 * Takes a body apart for the patches that build on it, which is most of the work of the first of
 * them; those that follow find it done. Errors: `PARSE`, `LIMIT`.
 */
export function takeApart(base: Uint8Array): void {
  const { anchors } = splitBody(base, 'base body');
  textOfAll(anchors);
}

/**
 * Rebuilds the body that `patch` makes of `base`. The caller compares its digest with the signed
 * one (DL-5) before it uses it. Errors: `PARSE`, `LIMIT`.
 */
export function applyPatch(base: Uint8Array, patch: Uint8Array): Uint8Array {
  const known = made.get(base);
  if (known !== undefined && equalBytes(known.patch, patch)) return known.head;
  const head = rebuild(base, patch);
  made.set(base, { patch, head });
  return head;
}

function rebuild(base: Uint8Array, patch: Uint8Array): Uint8Array {
  const value = parseCanonical(patch, { maxBytes: BODY_MAX_BYTES, what: 'patch' });
  const read = readObject(value, 'patch', { required: ['anchors', 'rest', 'tombstones'] });
  const from = splitBody(base, 'base body');
  const anchors = readPatch(read.value('anchors'), 'patch.anchors', ANCHORS_MAX);
  const tombstones = readPatch(read.value('tombstones'), 'patch.tombstones', TOMBSTONES_MAX);
  const rest = readRest(read.value('rest'), 'patch.rest');
  const parts = {
    anchors: patchEntries(from.anchors, anchors, 'patch.anchors'),
    tombstones: patchEntries(from.tombstones, tombstones, 'patch.tombstones'),
    rest,
  };
  const head = joinParts(parts);
  if (head.length > BODY_MAX_BYTES) {
    throw new KedgeError('LIMIT', 'the patch makes a body that is too large');
  }
  noteParts(head, parts);
  return head;
}

function diffEntries(from: Entries, to: Entries): CanonicalObject {
  const remove = [...from.keys()].filter((id) => !to.has(id));
  const set = [...to].filter(([id, entry]) => textOf(from.get(id)) !== textOf(entry));
  return { remove, set: set.map(([, entry]) => entry) };
}

/** DL-3: what is removed must be there; what is set is added or replaced; the order is by id. */
function patchEntries(base: Entries, patch: ListPatch, path: string): Entries {
  const entries = new Map(base);
  for (const id of patch.remove) {
    if (!entries.delete(id)) throw wrong(`${path}.remove`, `names ${id}, which the base has not`);
  }
  const { size } = entries;
  for (const [id, entry] of patch.set) entries.set(id, entry);
  if (entries.size === size) return entries;
  return new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The bytes of a body; most of its entries come from the base, whose text is known. */
function joinParts({ anchors, tombstones, rest }: Parts): Uint8Array {
  const members = new Map(Object.entries(rest).map(([key, part]) => [key, canonicalText(part)]));
  members.set('anchors', textOfAll(anchors));
  members.set('tombstones', textOfAll(tombstones));
  return joinCanonical(members);
}

/** The next patch builds on this body, and its readers need not take it apart. */
function noteParts(bytes: Uint8Array, parts: Parts): void {
  const { anchors, tombstones, rest } = parts;
  const value = { ...rest, anchors: [...anchors.values()], tombstones: [...tombstones.values()] };
  split.set(value, parts);
  noteContent(bytes, value);
}

/** DL-2: both lists are sorted, and no id is in both. */
function readPatch(value: CanonicalValue, path: string, max: number): ListPatch {
  const read = readObject(value, path, { required: ['remove', 'set'] });
  const remove = read.list('remove', { max }, (item, at) =>
    parseAt(readString(item, at), at, parseSha256),
  );
  requireAscending(remove, `${path}.remove`);
  const set = readEntries(read.list('set', { max }, readEntry), `${path}.set`);
  const both = remove.find((id) => set.has(id));
  if (both !== undefined) throw wrong(path, `removes and sets ${both}`);
  return { remove, set };
}

function splitBody(bytes: Uint8Array, what: string): Parts {
  const value = readContent(bytes, what);
  if (typeof value !== 'object' || isList(value)) throw wrong(what, 'must be an object');
  const known = split.get(value);
  if (known !== undefined) return known;
  const parts = readParts(value, what);
  split.set(value, parts);
  return parts;
}

function readParts(value: CanonicalObject, what: string): Parts {
  const { anchors = '', tombstones = '', ...rest } = value;
  return {
    anchors: readEntries(requireList(anchors, `${what}.anchors`), `${what}.anchors`),
    tombstones: readEntries(requireList(tombstones, `${what}.tombstones`), `${what}.tombstones`),
    rest,
  };
}

/** DL-4: everything of a body but its two lists. */
function readRest(value: CanonicalValue, path: string): CanonicalObject {
  if (typeof value !== 'object' || isList(value)) throw wrong(path, 'must be an object');
  if ('anchors' in value || 'tombstones' in value) throw wrong(path, 'may not hold the lists');
  return value;
}

function requireList(value: CanonicalValue, path: string): readonly CanonicalValue[] {
  if (isList(value)) return value;
  throw wrong(path, 'must be a list');
}

function readEntries(values: readonly CanonicalValue[], path: string): Entries {
  const entries = values.map((value, index) => [idOf(value, `${path}[${index}]`), value] as const);
  requireAscending(
    entries.map(([id]) => id),
    path,
  );
  return new Map(entries);
}

function readEntry(value: CanonicalValue): CanonicalValue {
  return value;
}

function idOf(value: CanonicalValue, path: string): AnchorId {
  if (typeof value !== 'object' || isList(value)) throw wrong(path, 'must be an object');
  return parseAt(readString(value['id'] ?? '', `${path}.id`), `${path}.id`, parseSha256);
}

function textOf(value: CanonicalValue | undefined): string {
  if (typeof value !== 'object') return '';
  const text = texts.get(value) ?? canonicalText(value);
  texts.set(value, text);
  return text;
}

function textOfAll(entries: Entries): string {
  return `[${Array.from(entries.values(), textOf).join(',')}]`;
}

function isList(value: CanonicalValue): value is readonly CanonicalValue[] {
  return Array.isArray(value);
}

function wrong(path: string, what: string): KedgeError {
  return new KedgeError('PARSE', `${path} ${what}`, { detail: { path } });
}

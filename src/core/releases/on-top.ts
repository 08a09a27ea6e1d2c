/**
 * Reading a whole body with the help of the one that it follows.
 *
 * Admins hand in bodies whole, and all but a few of their anchors stand in the release before, in
 * the same bytes. Those are not read again, and stay the same objects as after a patch: what was
 * worked out of them counts on. The others are read as the body that has no more than them, so they
 * are held to the same rules. Where that does not work out, nothing is noted, and the body is read
 * like any other one. Spec rules RB-1 and RB-2.
 *
 * @module
 */
import { encodeUtf8, parseUtf8 } from '../bytes.ts';
import type { CanonicalValue } from '../canonical.ts';
import { KedgeError } from '../errors.ts';
import type { AnchorId } from '../ids.ts';
import { BODY_MAX_BYTES } from '../limits.ts';
import { type Entries, noteWhole, splitBody, textOf } from './delta.ts';

const FRONT = '{"anchors":[';
/** Anchors in a row that may be gone; more are not looked for. */
const GONE_MAX = 16;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** One anchor of a body: that of the base, or the text of another one. */
type Scanned = readonly [AnchorId, CanonicalValue] | string;

/** Notes what `body` says, as far as that follows from `base`. Never throws. */
export function readOnTop(base: Uint8Array, body: Uint8Array): void {
  if (body.length > BODY_MAX_BYTES) return;
  try {
    const text = parseUtf8(body);
    const scanned = scan(text, splitBody(base, 'base body').anchors);
    if (scanned === undefined) return;
    const fresh = scanned.list.filter((anchor) => typeof anchor === 'string');
    const smaller = `${FRONT}${fresh.join(',')}${text.slice(scanned.end)}`;
    const parts = splitBody(encodeUtf8(smaller), 'body');
    const anchors = join(scanned.list, [...parts.anchors]);
    if (anchors !== undefined) noteWhole(body, { ...parts, anchors });
  } catch (thrown) {
    // Whoever reads it without this says what is wrong with it.
    if (!(thrown instanceof KedgeError)) throw thrown;
  }
}

/** The anchors of a body in the order of its text, and where their list ends. */
function scan(
  text: string,
  base: Entries,
): { readonly list: readonly Scanned[]; readonly end: number } | undefined {
  if (!text.startsWith(FRONT)) return undefined;
  const known = [...base];
  const list: Scanned[] = [];
  let next = 0;
  let at = FRONT.length;
  while (text[at] === '{') {
    const place = known
      .slice(next, next + GONE_MAX)
      .findIndex(([, value]) => text.startsWith(textOf(value), at));
    const anchor = place < 0 ? objectAt(text, at) : known[next + place];
    if (anchor === undefined) return undefined;
    list.push(anchor);
    if (place >= 0) next += place + 1;
    at += typeof anchor === 'string' ? anchor.length : textOf(anchor[1]).length;
    if (text[at] === ',' && text[at + 1] === '{') at += 1;
  }
  return text[at] === ']' ? { list, end: at } : undefined;
}

/** The text of the object that begins at a place; absent where it does not end. */
function objectAt(text: string, from: number): string | undefined {
  let depth = 0;
  let isString = false;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (isString && code === BACKSLASH) at += 1;
    else if (code === QUOTE) isString = !isString;
    else if (!isString && code === 0x7b) depth += 1;
    else if (!isString && code === 0x7d) depth -= 1;
    if (depth === 0) return text.slice(from, at + 1);
  }
  return undefined;
}

/** All anchors, where the texts stand for `fresh`; absent when their ids do not ascend. */
function join(
  list: readonly Scanned[],
  fresh: readonly (readonly [AnchorId, CanonicalValue])[],
): Entries | undefined {
  const anchors = new Map<AnchorId, CanonicalValue>();
  let taken = 0;
  let last = '';
  for (const anchor of list) {
    const entry = typeof anchor === 'string' ? fresh[taken++] : anchor;
    if (entry === undefined || entry[0] <= last) return undefined;
    [last] = entry;
    anchors.set(...entry);
  }
  return taken === fresh.length ? anchors : undefined;
}

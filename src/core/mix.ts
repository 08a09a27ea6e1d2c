/**
 * Cheap 32-bit hashing of names, for choices and summaries that no trust rests on.
 *
 * FNV-1a spreads a name over 32 bits, the finalizer of MurmurHash3 mixes two such numbers. Both are
 * easy to invert: whoever chooses a name chooses its hash. So they decide who links to whom and
 * where to look for a difference, never what is true.
 *
 * @module
 */

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** Hashes a text to an unsigned 32-bit number. */
export function hashText(text: string): number {
  let hash = FNV_OFFSET;
  for (let i = 0; i < text.length; i += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(i), FNV_PRIME);
  }
  return mix32(hash, 0);
}

/** Mixes two 32-bit numbers to an unsigned one; the order of the arguments matters. */
export function mix32(a: number, b: number): number {
  let mixed = a ^ Math.imul(b + 0x9e3779b9, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

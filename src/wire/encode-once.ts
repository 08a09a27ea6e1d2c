/**
 * Encode once, send many times: a node fans one update out to thousands of subscribers and pushes
 * one frame to all its peers.
 *
 * @module
 */

/**
 * Wraps an encoder so that the same object is encoded once while it lives. Safe because core values
 * are never changed; the bytes go with the object.
 */
export function encodeOnce<T extends object>(encode: (value: T) => Buffer): (value: T) => Buffer {
  const known = new WeakMap<T, Buffer>();
  return (value) => {
    const cached = known.get(value);
    if (cached !== undefined) return cached;
    const bytes = encode(value);
    known.set(value, bytes);
    return bytes;
  };
}

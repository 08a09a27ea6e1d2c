/**
 * The fields that both sides know from the start, and how to find one: RFC 7541 appendix A.
 *
 * @module
 */
import type { Field } from './field.ts';

/** The table in its order; the first one has index 1. */
export const STATIC_FIELDS: readonly Field[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

/** The first index of each name. */
const NAMES: ReadonlyMap<string, number> = new Map(
  STATIC_FIELDS.map(([name], at): [string, number] => [name, at + 1]).reverse(),
);

/** The index of a name, 0 when it has none. */
export function staticName(name: string): number {
  return NAMES.get(name) ?? 0;
}

/** The index of a whole field, 0 when it has none. */
export function staticField([name, value]: Field): number {
  // Fields of one name lie beside each other.
  for (let index = staticName(name); index > 0; index += 1) {
    const known = STATIC_FIELDS[index - 1];
    if (known?.[0] !== name) return 0;
    if (known[1] === value) return index;
  }
  return 0;
}

/**
 * One header field as HPACK sees it: octets, which are neither checked nor given a meaning here.
 *
 * @module
 */

/** Name and value; each character is one octet (Latin-1). */
export type Field = readonly [name: string, value: string];

/** What an entry costs beside its octets, for tables and lists alike. */
const OVERHEAD_BYTES = 32;

/** The size of a field: RFC 7541 section 4.1, and RFC 9113 section 6.5.2 for lists. */
export function fieldBytes([name, value]: Field): number {
  return name.length + value.length + OVERHEAD_BYTES;
}

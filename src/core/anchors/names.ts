/**
 * Names of certificates as they are compared when chains are built.
 *
 * @module
 */

/** OpenSSL compares names without case and with single spaces; see RFC 5280 section 7.1. */
export function foldName(name: string): string {
  return name
    .toLowerCase()
    .replace(/\\ /g, ' ')
    .replace(/ +/g, ' ')
    .replace(/= /g, '=')
    .replace(/ $/gm, '');
}

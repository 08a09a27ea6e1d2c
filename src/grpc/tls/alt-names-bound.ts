/**
 * How long the text of a certificate's names may be, known also where nobody reads the names.
 *
 * @module
 */

/** Characters of `subjectaltname` of node:tls; a longer text names nobody. */
export const ALT_NAMES_MAX_CHARS: number = 64 * 1024;

/** As much of the text as decides whom it names: a certificate of 100 KB can have 500,000. */
export function boundedAltNames(text: string | undefined): string | undefined {
  return text?.slice(0, ALT_NAMES_MAX_CHARS + 1);
}

/**
 * What a node says of the software that it runs, beside its record.
 *
 * No signature covers it: it is the word of the node itself on a link to it, else of whoever passed
 * it on. It is shown to people and warned by; nothing is decided by it.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { SOFTWARE_VERSION_MAX_CHARS } from '../limits.ts';

/** The software of one node. */
export interface Software {
  readonly version: string;
  /** Up to which level it understands what is signed: `statements/document-level.ts`. */
  readonly documents: number;
}

/** Who says it. */
export type SoftwareSource = 'itself' | 'others';

const VERSION = /^[0-9A-Za-z][0-9A-Za-z.+-]*$/;

/** Requires that it can be shown as it is. Errors: `PARSE`. */
export function checkSoftware(software: Software): Software {
  const { version, documents } = software;
  const isFit = version.length <= SOFTWARE_VERSION_MAX_CHARS && VERSION.test(version);
  if (isFit && Number.isSafeInteger(documents) && documents >= 0) return software;
  throw new KedgeError('PARSE', 'not a version of software');
}

/**
 * Whether a node may note what it is told: the last word of the member itself, and of others only
 * what is not known at all, so that nobody who passes it on changes it.
 */
export function isNewSoftware(
  known: Software | undefined,
  told: Software | undefined,
  source: SoftwareSource,
): told is Software {
  if (told === undefined) return false;
  if (known === undefined) return true;
  const isSame = known.version === told.version && known.documents === told.documents;
  return source === 'itself' && !isSame;
}

/** A record together with what is told of the software. */
export function withSoftware<Signed extends object>(
  signed: Signed,
  software: Software | undefined,
): Signed & { readonly software?: Software } {
  return software === undefined ? signed : { ...signed, software };
}

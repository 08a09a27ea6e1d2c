/**
 * How a failure looks: `error: <what>`, then what to do, then the code and where to read on.
 *
 * @module
 */
import type { ErrorCode, KedgeError } from '../core/errors.ts';
import { EXIT_CODES } from './exit-codes.ts';
import type { Json } from './output.ts';
import { printable, type Styles } from './terminal/styles.ts';

/** What to do about a code when the error itself does not say; one line each. */
const REMEDIES: Readonly<Record<ErrorCode, string>> = {
  PARSE: 'check that the file is the right one and was not edited or cut short',
  LIMIT: 'make it smaller; the limits are in docs/spec.md, section 1',
  TYPE: 'check that the file is for this realm, stream and bundle',
  REALM: 'check --realm and --pin (or the profile) against what the realm owner published',
  KEY: 'use a fresh Ed25519, P-256 or P-384 key that has no other role',
  ALGORITHM: 'update Kedge on this machine',
  THRESHOLD:
    'collect more signatures: kedge proposal create <draft>, or kedge release sign <draft>',
  GAP: 'fetch what is missing: start again from the newest release of a node',
  PREVIOUS: 'draft again on top of the newest release: kedge release draft',
  ROLLBACK: 'draft again on top of the newest release; ask another node if this one is behind',
  FORK: 'stop publishing to this stream and find out who signed both: docs/errors.md#fork',
  EXPIRED: 'check the clock of this machine, then draft and sign again',
  DIGEST: 'copy the file again; if it happens twice, treat it as tampering',
  LIFECYCLE:
    'see `kedge release show <draft>` for the states; where it names a time, draft again then',
  BLAST_RADIUS: 'split the change, or have the charter signers sign it as well',
  POLICY: 'the charter decides: kedge charter show',
  PROOF: 'ask another node, and report this one',
  QUORUM: 'wait for more regions, then try again',
  STALE: 'check that the node reaches its peers: kedge node status',
  CONFLICT: 'another admin was faster: draft again on top of the newest release',
  ACCESS: 'use a certificate that the node maps to the needed role (identities in its config)',
  UNAVAILABLE:
    'check the address (listen.admins of the node) and that the node runs; kedge node status ' +
    '--wait waits for one that is starting',
  STORE: 'check the path, free space and permissions',
  CONFIG: 'see --help of the command',
  BUG: 'this is a fault of Kedge: please report it with the command and this message',
};

/** A failure as text for a terminal. */
export function formatFailure(error: KedgeError, styles: Styles): string {
  const lines = [`${styles.red('error:')} ${printableLines(error.message)}`];
  lines.push(`  ${styles.bold('what to do:')} ${printableLines(hintOf(error))}`);
  const anchor = error.code.toLowerCase();
  const exit = EXIT_CODES[error.code];
  lines.push(styles.dim(`  ${error.code} (exit code ${exit}), docs/errors.md#${anchor}`));
  return `${lines.join('\n')}\n`;
}

/** A failure as JSON. */
export function failureJson(error: KedgeError): Json {
  const detail = Object.fromEntries(Object.entries(error.detail).filter(([key]) => key !== 'hint'));
  return {
    error: {
      code: error.code,
      message: error.message,
      hint: hintOf(error),
      exitCode: EXIT_CODES[error.code],
      detail,
    },
  };
}

/** What to do about an error: what it says itself, or what helps with its code. */
export function hintOf(error: KedgeError): string {
  const hint = error.detail['hint'];
  return typeof hint === 'string' ? hint : REMEDIES[error.code];
}

// Messages may quote names from files and nodes.
function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n  ');
}

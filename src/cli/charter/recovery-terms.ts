/**
 * The recovery role of a charter as options of the command line. Only digests of its keys go into a
 * charter: the keys themselves, public ones included, stay hidden until they are needed.
 *
 * @module
 */
import type { Command } from 'commander';
import type { RecoveryRole } from '../../core/charter/model.ts';
import { KedgeError } from '../../core/errors.ts';
import { parseSha256, type RealmName, type Sha256 } from '../../core/ids.ts';
import { collect } from '../help.ts';
import type { Session } from '../session.ts';
import { loadPublicKey } from './terms.ts';

/** How the role `recovery` becomes another one. */
export interface RecoveryOptions {
  readonly recoveryKey?: readonly string[];
  readonly recoveryThreshold?: string;
}

/** How long a charter that recovery keys sign may be valid. */
const RECOVERY_DAYS = 365;

const DIGEST = /^[0-9a-f]{64}$/;

/** Adds the options of {@link RecoveryOptions}. */
export function addRecoveryOptions(command: Command): Command {
  return command
    .option(
      '--recovery-key <file|digest>',
      'key that may replace a lost charter quorum: its public key or its id; repeat it',
      collect,
    )
    .option(
      '--recovery-threshold <count>',
      'recovery keys that it takes (default: more than half)',
    );
}

/** The role that the options describe, if any. Errors: `CONFIG`, those of keys. */
export async function recoveryRoleOf(
  session: Session,
  realm: RealmName,
  options: RecoveryOptions,
): Promise<RecoveryRole | undefined> {
  const { recoveryKey } = options;
  if (recoveryKey === undefined) {
    if (options.recoveryThreshold === undefined) return undefined;
    throw new KedgeError('CONFIG', '--recovery-threshold needs the keys as well', {
      detail: { hint: 'give --recovery-key for each' },
    });
  }
  const keyDigests: Sha256[] = [];
  for (const text of recoveryKey) {
    const isDigest = DIGEST.test(text);
    keyDigests.push(
      isDigest ? parseSha256(text) : (await loadPublicKey(session, text, realm)).keyId,
    );
  }
  return makeRecoveryRole(keyDigests, options.recoveryThreshold);
}

/** A recovery role of these key ids. Errors: `CONFIG`. */
export function makeRecoveryRole(
  keyDigests: readonly Sha256[],
  threshold: string | undefined,
): RecoveryRole {
  const least = Math.floor(keyDigests.length / 2) + 1;
  if (threshold !== undefined && !/^\d{1,3}$/.test(threshold)) {
    throw new KedgeError('CONFIG', `--recovery-threshold: not a count: ${threshold}`);
  }
  return {
    keyDigests: keyDigests.toSorted(),
    threshold: threshold === undefined ? least : Number(threshold),
    expiryDays: RECOVERY_DAYS,
  };
}

/**
 * What a realm trusted at a time of the past: verified history, in force as a node had it.
 *
 * When something was drafted is in the signed statement; when a node had it is in its audit log;
 * that a region held it is in the newest cosignature of its log, which says by when at the latest.
 *
 * @module
 */
import type { Anchor } from '../../core/anchors/anchor.ts';
import type { AuditEntry } from '../../core/audit/entry.ts';
import { sha256 } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type BundleName,
  CHARTER_STREAM,
  type RegionName,
  releaseStream,
  type SignerId,
  splitStream,
} from '../../core/ids.ts';
import { verifyCosignature } from '../../core/log/cosignature.ts';
import { isSameLog } from '../../core/log/log-name.ts';
import { keyOfLine, regionPolicy } from '../../core/log/regions.ts';
import { parseReleaseBody } from '../../core/releases/body.ts';
import type { RolloutBody } from '../../core/rollouts/body.ts';
import { findPastAuthority } from '../../core/trusted/authority.ts';
import { logOf } from '../../core/trusted/decisions.ts';
import type { AcceptedCharter } from '../../core/trusted/state.ts';
import type { Realm } from '../realm/realm.ts';
import { type PastStatement, readHistory, requireHead } from '../release/history.ts';
import { readRolloutAt } from '../rollout/history.ts';
import { Acceptance } from './acceptance.ts';
import { requireNode } from './reading.ts';

/** A region that holds a release. */
export interface PastHolder {
  readonly region: RegionName;
  /** It cosigned a log with the release then; it may have held it long before. */
  readonly byMs: number;
  /** How many releases that log had. */
  readonly size: number;
}

/** A release with an earlier time that the node had only later. */
export interface LaterRelease {
  readonly past: PastStatement;
  readonly accepted: AuditEntry;
}

/** A bundle at a time. */
export interface PastBundle {
  readonly bundle: BundleName;
  /** The newest release that was issued by then, and not only later at the node. */
  readonly past: PastStatement;
  /** Newer ones that were issued by then, newest first. */
  readonly later: readonly LaterRelease[];
  readonly anchors: readonly Anchor[];
  readonly signers: readonly SignerId[];
  readonly holders: readonly PastHolder[];
  /** When the node that answers accepted it, and from whom; absent when its log does not say. */
  readonly accepted: AuditEntry | undefined;
  /** The newest rollout that was signed by then. */
  readonly rollout: { readonly past: PastStatement; readonly body: RolloutBody } | undefined;
}

/** The charter that ruled at a time; absent before the first one. Errors: those of the node. */
export async function charterAtTime(
  realm: Realm,
  timeMs: number,
): Promise<AcceptedCharter | undefined> {
  const acceptance = await Acceptance.read(realm, CHARTER_STREAM);
  return realm.state.charters.findLast(
    ({ issuedMs, digest }) => issuedMs <= timeMs && !acceptance.isLater(digest, timeMs),
  );
}

/** What a bundle was at a time; absent when it had no release yet. Errors: those of the node. */
export async function readPastBundle(
  realm: Realm,
  bundle: BundleName,
  timeMs: number,
): Promise<PastBundle | undefined> {
  const node = requireNode(realm);
  const { head, state } = await requireHead(realm, bundle, { blobs: 'without' });
  const history = await readHistory(realm, { ...head, bundle }, { limit: head.sequence });
  const acceptance = await Acceptance.read(realm, releaseStream(bundle));
  // Newest first, and the time of issue never goes far back (rule AR-7).
  const issued = history.filter(({ statement }) => statement.issuedMs <= timeMs);
  const past = issued.find(({ statement }) => !acceptance.isLater(statement.digest, timeMs));
  if (past === undefined) return undefined;
  const { statement, signed } = past;
  const { stream, sequence, digest, bodyDigest } = statement;
  const document = await node.document(stream, sequence);
  const isRight =
    sha256(document.statement.payload) === digest && sha256(document.body) === bodyDigest;
  if (!isRight) throw new KedgeError('DIGEST', `the node sent another release ${sequence}`);
  const authority = findPastAuthority(state, statement, signed);
  return {
    bundle,
    past,
    anchors: parseReleaseBody(document.body).anchors,
    signers: authority?.signers ?? [],
    holders: await readHolders(realm, past),
    accepted: acceptance.entryOf(digest),
    later: issued.slice(0, issued.indexOf(past)).flatMap((one): readonly LaterRelease[] => {
      const accepted = acceptance.entryOf(one.statement.digest);
      return accepted === undefined ? [] : [{ past: one, accepted }];
    }),
    rollout: await readRolloutAt(realm, bundle, timeMs),
  };
}

/** The regions whose newest cosignature covers a release. */
async function readHolders(
  { state, node }: Realm,
  { statement: { stream, sequence } }: PastStatement,
): Promise<readonly PastHolder[]> {
  const charter = state.charters.at(-1)?.charter;
  if (node === undefined || charter === undefined || charter.regions.length === 0) return [];
  try {
    const { leaf } = await node.checkpoint(stream);
    const { checkpoint, lines } = leaf;
    const log = logOf(state, stream);
    if (!isSameLog(checkpoint, log) || checkpoint.size < sequence) return [];
    const policy = regionPolicy(charter, 1);
    return lines.flatMap((line) => {
      const known = keyOfLine(policy, line);
      const seconds = known && verifyCosignature(checkpoint, known.key, line);
      if (known === undefined || seconds === undefined) return [];
      return [{ region: known.region, byMs: 1000 * seconds, size: checkpoint.size }];
    });
  } catch (thrown) {
    // No region has cosigned this stream yet: then none is known to hold it.
    if (KedgeError.from(thrown).code === 'UNAVAILABLE') return [];
    throw thrown;
  }
}

/** The bundles of a realm that have a release. */
export async function bundlesOf(realm: Realm): Promise<readonly BundleName[]> {
  const bundles: BundleName[] = [];
  for (const { stream, sequence } of await requireNode(realm).streams()) {
    const parsed = splitStream(stream);
    if (parsed.kind === 'release' && sequence > 0) bundles.push(parsed.bundle);
  }
  return bundles;
}

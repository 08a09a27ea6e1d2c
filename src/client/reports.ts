/**
 * What is logged and counted when a bundle comes into use, a fork of it was decided, the copy on
 * disk is gone, or the clock is in doubt.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import type { BundleName } from '../core/ids.ts';
import type { ClockReading } from '../core/log/clock.ts';
import type { HeldRelease } from '../core/watch/messages.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { Bundle } from './bundle.ts';
import type { SourceConfig } from './options.ts';

/** Where it is reported. */
export interface ReportTargets {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Reports a bundle that has come into use, and its anchors that are withheld or limited. */
export function reportBundle({ logger, metrics }: ReportTargets, bundle: Bundle): void {
  const { name, sequence, expiresAtMs } = bundle;
  const withheld = bundle.anchors.filter((anchor) => anchor.withheld !== undefined);
  const limited = bundle.anchors.filter((one) => one.isLimited && one.withheld === undefined);
  metrics.set('kedge_client_bundle_sequence', sequence, { bundle: name });
  metrics.set('kedge_client_bundle_expires_seconds', expiresAtMs / 1000, { bundle: name });
  metrics.set('kedge_client_withheld_anchors', withheld.length, { bundle: name });
  metrics.set('kedge_client_limited_anchors', limited.length, { bundle: name });
  for (const { id, withheld: why } of withheld) {
    logger.warn(
      { event: 'anchor.withheld', bundle: name, sequence, anchor: id, reason: why?.reason },
      `an anchor is not used: ${why?.message ?? ''}`,
    );
  }
  for (const { id } of limited) {
    logger.info(
      { event: 'anchor.limited', bundle: name, sequence, anchor: id },
      'live trust enforces the limits of an anchor; plain lists of CAs leave it out',
    );
  }
  logger.info(
    { event: 'bundle.loaded', bundle: name, sequence, anchors: bundle.anchors.length },
    'bundle in use',
  );
}

/** Reports charters that came into use, and the bundles about whose forks they decided. */
export function reportCharters(
  { logger, metrics }: ReportTargets,
  { version, settled }: { readonly version: number; readonly settled: readonly BundleName[] },
): void {
  logger.info({ event: 'charter.accepted', version }, 'charter accepted');
  metrics.set('kedge_client_charter_unattested', 0);
  for (const bundle of settled) {
    logger.warn(
      { event: 'stream.settled', bundle },
      `the charter decided about the fork of ${bundle}: it takes new releases again`,
    );
  }
}

/** Reports that the charter has decided against the release in use. */
export function reportOverruled({ logger }: ReportTargets, bundle: BundleName): void {
  logger.warn(
    { event: 'bundle.overruled', bundle },
    `the charter decided against the release of ${bundle} in use: the next one replaces it`,
  );
}

/** Reports a verified release that waits until enough regions cosigned it. */
export function reportUnattested(
  { logger, metrics }: ReportTargets,
  { bundle, sequence }: HeldRelease,
  { code, message }: KedgeError,
): void {
  metrics.set('kedge_client_bundle_unattested', 1, { bundle });
  metrics.increment('kedge_client_unattested_total', { code });
  logger.info({ event: 'bundle.unattested', bundle, sequence, code }, message);
}

/** Reports verified charters that wait likewise; `version` is that of the last. */
export function reportWaitingCharters(
  { logger, metrics }: ReportTargets,
  { version, error }: { readonly version: number; readonly error: KedgeError },
): void {
  const { code, message } = error;
  metrics.set('kedge_client_charter_unattested', 1);
  metrics.increment('kedge_client_unattested_total', { code });
  logger.info({ event: 'charter.unattested', version, code }, message);
}

/** Conformance C17: a floor is set, so something was here once, and it is gone. */
export function reportResets(
  { minSequences, cacheDir, logger, metrics }: SourceConfig,
  isInUse: (bundle: BundleName) => boolean,
): void {
  if (cacheDir === undefined) return;
  for (const [bundle, floor] of minSequences) {
    if (isInUse(bundle)) continue;
    metrics.increment('kedge_client_trust_resets_total', { bundle });
    logger.warn(
      { event: 'source.reset', bundle, minSequence: floor },
      `the last-known-good copy has no ${bundle}: it must have been deleted or damaged`,
    );
  }
}

/** Reports that the clock of this machine came into doubt, or out of it. */
export function reportClock(
  { logger, metrics }: ReportTargets,
  verdict: ClockReading['verdict'],
): void {
  metrics.set('kedge_client_clock_suspect', verdict === 'right' ? 0 : 1);
  if (verdict === 'right') return;
  logger.warn(
    { event: 'clock.suspect', verdict },
    `the clock of this machine is ${verdict} by more than 5 minutes, as regions sign the time`,
  );
}

/** Why a bundle waits of which the node that answers has no release. */
export function absence(bundle: BundleName): KedgeError {
  const hint = "check the bundle's name, and that a release of it was published";
  const message = `the node answers, and has no release of ${bundle}: check the name`;
  return new KedgeError('UNAVAILABLE', message, { detail: { bundle, hint } });
}

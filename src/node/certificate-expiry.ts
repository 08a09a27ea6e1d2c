/**
 * Says ahead that the node's certificate ends: a gauge for alerts, and a line a day in the log.
 *
 * @module
 */
import type { X509Certificate } from 'node:crypto';
import { formatTimestamp } from '../core/ids.ts';
import type { Logger } from '../ports/logger.ts';
import type { Metrics } from '../ports/metrics.ts';

const DAY_MS = 86_400_000;
/** Warned in the last third of a certificate's life, at most this long before its end. */
const AHEAD_MAX_MS = 30 * DAY_MS;

/** Watches over the leaf in use. */
export class CertificateExpiry {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  #leaf: X509Certificate | undefined;
  #saidMs = Number.NEGATIVE_INFINITY;
  #said: 'ahead' | 'expired' | undefined;

  constructor(logger: Logger, metrics: Metrics) {
    this.#logger = logger;
    this.#metrics = metrics;
  }

  /** Looks at the leaf in use; to be called often. */
  check(leaf: X509Certificate, nowMs: number): void {
    if (leaf !== this.#leaf) {
      this.#leaf = leaf;
      this.#said = undefined;
      this.#metrics.set('kedge_certificate_expiry_seconds', Date.parse(leaf.validTo) / 1000);
    }
    const phase = phaseOf(leaf, nowMs);
    if (phase === undefined) return;
    if (phase === this.#said && nowMs - this.#saidMs < DAY_MS) return;
    this.#said = phase;
    this.#saidMs = nowMs;
    const expires = formatTimestamp(Date.parse(leaf.validTo));
    const fields = { event: 'certificate.expiring', expires } as const;
    if (phase === 'ahead') {
      this.#logger.warn(fields, 'the certificate of this node ends soon: renew it');
    } else {
      this.#logger.error(
        fields,
        'the certificate of this node has expired, others refuse it: renew it, or check the clock',
      );
    }
  }
}

/** How near the end of a certificate is; absent when it is far. */
export function phaseOf(
  { validFrom, validTo }: X509Certificate,
  nowMs: number,
): 'ahead' | 'expired' | undefined {
  const endMs = Date.parse(validTo);
  if (endMs <= nowMs) return 'expired';
  const aheadMs = Math.min((endMs - Date.parse(validFrom)) / 3, AHEAD_MAX_MS);
  return endMs - nowMs <= aheadMs ? 'ahead' : undefined;
}

/**
 * How a node says what becomes of a rollout: lines for its log, numbers for its metrics.
 *
 * @module
 */
import type { AuditFact } from '../../core/audit/entry.ts';
import { type BundleName, rolloutStream } from '../../core/ids.ts';
import type { Openness, Wait } from '../../core/rollouts/gates.ts';
import type { RolloutHead } from '../../core/trusted/state.ts';
import type { Logger, LogValue } from '../../ports/logger.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { RolloutStep } from './delivery.ts';

/** Where it is said. */
export interface RolloutReports {
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A rollout of which something is said. */
export interface ReportedRollout {
  readonly bundle: BundleName;
  readonly rollout: RolloutHead;
  readonly openness: Openness;
}

/** Says what happened. */
export function reportStep(
  { logger, metrics }: RolloutReports,
  { bundle, rollout, openness }: ReportedRollout,
  step: RolloutStep,
): void {
  const { sequence, body } = rollout;
  const place = { bundle, sequence, release: body.to.sequence };
  metrics.set('kedge_rollout_waves_open', openness.openedMs.length, { bundle });
  switch (step.kind) {
    case 'opened': {
      const wave = body.waves[step.wave]?.name;
      metrics.increment('kedge_rollout_waves_opened_total', { bundle });
      return logger.info({ event: 'rollout.opened', ...place, wave }, 'a wave opened');
    }
    case 'stopped': {
      const { refused, maxFailures, wave = 0 } = openness.stop ?? {};
      const gate = { wave: body.waves[wave]?.name, refused, maxFailures };
      metrics.increment('kedge_rollouts_stopped_total', { bundle });
      return logger.error(
        { event: 'rollout.stopped', ...place, ...gate },
        'stopped by its gate: nobody new gets this release until a signer decides',
      );
    }
    case 'waits':
      return logger.info({ event: 'rollout.waiting', ...place, ...fieldsOf(step.wait) }, 'waiting');
  }
}

/** What an auditor is told of it; nothing of waiting. */
export function stepFact(
  { bundle, rollout, openness }: ReportedRollout,
  step: RolloutStep,
): AuditFact | undefined {
  const { sequence, digest, body } = rollout;
  const place = { stream: rolloutStream(bundle), sequence, digest, via: 'node' } as const;
  switch (step.kind) {
    case 'opened': {
      const wave = body.waves[step.wave]?.name ?? String(step.wave);
      const reason = `wave ${wave} gets release ${body.to.sequence}`;
      return { what: 'wave-opened', ...place, reason };
    }
    case 'stopped': {
      const { refused, maxFailures } = openness.stop ?? { refused: 0, maxFailures: 0 };
      const reason = `stopped by its gate: ${refused} refused it, ${maxFailures} may`;
      return { what: 'rollout-step', ...place, reason };
    }
    case 'waits':
      return undefined;
  }
}

/** What a wait says, as fields of a line. */
function fieldsOf(wait: Wait): Readonly<Record<string, LogValue>> {
  const { kind, ...rest } = wait;
  return { waitsFor: kind, ...rest };
}

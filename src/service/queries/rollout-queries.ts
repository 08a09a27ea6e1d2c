/**
 * Answers admins about rollouts: from what this node has opened and what all nodes say of their
 * programs.
 *
 * @module
 */
import { type BundleName, releaseStream, rolloutStream } from '../../core/ids.ts';
import type { NamedRelease } from '../../core/rollouts/body.ts';
import type { RolloutStatus, WaveStatus } from '../../core/rollouts/status.ts';
import { headOf, type ReleaseHead, type RolloutHead } from '../../core/trusted/state.ts';
import type { Clock } from '../../ports/clock.ts';
import { type Deliveries, isWaved } from '../clients/deliveries.ts';
import type { Delivery } from '../clients/delivery.ts';
import type { Replicator } from '../replication/replicator.ts';

/** What answers are made from. */
export interface RolloutQueriesOptions {
  readonly replicator: Pick<Replicator, 'durable' | 'requireServing'>;
  readonly deliveries: Deliveries;
  readonly clock: Clock;
}

/** Answers of one node. Errors: `UNAVAILABLE` while the node holds back, `STORE`. */
export class RolloutQueries {
  readonly #options: RolloutQueriesOptions;

  constructor(options: RolloutQueriesOptions) {
    this.#options = options;
  }

  /** How the newest rollout of a bundle goes. */
  async rollout(bundle: BundleName): Promise<RolloutStatus> {
    const { replicator, deliveries, clock } = this.#options;
    replicator.requireServing();
    const { durable } = replicator;
    const head = headOf(durable, releaseStream(bundle));
    const newest = headOf(durable, rolloutStream(bundle));
    const isDirect = !isWaved(durable.streams.get(releaseStream(bundle)));
    const delivery = isDirect ? undefined : await deliveries.of(bundle).settled;
    const everybody = delivery === undefined ? placeOf(head) : everybodyOf(delivery);
    const place = {
      bundle,
      nowMs: clock.nowMs(),
      ...(head && { head: { sequence: head.sequence, digest: head.digest } }),
      ...(everybody && { everybody }),
      ...(newest && { rollout: { statement: newest.statement, body: newest.bodyBytes } }),
    };
    const rollout = delivery?.rollout;
    if (delivery === undefined || rollout === undefined || rollout.digest !== newest?.digest) {
      return { ...place, force: 'over', waves: [], wait: { kind: 'nothing' }, nodes: [] };
    }
    return { ...place, force: 'in-force', ...this.#inForce(bundle, delivery, rollout) };
  }

  #inForce(
    bundle: BundleName,
    delivery: Delivery,
    rollout: RolloutHead,
  ): Pick<RolloutStatus, 'waves' | 'wait' | 'stop' | 'nodes'> {
    const sight = this.#options.deliveries.see(bundle, rollout);
    const { openedMs, stop } = delivery.openness;
    const waves = rollout.body.waves.map((_, index): WaveStatus => {
      const regions = [...sight.regions].flatMap(([region, counts]) => {
        const own = counts[index];
        return own === undefined ? [] : ([[region, own]] as const);
      });
      const openedAtMs = openedMs[index];
      return { regions: new Map(regions), ...(openedAtMs !== undefined && { openedAtMs }) };
    });
    return {
      waves,
      wait: delivery.judge(sight)?.wait ?? { kind: 'nothing' },
      ...(stop !== undefined && { stop }),
      nodes: sight.nodes,
    };
  }
}

function placeOf(head: ReleaseHead | undefined): NamedRelease | undefined {
  return head && { sequence: head.sequence, digest: head.digest };
}

/** With all waves open everybody gets the newest. */
function everybodyOf({ plan, rollout, openness }: Delivery): NamedRelease | undefined {
  const isWhole = rollout !== undefined && openness.openedMs.length >= rollout.body.waves.length;
  const isGoing = openness.stop === undefined && rollout?.body.state !== 'aborted';
  return isWhole && isGoing ? rollout.body.to : plan.everybody;
}

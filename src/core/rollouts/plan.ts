/**
 * What a node gives its programs of one bundle: one release to everybody, and perhaps a newer one
 * to the programs of open waves.
 *
 * The head of the stream says what is signed, not what is due. A release that does not wait for a
 * rollout is due to everybody at once and ends every rollout of what came before it; so does one
 * that only takes trust away, whatever it says. One that waits and that no rollout names changes
 * nothing. All nodes that hold the same statements come to the same plan. Spec section 13, DW-8 to
 * DW-11.
 *
 * @module
 */
import type { ReleaseBody } from '../releases/body.ts';
import { narrowsOnly } from '../releases/narrowing.ts';
import type { NamedRelease, RolloutBody } from './body.ts';
import type { Openness } from './gates.ts';

/** What a node gives its programs of one bundle. */
export interface DeliveryPlan {
  /** What everybody gets; absent: nothing yet. */
  readonly everybody: NamedRelease | undefined;
  /** Present while a newer release is due to some. */
  readonly rollout?: Pick<RolloutBody, 'state' | 'to' | 'waves'>;
}

/** What a plan is made of. */
export interface PlanInput {
  /** The newest release of the stream that is due to everybody at once; absent: there is none. */
  readonly atOnce: NamedRelease | undefined;
  /** The newest rollout of the bundle, of which the stream holds `from` and `to`. */
  readonly rollout: RolloutBody | undefined;
}

/**
 * DW-8 and DW-9: whether a release is due to everybody at once. `previous`: the content before
 * it; absent for a first release.
 */
export function isAtOnce(body: ReleaseBody, previous: ReleaseBody | undefined): boolean {
  if (body.delivery === undefined) return true;
  if (previous === undefined || !narrowsOnly(previous, body)) return false;
  // Who says the same again takes nothing away.
  return body.tombstones.length > previous.tombstones.length || isTighter(previous, body);
}

function isTighter(previous: ReleaseBody, body: ReleaseBody): boolean {
  return JSON.stringify(previous.anchors) !== JSON.stringify(body.anchors);
}

/** DW-10 and DW-11. */
export function planDelivery({ atOnce, rollout }: PlanInput): DeliveryPlan {
  if (rollout === undefined || rollout.to.sequence <= (atOnce?.sequence ?? 0)) {
    return { everybody: atOnce };
  }
  const { from } = rollout;
  const isOlder = from === undefined || from.sequence < (atOnce?.sequence ?? 0);
  return { everybody: isOlder ? atOnce : from, rollout };
}

/** How many waves get the release of a plan's rollout; 0: nobody gets it that has it not. */
export function openWaves({ rollout }: DeliveryPlan, { openedMs, stop }: Openness): number {
  if (rollout === undefined || rollout.state === 'aborted' || stop !== undefined) return 0;
  return openedMs.length;
}

/**
 * What a simulated node gives everybody and what it rolls out, from its state and its disk, as
 * `service/clients/deliveries.ts` and `service/clients/due-history.ts` work it out.
 *
 * @module
 */
import { type BundleName, releaseStream, rolloutStream, splitStream } from '../../src/core/ids.ts';
import { parseReleaseBody, type ReleaseBody } from '../../src/core/releases/body.ts';
import type { NamedRelease } from '../../src/core/rollouts/body.ts';
import { type DeliveryPlan, isAtOnce, planDelivery } from '../../src/core/rollouts/plan.ts';
import { headOf, type RolloutHead, type TrustedState } from '../../src/core/trusted/state.ts';
import { isWaved, topOf } from '../../src/service/clients/deliveries.ts';
import type { Disk } from './disk.ts';

/** What is due of a bundle; `rollout`: the statement of the plan's rollout. */
export interface Planned {
  readonly plan: DeliveryPlan;
  readonly rollout: RolloutHead | undefined;
}

/** Bodies that were read, by their bytes: the same for every node. */
const bodies = new WeakMap<Uint8Array, ReleaseBody>();

/** Plans a bundle. */
export function planOf(disk: Disk, state: TrustedState, bundle: BundleName): Planned {
  const stream = releaseStream(bundle);
  if (!isWaved(state.streams.get(stream))) {
    return { plan: { everybody: headOf(state, stream) }, rollout: undefined };
  }
  const top = topOf(state, bundle);
  const newest = headOf(state, rolloutStream(bundle));
  const holds = (release: NamedRelease | undefined): boolean =>
    release === undefined || disk.entry(stream, release.sequence)?.digest === release.digest;
  const isHeld =
    newest !== undefined &&
    newest.body.to.sequence <= top &&
    holds(newest.body.from) &&
    holds(newest.body.to);
  const rollout = isHeld ? newest : undefined;
  const atOnce = atOnceIn(disk, bundle, { top, floor: rollout?.body.from?.sequence ?? 0 });
  const plan = planDelivery({ atOnce, rollout: rollout?.body });
  return { plan, rollout: plan.rollout && rollout };
}

/** What is due of all bundles, to be compared. */
export function dueText(disk: Disk, state: TrustedState): string {
  const due: string[] = [];
  for (const stream of state.streams.keys()) {
    const parsed = splitStream(stream);
    if (parsed.kind !== 'release') continue;
    const { plan, rollout } = planOf(disk, state, parsed.bundle);
    const { sequence = 0, digest = '' } = plan.everybody ?? {};
    const all = `${parsed.bundle.slice(0, 1)}${sequence} ${digest}`;
    due.push(`${all} ${rollout?.digest ?? ''}`);
  }
  return due.toSorted().join(', ');
}

/** The newest release above the floor that is due to everybody at once. */
function atOnceIn(
  disk: Disk,
  bundle: BundleName,
  { top, floor }: { readonly top: number; readonly floor: number },
): NamedRelease | undefined {
  const stream = releaseStream(bundle);
  for (let at = top; at > floor; at -= 1) {
    const entry = disk.entry(stream, at);
    const before = disk.entry(stream, at - 1);
    if (entry === undefined) return undefined;
    if (isAtOnce(bodyOf(entry.document.body), before && bodyOf(before.document.body))) return entry;
  }
  return undefined;
}

function bodyOf(bytes: Uint8Array): ReleaseBody {
  const known = bodies.get(bytes);
  if (known !== undefined) return known;
  const body = parseReleaseBody(bytes);
  bodies.set(bytes, body);
  return body;
}

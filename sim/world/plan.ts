/**
 * What happens in one seed: the cluster, what admins publish and when, the faults, the phases.
 *
 * @module
 */
import { chooseFault, type Fault } from '../faults/faults.ts';
import { SEED_REGIONS } from '../network/regions.ts';
import type { Pool } from '../people/pool.ts';
import type { PoolContent } from '../people/pool-waves.ts';
import { Draws, draw } from './prf.ts';

/**
 * How a cluster lives: `dense`, a minute or two full of faults; `long`, hours or days with few,
 * most of them short, as real clusters live; `copied`, as dense, and all regions attest, and the
 * store of one that does is put back from some seconds before, when no mark speaks against it yet.
 */
export const PROFILES = ['dense', 'long', 'copied'] as const;
/** One of {@link PROFILES}. */
export type Profile = (typeof PROFILES)[number];

/** A node to be. */
export interface HostPlan {
  /** An index into `REGIONS`. */
  readonly region: number;
  /** How many documents of the pool its store starts with. */
  readonly holds: number;
}

/** One submission. */
export interface Publication {
  readonly atMs: number;
  /** Which document of the pool. */
  readonly place: number;
  /** To which host first. */
  readonly host: number;
}

/** One seed. */
export interface SeedPlan {
  readonly seed: number;
  readonly profile: Profile;
  readonly hosts: readonly HostPlan[];
  /** How many documents of the pool were published before. */
  readonly start: number;
  readonly publications: readonly Publication[];
  readonly faults: readonly Fault[];
  /** Faults end here; liveness is demanded from here on. */
  readonly healAtMs: number;
  readonly endMs: number;
}

const HOSTS = { min: 3, max: 8 };
const FAULTS_MAX = 8;
const CHAOS_MS = { min: 20_000, max: 90_000 };
/** From two hours to three days; as many last from 2 to 4 hours as from 32 to 64. */
const LONG_MS = { min: 2 * 3_600_000, max: 72 * 3_600_000 };
/** After healing: repair, then a time in which nothing may happen. */
const AFTER_MS = { min: 60_000, max: 150_000 };
/** Seeds with releases that wait for rollouts. */
const ROLLOUT_SHARE = 0.25;
/** Of these, those with waves that open at some times alone. */
const TIMED_SHARE = 0.25;
const PUBLICATIONS = { min: 3, max: 16 };
/** The share of seeds that have a lying peer to choose from. */
const LIAR_SHARES: Readonly<Record<Profile, number>> = { dense: 0.3, long: 0.1, copied: 0.3 };
/** So long before a publication a store is copied, at most. */
const COPIED_BEFORE_MS = 500;
/** So long after it the copy takes its place: as often 0.5 to 1 s as 16 to 32 s. */
const PUT_BACK_MS = { min: 500, max: 32_000 };

/** Seeds of the others whose realm is robbed in the end. */
const ROBBED_SHARE = 0.06;

/** What admins of a seed publish. */
export function contentOf(seed: number): PoolContent {
  // With these counts the seeds that tests name keep the content that they were found with.
  if (hasRollouts(seed)) return draw(seed, 'rollout', 0, 6) < TIMED_SHARE ? 'timed' : 'rollouts';
  return draw(seed, 'rollout', 0, 4) < ROBBED_SHARE ? 'recovery' : 'releases';
}

/** Says whether admins of a seed have rollouts too. */
export function hasRollouts(seed: number): boolean {
  return draw(seed, 'rollout', 0, 3) < ROLLOUT_SHARE;
}

/** Plans a seed; `only`: the faults to keep, by id. */
export function planSeed(
  { profile, seed }: Pick<SeedPlan, 'profile' | 'seed'>,
  pool: Pool,
  only?: readonly number[],
): SeedPlan {
  const draws = new Draws(seed, 'plan');
  const count = draws.integer(HOSTS.min, HOSTS.max);
  const regionCount = draws.integer(1, SEED_REGIONS);
  const healAtMs = planHealing(draws, profile);
  const last = pool.documents.length - PUBLICATIONS.max;
  const start = draws.integer(0, last);
  const hosts = Array.from({ length: count }, (): HostPlan => {
    const region = draws.integer(0, regionCount - 1);
    // Some join with an empty store, some come back from a while ago.
    const holds = draws.chance(0.8) ? start : Math.floor(start * draws.next() ** 2);
    return { region, holds };
  });
  // Somebody holds what came before.
  const [first, ...others] = hosts;
  const liars =
    draws.chance(LIAR_SHARES[profile]) && count > HOSTS.min ? [draws.integer(1, count - 2)] : [];
  const faultCount = Math.floor((FAULTS_MAX + 1) * draws.next() ** 1.5);
  const regions = hosts.map(({ region }) => region);
  const scope = { profile, hosts: count, regions, healAtMs, liars };
  const ids = Array.from({ length: faultCount }, (_, id) => id);
  const publications = planPublications(draws, pool, { start, count, healAtMs });
  const faults = ids.map((id) => chooseFault(seed, id, scope));
  if (profile === 'copied' && publications.length > 0) {
    faults.push(putBack(seed, { publications, healAtMs }));
  }
  return {
    seed,
    profile,
    hosts: first === undefined ? others : [{ ...first, holds: start }, ...others],
    start,
    publications,
    faults: faults.filter(({ id }) => only?.includes(id) ?? true),
    healAtMs,
    endMs: healAtMs + draws.integer(AFTER_MS.min, AFTER_MS.max),
  };
}

/** The store of the first host, which attests and is honest, goes back over a publication. */
function putBack(
  seed: number,
  { publications, healAtMs }: Pick<SeedPlan, 'publications' | 'healAtMs'>,
): Fault {
  const draws = new Draws(seed, 'faults', FAULTS_MAX);
  const { atMs } = draws.pick(publications);
  const { min, max } = PUT_BACK_MS;
  const fromMs = Math.max(1, Math.round(atMs - COPIED_BEFORE_MS * draws.next()));
  const untilMs = Math.round(atMs + min * (max / min) ** draws.next());
  const window = { fromMs, untilMs: Math.min(untilMs, Math.max(fromMs, healAtMs - 1)) };
  return { id: FAULTS_MAX, kind: 'backup', host: 0, ...window, what: 'copy-restored' };
}

function planHealing(draws: Draws, profile: Profile): number {
  if (profile !== 'long') return draws.integer(CHAOS_MS.min, CHAOS_MS.max);
  return Math.round(LONG_MS.min * (LONG_MS.max / LONG_MS.min) ** draws.next());
}

function planPublications(
  draws: Draws,
  pool: Pool,
  at: { readonly start: number; readonly count: number; readonly healAtMs: number },
): readonly Publication[] {
  const { start, count, healAtMs } = at;
  let end = start + draws.integer(PUBLICATIONS.min, PUBLICATIONS.max);
  // When signers have left, every bundle needs a release by those who stay.
  const closed = pool.signerLeavesAt + 5;
  if (end > pool.signerLeavesAt && end < closed) {
    end = start > pool.signerLeavesAt ? closed : pool.signerLeavesAt;
  }
  const times = Array.from({ length: Math.max(0, end - start) }, () =>
    Math.round(healAtMs * draws.next()),
  );
  return times
    .toSorted((a, b) => a - b)
    .map((atMs, index) => ({ atMs, place: start + index, host: draws.integer(0, count - 1) }));
}

/** Says whether signers leave in this plan: a node that is behind then needs one more release. */
export function doSignersLeave(plan: SeedPlan, { signerLeavesAt }: Pool): boolean {
  return plan.publications.some(({ place }) => place >= signerLeavesAt);
}

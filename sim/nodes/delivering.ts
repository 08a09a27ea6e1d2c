/**
 * What one process gives the programs of its node, and how waves of rollouts come to open there, as
 * `service/clients/deliveries.ts` and `service/clients/delivery.ts` do it.
 *
 * All that is planned, judged and noted comes from the core. Rows are made up from the programs
 * that there are; one of another node is known while there is a link to it.
 *
 * @module
 */
import type { BundleRow } from '../../src/core/adoption/row.ts';
import type { ReportingNode } from '../../src/core/adoption/view.ts';
import { type BundleName, type StreamName, splitStream } from '../../src/core/ids.ts';
import type { NamedRelease } from '../../src/core/rollouts/body.ts';
import { type ClockDoubt, judgeClock } from '../../src/core/rollouts/clock-check.ts';
import { CLOSED, judgeRollout, type Openness, type Wait } from '../../src/core/rollouts/gates.ts';
import { isTimed } from '../../src/core/rollouts/opening.ts';
import { encodeOpenness, restoreOpenness } from '../../src/core/rollouts/openness.ts';
import { type DeliveryPlan, openWaves } from '../../src/core/rollouts/plan.ts';
import { seeRollout } from '../../src/core/rollouts/sight.ts';
import {
  currentCharter,
  type RolloutHead,
  type TrustedState,
} from '../../src/core/trusted/state.ts';
import { TEST_EPOCH_MS } from '../../src/testing/simulated-clock.ts';
import type { Waves } from '../oracle/waves.ts';
import type { Scene } from '../world/scene.ts';
import { planOf } from './delivery-plan.ts';
import type { SimNode } from './node.ts';
import type { Program } from './programs.ts';

const JUDGE_EVERY_MS = { dense: 2500, long: 120_000, copied: 2500 };
/** What a rollout does not wait out. */
const ENDS: ReadonlySet<Wait['kind']> = new Set(['nothing', 'aborted', 'expired', 'stopped']);
const WRITE_MS = 2;
const TRY_MS = 300;
const UNCOUNTED = { connected: 0, departed: 0, silent: 0, untracked: 0 };

/** What delivering works with. */
export interface DeliveringParts {
  readonly scene: Scene;
  readonly waves: Waves;
  readonly host: SimNode;
  readonly isAlive: () => boolean;
}

/** What is due of one bundle. */
interface Entry {
  readonly bundle: BundleName;
  readonly plan: DeliveryPlan;
  /** The statement of the plan's rollout. */
  readonly rollout: RolloutHead | undefined;
  openness: Openness;
  heldSinceMs?: number | undefined;
  writes: 'nothing' | 'note';
  /** `over`: nothing more can happen under this statement. */
  course: 'going' | 'over';
}

/** The deliveries of one process. */
export class Delivering {
  readonly #parts: DeliveringParts;
  readonly #entries: Map<BundleName, Entry> = new Map();
  #state: TrustedState | undefined;

  constructor(parts: DeliveringParts) {
    this.#parts = parts;
    parts.waves.starts(parts.host);
    this.#judgeLater();
  }

  /** The durable state moved; without streams: it is served from now on. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    this.#state = state;
    const moved = streams.length > 0 ? streams : state.streams.keys();
    const bundles = new Set<BundleName>();
    for (const stream of moved) {
      const parsed = splitStream(stream);
      if (parsed.kind !== 'charter') bundles.add(parsed.bundle);
    }
    for (const bundle of bundles) {
      // What is being noted goes to the disk before anything else is planned.
      if (this.#entries.get(bundle)?.writes !== 'note') this.#make(bundle, state);
    }
  }

  /** What this node's row says of a bundle. */
  row(bundle: BundleName): BundleRow {
    const said = {
      bundle,
      counts: UNCOUNTED,
      groups: [],
      anchors: [],
      knowledge: 'whole',
    } as const;
    const entry = this.#entries.get(bundle);
    if (entry?.rollout === undefined) return said;
    const { rollout, openness } = entry;
    return {
      ...said,
      rollout: {
        rollout: rollout.digest,
        open: openness.openedMs.length,
        standing: openness.stop === undefined ? 'going' : 'stopped',
        waves: this.#parts.host.programs.count(rollout.body),
      },
    };
  }

  #make(bundle: BundleName, state: TrustedState): void {
    const { host, waves } = this.#parts;
    const { plan, rollout } = planOf(host.disk, state, bundle);
    const note = host.disk.notes.get(bundle);
    const openness = rollout && note ? restoreOpenness(note, rollout) : CLOSED;
    const entry: Entry = { bundle, plan, rollout, openness, writes: 'nothing', course: 'going' };
    this.#entries.set(bundle, entry);
    if (rollout !== undefined) waves.opens(host, rollout, openness);
    this.#step(entry);
    this.#give(entry);
  }

  #judgeLater(): void {
    const { scene, host, isAlive } = this.#parts;
    scene.after(JUDGE_EVERY_MS[scene.plan.profile], host.index, () => {
      if (!isAlive()) return;
      for (const entry of this.#entries.values()) this.#step(entry);
      this.#judgeLater();
    });
  }

  #step(entry: Entry): void {
    const { bundle, rollout, openness } = entry;
    const { scene, host, waves } = this.#parts;
    if (rollout === undefined || entry.writes === 'note' || entry.course === 'over') return;
    const { body, digest, expiresMs } = rollout;
    const sought = { bundle, digest, waves: body.waves.length };
    const judged = judgeRollout({
      body,
      openness,
      sight: seeRollout(sought, this.#nodes(bundle)),
      heldSinceMs: entry.heldSinceMs,
      nowMs: host.wallMs,
      clock: this.#judgeClock(rollout, openness),
      monotonicMs: scene.nowMs,
      expiresMs,
    });
    entry.heldSinceMs = judged.heldSinceMs;
    this.#noteWait(judged.wait);
    if (ENDS.has(judged.wait.kind)) entry.course = 'over';
    if (judged.openness === openness) return;
    if (judged.openness.stop !== undefined) {
      scene.coverage.hit('rollout-stopped');
      entry.openness = judged.openness;
      waves.opens(host, rollout, judged.openness);
    }
    this.#note(entry, rollout, judged.openness);
  }

  /** As `service/clients/delivery.ts`: asked where a wave waits for its time. */
  #judgeClock({ body, issuedMs }: RolloutHead, { openedMs }: Openness): 'right' | ClockDoubt {
    const { host } = this.#parts;
    const next = body.waves[openedMs.length];
    if (next === undefined || !isTimed(next)) return 'right';
    const charter = this.#state && currentCharter(this.#state)?.charter;
    const heartbeats = host.driver?.machine.attestations.heartbeats ?? new Map();
    return judgeClock(host.wallMs, { issuedMs, charter, heartbeats });
  }

  #noteWait(wait: Wait): void {
    const { coverage } = this.#parts.scene;
    if (wait.kind === 'clock') coverage.hit('wave-doubted');
    if (wait.kind === 'time') coverage.hit('wave-closed');
  }

  /** The time, where no clock by which regions speak is ever wrong. */
  get #trueMs(): number | undefined {
    const { hosts, plan, nowMs } = this.#parts.scene;
    const isWrong = plan.faults.some(
      (one) => one.kind === 'clock' && hosts[one.host]?.attests === true,
    );
    return isWrong ? undefined : TEST_EPOCH_MS + nowMs;
  }

  /** A failed write may be there all the same; then it is what the next start finds. */
  #note(entry: Entry, rollout: RolloutHead, openness: Openness): void {
    const { scene, host, isAlive } = this.#parts;
    const { disk } = host;
    entry.writes = 'note';
    scene.after(WRITE_MS, host.index, () => {
      const isHidden = host.diskFault('fails-persisted');
      const isFailed = isHidden || host.diskFault('fails');
      if (isHidden || !isFailed) disk.notes.set(entry.bundle, encodeOpenness(rollout, openness));
      if (!isAlive()) return;
      entry.writes = 'nothing';
      if (!isFailed) this.#open(entry, rollout, openness);
      if (this.#state !== undefined) this.#remake(entry, this.#state);
    });
  }

  #open(entry: Entry, rollout: RolloutHead, openness: Openness): void {
    const { scene, host, waves } = this.#parts;
    entry.openness = openness;
    waves.opens(host, rollout, openness);
    const newest = rollout.body.waves[openness.openedMs.length - 1];
    if (openness.stop === undefined && newest !== undefined && isTimed(newest)) {
      scene.coverage.hit('wave-timed');
      waves.requireInTime(host, rollout, openness, this.#trueMs);
    }
    if (openness.stop === undefined && openness.openedMs.length > 1) {
      scene.coverage.hit('wave-opened');
    }
  }

  /** The state may have moved while a note was written. */
  #remake(entry: Entry, state: TrustedState): void {
    const { plan, rollout } = planOf(this.#parts.host.disk, state, entry.bundle);
    const isSame =
      rollout?.digest === entry.rollout?.digest &&
      plan.everybody?.digest === entry.plan.everybody?.digest;
    if (isSame) this.#give(entry);
    else this.#make(entry.bundle, state);
  }

  /** All nodes, as this one sees them. */
  #nodes(bundle: BundleName): readonly ReportingNode[] {
    const { scene, host } = this.#parts;
    return scene.hosts.flatMap((other): readonly ReportingNode[] => {
      if (other.role === 'clone') return [];
      const who = { ...other.identity, trust: 'met' } as const;
      const { nodeId } = who;
      const isThere = other === host || host.driver?.machine.isLinked(nodeId) === true;
      const said = isThere ? other.driver?.delivering?.row(bundle) : undefined;
      if (said === undefined) return [{ ...who, state: 'suspect', row: undefined }];
      const { realm } = scene.pool;
      const row = { nodeId, realm, bootId: '', version: 1, sinceMs: 0, issuedAtMs: 0 };
      const all = { ...row, bundles: [said], knowledge: 'whole' as const };
      return [{ ...who, state: 'alive', row: all }];
    });
  }

  #give(entry: Entry): void {
    const { bundle, rollout } = entry;
    const { scene, host, waves } = this.#parts;
    for (const program of host.programs.of(bundle)) {
      const due = this.#dueOf(entry, program);
      if (due === undefined || !isNews(program, due)) continue;
      waves.gives(host, rollout, { program, due, bundle });
      program.other = { release: due, stage: 'delivered' };
      scene.after(TRY_MS, -1, () => host.programs.try(program, due));
    }
  }

  #dueOf({ plan, rollout, openness }: Entry, program: Program): NamedRelease | undefined {
    const open = openWaves(plan, openness);
    if (rollout === undefined || open === 0) return plan.everybody;
    const wave = this.#parts.host.programs.waveOf(rollout.body, program);
    return wave < open ? rollout.body.to : plan.everybody;
  }
}

/** A program takes nothing older than what it has, nor what it refused. */
function isNews({ held, other }: Program, due: NamedRelease): boolean {
  const newest = Math.max(held?.sequence ?? 0, other?.release.sequence ?? 0);
  return due.sequence > newest;
}

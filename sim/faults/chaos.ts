/**
 * Carries out the faults of a plan: when each begins, what it does, and that it ends.
 *
 * @module
 */

import type { Network } from '../network/network.ts';
import { Disk } from '../nodes/disk.ts';
import type { Host } from '../nodes/host.ts';
import { storeIdOf } from '../nodes/store-id.ts';
import type { Oracle } from '../oracle/oracle.ts';
import { Draws, draw } from '../world/prf.ts';
import type { Scene } from '../world/scene.ts';
import { backupKind, type Fault } from './faults.ts';
import { Liar } from './liar.ts';

type FaultOf<Kind extends Fault['kind']> = Extract<Fault, { readonly kind: Kind }>;

/** A slow node takes so long for an event, milliseconds. */
const SLOW_COST_MS = 10;
const RESTART_MS = 400;
const CONTRADICTION_WITHIN_MS = 300;

/** What faults strike. */
export interface ChaosScene extends Scene {
  readonly hosts: readonly Host[];
  readonly network: Network;
  readonly oracle: Oracle;
}

/** The faults of one seed. */
export class Chaos {
  readonly #scene: ChaosScene;
  readonly #cuts: Set<() => void> = new Set();
  #isOver = false;

  constructor(scene: ChaosScene) {
    this.#scene = scene;
  }

  /** Schedules all faults. */
  start(): void {
    let clones = 0;
    for (const fault of this.#scene.plan.faults) {
      if (fault.kind === 'clone') {
        const clone = this.#scene.hosts[this.#scene.plan.hosts.length + clones];
        clones += 1;
        if (clone !== undefined) this.#clone(fault, clone);
      } else {
        this.#schedule(fault);
      }
    }
  }

  /** All faults end but those of liars and of those who are gone. */
  heal(): void {
    this.#isOver = true;
    this.#scene.network.fates.clear();
    for (const restore of this.#cuts) restore();
    this.#cuts.clear();
    for (const host of this.#scene.hosts) {
      host.diskFaults.clear();
      host.clockOffsetMs = 0;
      host.costMs = 0;
      host.freeAtMs = Math.min(host.freeAtMs, this.#scene.nowMs);
      if (host.role === 'member') host.boot();
      if (host.role === 'clone') host.die();
    }
  }

  #schedule(fault: Exclude<Fault, FaultOf<'clone'>>): void {
    const { fates } = this.#scene.network;
    switch (fault.kind) {
      case 'cut':
        return this.#cut(fault);
      case 'crash':
        return this.#crash(fault);
      case 'gone':
        return this.#during(fault, fault.host, (host) => this.#vanish(host));
      case 'rolling':
        return this.#rolling(fault);
      case 'disk':
        return this.#during(
          fault,
          fault.host,
          (host) => host.diskFaults.add(fault),
          (host) => host.diskFaults.delete(fault),
        );
      case 'frames':
      case 'dials':
        return this.#during(
          fault,
          0,
          () => fates.begin(fault),
          () => fates.end(fault),
        );
      case 'slow':
      case 'pause':
      case 'clock':
        return this.#time(fault);
      case 'backup':
        return this.#backup(fault);
      case 'newer-version':
      case 'byzantine':
      case 'equivocation':
        return this.#people(fault);
    }
  }

  #during(
    { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs?: number },
    index: number,
    begin: (host: Host) => unknown,
    end?: (host: Host) => unknown,
  ): void {
    const host = this.#scene.hosts[index];
    if (host === undefined) return;
    this.#scene.at(fromMs, -1, () => {
      if (!this.#isOver) begin(host);
    });
    if (end === undefined || untilMs === undefined) return;
    this.#scene.at(untilMs, -1, () => {
      if (!this.#isOver) end(host);
    });
  }

  #cut(fault: FaultOf<'cut'>): void {
    const { network } = this.#scene;
    const inside = new Set(fault.hosts);
    const pairs = this.#scene.hosts.flatMap(({ index: from }) =>
      this.#scene.hosts.flatMap(({ index: to }): [number, number][] => {
        const isOut = inside.has(from) && !inside.has(to);
        const isIn = !inside.has(from) && inside.has(to);
        const isCut = (fault.way !== 'in' && isOut) || (fault.way !== 'out' && isIn);
        return isCut ? [[from, to]] : [];
      }),
    );
    const join = (): void => {
      if (!this.#cuts.delete(join)) return;
      for (const [from, to] of pairs) network.unblock(from, to);
    };
    const part = (): void => {
      this.#cuts.add(join);
      this.#scene.coverage.hit('peer-dark');
      for (const [from, to] of pairs) network.block(from, to);
    };
    const turn = (fromMs: number, untilMs: number): void => {
      this.#during({ fromMs, untilMs }, 0, part, join);
    };
    const turnMs = fault.flapMs === 0 ? Infinity : fault.flapMs;
    for (let atMs = fault.fromMs; atMs < fault.untilMs; atMs += 2 * turnMs) {
      turn(atMs, Math.min(atMs + turnMs, fault.untilMs));
    }
  }

  #crash(fault: FaultOf<'crash'>): void {
    this.#during(
      fault,
      fault.host,
      (host) => {
        if (fault.how === 'power') {
          this.#scene.coverage.hit('power-cut');
          host.die('power');
          return;
        }
        this.#scene.coverage.hit('crash-between-effects');
        const share = draw(this.#scene.seed, 'faults', fault.id, -1);
        host.driver?.crashSoon({ share, on: fault.how === 'writing' ? 'persist' : 'anything' });
      },
      (host) => {
        if (fault.how !== 'power') host.die();
        host.boot();
      },
    );
  }

  #vanish(host: Host): void {
    host.role = 'gone';
    host.die('power');
    this.#scene.oracle.diskReplaced(host);
  }

  #rolling(fault: FaultOf<'rolling'>): void {
    for (const { index } of this.#scene.hosts.slice(0, this.#scene.plan.hosts.length)) {
      const fromMs = fault.fromMs + index * fault.everyMs;
      this.#during({ fromMs, untilMs: fromMs + RESTART_MS }, index, restart, (host) => {
        if (host.role === 'member') host.boot();
      });
    }
    const { coverage } = this.#scene;
    function restart(host: Host): void {
      coverage.hit('rolling-restart');
      host.driver?.leave();
      host.die();
    }
  }

  #time(fault: FaultOf<'slow' | 'pause' | 'clock'>): void {
    const { coverage } = this.#scene;
    switch (fault.kind) {
      case 'slow':
        return this.#during(
          fault,
          fault.host,
          (host) => {
            coverage.hit('slow');
            host.costMs = SLOW_COST_MS;
          },
          (host) => {
            host.costMs = 0;
          },
        );
      case 'pause':
        return this.#during(fault, fault.host, (host) => {
          coverage.hit('pause');
          host.freeAtMs = Math.max(host.freeAtMs, fault.untilMs);
        });
      case 'clock':
        return this.#during(
          fault,
          fault.host,
          (host) => {
            coverage.hit(fault.byMs < 0 ? 'clock-back' : 'clock-forward');
            host.clockOffsetMs = fault.byMs;
          },
          (host) => {
            coverage.hit(fault.byMs < 0 ? 'clock-forward' : 'clock-back');
            host.clockOffsetMs = 0;
          },
        );
    }
  }

  /** What the disk held when the fault began takes its place when it ends; or nothing does. */
  #backup(fault: FaultOf<'backup'>): void {
    let copy: Disk | undefined;
    this.#during(
      fault,
      fault.host,
      (host) => {
        const what = backupKind(fault, draw(this.#scene.seed, 'faults', fault.id, -2));
        copy = host.disk.backup(what, storeIdOf(0x1000 + fault.id));
        this.#scene.coverage.hit(what);
      },
      (host) => {
        if (copy === undefined || host.role !== 'member') return;
        host.die();
        host.replaceDisk(copy);
        this.#scene.after(RESTART_MS, -1, () => host.boot());
      },
    );
  }

  #clone(fault: FaultOf<'clone'>, clone: Host): void {
    const victim = this.#scene.hosts[fault.host];
    if (victim === undefined) return;
    this.#during(
      fault,
      clone.index,
      () => {
        this.#scene.coverage.hit('duplicate-id');
        clone.disk = new Disk(victim.disk.storeId, victim.disk);
        clone.boot();
      },
      () => clone.die(),
    );
  }

  #people(fault: FaultOf<'newer-version' | 'byzantine' | 'equivocation'>): void {
    const { coverage, pool, seed } = this.#scene;
    const host = this.#scene.hosts[fault.host];
    if (host === undefined) return;
    switch (fault.kind) {
      case 'newer-version':
        coverage.hit('newer-version');
        host.protocolVersion += 1;
        return;
      case 'byzantine':
        host.liar ??= new Liar({ pool, coverage, draws: new Draws(seed, 'byzantine', host.index) });
        host.liar.ways.add(fault.what);
        return;
      case 'equivocation':
        return this.#contradict(fault, host);
    }
  }

  /** Signers make a second statement for a place, and somebody publishes it elsewhere. */
  #contradict(fault: FaultOf<'equivocation'>, host: Host): void {
    const { pool, plan } = this.#scene;
    const chosen = plan.publications.filter(({ place }) => pool.alternates.has(place));
    const share = draw(this.#scene.seed, 'faults', fault.id, -3);
    const publication = chosen[Math.floor(share * chosen.length)];
    const alternate = publication && pool.alternates.get(publication.place);
    if (publication === undefined || alternate === undefined) return;
    const lateMs =
      CONTRADICTION_WITHIN_MS * (2 * draw(this.#scene.seed, 'faults', fault.id, -4) - 1);
    const fromMs = Math.max(1, publication.atMs + lateMs);
    this.#during({ fromMs }, host.index, () => host.driver?.submit(alternate, () => undefined));
  }
}

/**
 * What is known of the store of one process, and the attesting that depends on it, as
 * `node/attesting.ts` does it.
 *
 * @module
 */
import type { SigningKey } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import type { GossipEvent } from '../../src/core/gossip/events.ts';
import type { StreamName } from '../../src/core/ids.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';
import type { Oracle } from '../oracle/oracle.ts';
import type { Scene } from '../world/scene.ts';
import { Attestor } from './attestor.ts';
import type { Machine, SimNode } from './node.ts';

const RENEW_MS = 3;
const ADVANCE_MS = 2;

/** What it works with. */
export interface StandingParts {
  readonly scene: Scene;
  readonly oracle: Oracle;
  readonly host: SimNode;
  readonly machine: Machine;
  readonly handle: (event: GossipEvent) => void;
  readonly isAlive: () => boolean;
}

/** The standing of one process. */
export class Standing {
  readonly #parts: StandingParts;
  #key: SigningKey | undefined;
  /** Present while the key signs. */
  #attestor: Attestor | undefined;
  #phase: 'waiting' | 'signing' | 'over' = 'waiting';

  constructor(parts: StandingParts) {
    this.#parts = parts;
  }

  /** Will attest for the region of the node. */
  attest(key: SigningKey): void {
    this.#key = key;
  }

  /** The key of the region may sign only later: nobody has looked at the store yet. */
  get isWaiting(): boolean {
    return this.#key !== undefined && this.#phase === 'waiting';
  }

  serve(state: TrustedState, streams: readonly StreamName[]): void {
    this.#attestor?.serve(state, streams);
  }

  /** Carries out what the machine says of the store, after all else that it wants done. */
  perform(what: 'vouched' | 'unvouched' | 'renew'): void {
    const { scene, oracle, host, isAlive } = this.#parts;
    if (what !== 'vouched') {
      this.#phase = what === 'renew' ? 'over' : 'waiting';
      this.#attestor = undefined;
      if (what === 'unvouched') return scene.coverage.hit('unvouched');
      oracle.copies.found(host);
      return scene.after(RENEW_MS, host.index, () => this.#renew());
    }
    oracle.copies.vouched(host);
    this.#phase = 'signing';
    scene.after(0, host.index, () => {
      if (this.#phase === 'signing' && isAlive()) this.#sign();
    });
  }

  /** Makes the store count more than this. */
  advance(beyond: number): void {
    const { scene, oracle, host, handle, isAlive } = this.#parts;
    scene.after(ADVANCE_MS, host.index, () => {
      if (!isAlive()) return;
      if (host.diskFault('fails')) {
        const error = new KedgeError('STORE', 'the disk refuses', { detail: { reason: 'full' } });
        return handle({ kind: 'advanced', count: host.disk.writes, error });
      }
      const count = host.disk.advance(beyond);
      oracle.copies.counted(host);
      scene.coverage.hit('copy-outrun');
      handle({ kind: 'advanced', count });
    });
  }

  /** From the record on its disk: what was under way when it stopped is there, or is not. */
  #sign(): void {
    const { scene, oracle, host, machine, handle, isAlive } = this.#parts;
    if (this.#key === undefined || this.#attestor !== undefined) return;
    const attestor: Attestor = new Attestor({
      scene,
      attested: oracle.attested,
      host,
      key: this.#key,
      state: machine.durable,
      attest: (said) => handle({ kind: 'attest', said, count: host.disk.writes }),
      isAlive: () => isAlive() && this.#attestor === attestor,
    });
    this.#attestor = attestor;
    attestor.start(machine.durable);
  }

  #renew(): void {
    const { oracle, host, handle, isAlive } = this.#parts;
    if (!isAlive()) return;
    const storeId = oracle.copies.nextId();
    const count = host.disk.renew(storeId);
    handle({ kind: 'renewed', storeId, count });
  }
}

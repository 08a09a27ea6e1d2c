/**
 * The attesting of one simulated node for its region, as `service/attesting/attestor.ts` does it:
 * cosigns the durable head of every stream, writes that down and only then says it, and sends
 * heartbeats.
 *
 * What is signed and in which order is decided by the machine of production. A key belongs to the
 * store that has its record, so a node with another store does not attest any more.
 *
 * @module
 */
import type { SigningKey } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import type { Attestation } from '../../src/core/gossip/frames.ts';
import { rowIn, rowsOf } from '../../src/core/gossip/rows.ts';
import type { StreamName } from '../../src/core/ids.ts';
import { movedLogs, nextHead, signHeartbeat } from '../../src/core/log/attesting.ts';
import {
  type CosignedRecord,
  type CosignerEffect,
  type CosignerEvent,
  type CosignerState,
  stepCosigner,
} from '../../src/core/log/cosigner.ts';
import { headTree } from '../../src/core/log/heads.ts';
import { completeProof } from '../../src/core/log/plan.ts';
import { hashInner, hashLeaf, perfectSubtrees, type Subtree } from '../../src/core/log/tree.ts';
import type { TrustedState } from '../../src/core/trusted/state.ts';
import type { Attested } from '../oracle/attested.ts';
import type { Scene } from '../world/scene.ts';
import type { SimNode } from './node.ts';

const HEARTBEAT_MS = 30_000;
const WRITE_MS = 2;

/** What an attestor works with. */
export interface AttestorParts {
  readonly scene: Scene;
  /** Watches what is said. */
  readonly attested: Attested;
  readonly host: SimNode;
  readonly key: SigningKey;
  readonly state: TrustedState;
  /** Gives what may be known to the machine; nothing happens once the process is gone. */
  readonly attest: (said: Attestation) => void;
  readonly isAlive: () => boolean;
}

/** Attests while its process lives. */
export class Attestor {
  readonly #parts: AttestorParts;
  readonly #cosigners: Map<StreamName, CosignerState> = new Map();
  readonly #waiting: Set<StreamName> = new Set();
  /** What the disk refused; offered again with the next heartbeat. */
  readonly #failed: Set<StreamName> = new Set();
  #state: TrustedState;
  #isBusy = false;

  constructor(parts: AttestorParts) {
    this.#parts = parts;
    this.#state = parts.state;
  }

  start(state: TrustedState): void {
    this.serve(state, []);
    this.#beat();
  }

  /** The durable state moved; without streams: all of it counts. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    const before = this.#state;
    this.#state = state;
    const offered = streams.length > 0 ? movedLogs(before, state, streams) : rowsOf(state).keys();
    for (const stream of offered) this.#waiting.add(stream);
    this.#next();
  }

  #next(): void {
    if (this.#isBusy || !this.#parts.isAlive()) return;
    const [stream] = this.#waiting;
    if (stream === undefined) return;
    this.#waiting.delete(stream);
    const { sequence = 0, forked = false } = rowIn(this.#state, stream) ?? {};
    if (forked || sequence === 0) return this.#next();
    this.#isBusy = true;
    this.#cosign(stream, sequence);
  }

  #cosign(stream: StreamName, size: number): void {
    const known = this.#cosigners.get(stream) ?? this.#restore(stream);
    try {
      const peaks = perfectSubtrees(0, size).map((at) => this.#hash(stream, at));
      const { checkpoint, plan } = nextHead(this.#state, stream, { size, peaks }, known);
      const proof = completeProof(plan, (at) => this.#hash(stream, at));
      this.#step(stream, known, { kind: 'head', checkpoint, proof });
    } catch (thrown) {
      // A fork took back what was cosigned: nothing more is said until it is decided.
      const { code } = KedgeError.from(thrown);
      if (code !== 'PROOF' && code !== 'ROLLBACK') throw thrown;
      this.#done();
    }
  }

  #step(stream: StreamName, state: CosignerState, event: CosignerEvent): void {
    const { scene, host, key } = this.#parts;
    const { realm } = scene.pool;
    const identity = { realm, region: host.identity.region, key: key.publicKey };
    const step = stepCosigner(identity, state, event, host.wallMs);
    this.#cosigners.set(stream, step.state);
    if (step.effects.every(({ kind }) => kind === 'release')) this.#done();
    for (const effect of step.effects) this.#perform(stream, step.state, effect);
  }

  #perform(stream: StreamName, state: CosignerState, effect: CosignerEffect): void {
    const { key } = this.#parts;
    switch (effect.kind) {
      case 'sign':
        return this.#step(stream, state, { kind: 'signed', signature: key.sign(effect.message) });
      case 'persist':
        return this.#write(stream, state, effect.record);
      case 'release':
        return this.#release(effect.record);
    }
  }

  /** A failed write may be there all the same; then it is what the next start finds. */
  #write(stream: StreamName, state: CosignerState, record: CosignedRecord): void {
    const { scene, host, isAlive } = this.#parts;
    const { disk } = host;
    scene.after(WRITE_MS, host.index, () => {
      const isHidden = host.diskFault('fails-persisted');
      const isFailed = isHidden || host.diskFault('fails');
      if (isHidden || !isFailed) {
        disk.cosigned.set(stream, record);
        disk.writes += 1;
      }
      if (!isAlive()) return;
      this.#step(stream, state, { kind: isFailed ? 'failed' : 'persisted' });
      if (isFailed) this.#failed.add(stream);
    });
  }

  #release(record: CosignedRecord): void {
    const { scene, attested, host, attest } = this.#parts;
    const { checkpoint, line } = record;
    attested.says(host, record, scene.nowMs);
    const { recoveredBy = 0, decidedBy = 0 } = checkpoint;
    if (recoveredBy > 0) scene.coverage.hit('cosigned-recovered');
    else scene.coverage.hit(decidedBy > 0 ? 'cosigned-another-log' : 'cosigned');
    attest({ kind: 'cosigned', head: { checkpoint, line } });
  }

  #restore(stream: StreamName): CosignerState {
    const cosigned = this.#parts.host.disk.cosigned.get(stream);
    if (cosigned === undefined) return {};
    this.#release(cosigned);
    return { cosigned };
  }

  #done(): void {
    this.#isBusy = false;
    const { scene, host } = this.#parts;
    scene.after(0, host.index, () => this.#next());
  }

  #beat(): void {
    const { scene, host, key, attest, isAlive } = this.#parts;
    if (!isAlive()) return;
    scene.after(HEARTBEAT_MS, host.index, () => this.#beat());
    const { realm } = scene.pool;
    const by = { realm, region: host.identity.region, key };
    const heads = headTree(rowsOf(this.#state).values());
    attest({ kind: 'heartbeat', heartbeat: signHeartbeat(by, heads, host.wallMs) });
    for (const stream of this.#failed) this.#waiting.add(stream);
    this.#failed.clear();
    this.#next();
  }

  #hash(stream: StreamName, { level, index }: Subtree): Uint8Array {
    if (level > 0) {
      const left = this.#hash(stream, { level: level - 1, index: 2 * index });
      return hashInner(left, this.#hash(stream, { level: level - 1, index: 2 * index + 1 }));
    }
    const payload = this.#parts.host.disk.statement(stream, index + 1)?.payload;
    if (payload === undefined) throw new Error(`${stream} ${index + 1} is not on the disk`);
    return leafOf(payload);
  }
}

const leaves = new WeakMap<Uint8Array, Uint8Array>();

function leafOf(payload: Uint8Array): Uint8Array {
  const known = leaves.get(payload);
  if (known !== undefined) return known;
  const leaf = hashLeaf(payload);
  leaves.set(payload, leaf);
  return leaf;
}

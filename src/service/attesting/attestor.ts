/**
 * Lets the region of a node attest: cosigns the durable head of every stream, and signs a heartbeat
 * over all of them every 30 seconds, and soon after a stream is new or the charter lists the key.
 *
 * What is signed and in which order is the business of `core/log/cosigner.ts`; here are the store,
 * the key and the clock. Streams are worked on one after the other; of several heads of one stream
 * the newest is signed. A key that the charter does not list for the region signs nothing. Spec
 * section 8.
 *
 * @module
 */
import type { AuditSealer } from '../../core/audit/checkpoint.ts';
import type { SigningKey } from '../../core/crypto.ts';
import { KedgeError } from '../../core/errors.ts';
import type { Attestation } from '../../core/gossip/frames.ts';
import { rowIn, rowsOf } from '../../core/gossip/rows.ts';
import type { RealmName, RegionName, StreamName } from '../../core/ids.ts';
import { movedLogs, nextHead, signHeartbeat } from '../../core/log/attesting.ts';
import { verifyCosignature } from '../../core/log/cosignature.ts';
import {
  type CosignedRecord,
  type CosignerEffect,
  type CosignerEvent,
  type CosignerState,
  stepCosigner,
} from '../../core/log/cosigner.ts';
import { type HeadTree, headTree, updateHeads } from '../../core/log/heads.ts';
import { completeProof, type ProofPlan } from '../../core/log/plan.ts';
import type { ProofHashes } from '../../core/log/proof.ts';
import { parseCosignedHead, sealCheckpoint } from '../../core/log/regions.ts';
import { perfectSubtrees, type Subtree } from '../../core/log/tree.ts';
import { currentCharter, type TrustedState } from '../../core/trusted/state.ts';
import type { Clock, ClockTimer } from '../../ports/clock.ts';
import type { Logger } from '../../ports/logger.ts';
import type { NoteName, Store } from '../../ports/store.ts';

/** How often a region says what it holds, milliseconds. */
const HEARTBEAT_INTERVAL_MS = 30_000;
/** How soon a region speaks of a new stream or key; one heartbeat a second can be told at most. */
const NEWS_AFTER_MS = 1_100;

/** What an attestor works with. */
export interface AttestorOptions {
  readonly realm: RealmName;
  readonly region: RegionName;
  readonly key: SigningKey;
  /** What the store holds at start. */
  readonly state: TrustedState;
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Gives what is signed, and persisted where that matters, to clients and peers. */
  readonly attest: (said: Attestation) => void;
}

/** The attesting of one node for its region, running. */
export class Attestor implements AsyncDisposable {
  readonly #options: AttestorOptions;
  readonly #cosigners: Map<StreamName, CosignerState> = new Map();
  /** Streams whose head is to be cosigned. */
  readonly #waiting: Set<StreamName> = new Set();
  /** Streams that the store failed, offered again with the next heartbeat. */
  readonly #failed: Set<StreamName> = new Set();
  #state: TrustedState;
  #tree: HeadTree;
  #standing: 'unknown' | 'listed' | 'stranger' = 'unknown';
  #work: Promise<void> = Promise.resolve();
  #timer: ClockTimer | undefined;
  #dueMs = 0;
  #phase: 'idle' | 'signing' | 'closed' = 'idle';

  constructor(options: AttestorOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#tree = headTree(rowsOf(options.state).values());
  }

  /** The key of the region, for the node's own log. */
  get sealer(): AuditSealer {
    const { region, key } = this.#options;
    return { region, key };
  }

  /** Begins, also after a pause: cosigns what the store holds, and sends a heartbeat. */
  start(): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'signing';
    this.#waiting.clear();
    this.#offer([...rowsOf(this.#state).keys()]);
    this.#beat();
  }

  /** Signs nothing until it is started again; what is on its way to the store goes on. */
  pause(): void {
    if (this.#phase === 'signing') this.#phase = 'idle';
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  /** The durable state moved; no streams when holding back ends: all of it counts then. */
  serve(state: TrustedState, streams: readonly StreamName[]): void {
    const before = this.#state;
    this.#state = state;
    if (streams.length === 0) {
      const all = rowsOf(state);
      this.#tree = headTree(all.values());
      return this.#offer([...all.keys()]);
    }
    // Until a heartbeat has its row, nobody can call a new stream fresh.
    if (streams.some((stream) => !this.#tree.places.has(stream))) this.#arm(NEWS_AFTER_MS);
    const rows = streams.map((stream) => rowIn(state, stream));
    const present = rows.filter((row) => row !== undefined);
    this.#tree =
      present.length === rows.length
        ? updateHeads(this.#tree, present)
        : headTree(rowsOf(state).values());
    this.#offer(movedLogs(before, state, streams));
  }

  /** Resolves when all that was offered is cosigned or given up. */
  async idle(): Promise<void> {
    await this.#work;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#phase = 'closed';
    this.#timer?.[Symbol.dispose]();
    await this.#work;
  }

  #offer(streams: readonly StreamName[]): void {
    const isIdle = this.#waiting.size === 0;
    for (const stream of streams) this.#waiting.add(stream);
    if (isIdle && streams.length > 0) this.#work = this.#work.then(() => this.#cosignAll());
  }

  async #cosignAll(): Promise<void> {
    for (const stream of this.#waiting) {
      if (this.#phase !== 'signing') return;
      // Before the work: what comes meanwhile is a newer head.
      this.#waiting.delete(stream);
      try {
        if (this.#isListed()) await this.#cosign(stream);
      } catch (thrown) {
        const err = KedgeError.from(thrown);
        if (err.code === 'STORE') this.#failed.add(stream);
        const fields = { event: 'region.failed', stream, code: err.code, err } as const;
        this.#options.logger.error(fields, 'the head of a stream is not cosigned');
      }
    }
  }

  async #cosign(stream: StreamName): Promise<void> {
    const row = rowIn(this.#state, stream);
    // A fork is for the charter quorum to decide; until then there is nothing to attest.
    if (row === undefined || row.forked || row.sequence === 0) return;
    const known = this.#cosigners.get(stream) ?? (await this.#restore(stream));
    const size = row.sequence;
    const peaks = await this.#options.store.subtrees(stream, perfectSubtrees(0, size));
    const { checkpoint, plan } = nextHead(this.#state, stream, { size, peaks }, known);
    const proof = await this.#growth(stream, plan);
    await this.#run(stream, known, { kind: 'head', checkpoint, proof });
  }

  /** Carries out steps until nothing is left to do. */
  async #run(stream: StreamName, state: CosignerState, first: CosignerEvent): Promise<void> {
    const { realm, region, key, clock } = this.#options;
    const identity = { realm, region, key: key.publicKey };
    let known = state;
    let event: CosignerEvent | undefined = first;
    while (event !== undefined) {
      const step = stepCosigner(identity, known, event, clock.nowMs());
      known = step.state;
      this.#cosigners.set(stream, known);
      event = undefined;
      for (const effect of step.effects) {
        try {
          event = (await this.#perform(stream, effect)) ?? event;
        } catch (thrown) {
          this.#cosigners.set(stream, stepCosigner(identity, known, { kind: 'failed' }, 0).state);
          throw thrown;
        }
      }
    }
  }

  async #perform(stream: StreamName, effect: CosignerEffect): Promise<CosignerEvent | undefined> {
    const { key, store, attest } = this.#options;
    switch (effect.kind) {
      case 'sign':
        return { kind: 'signed', signature: key.sign(effect.message) };
      case 'persist': {
        const { checkpoint, line } = effect.record;
        await store.setNote(this.#noteOf(stream), sealCheckpoint(checkpoint, [line]));
        return { kind: 'persisted' };
      }
      case 'release': {
        const { checkpoint, line } = effect.record;
        attest({ kind: 'cosigned', head: { checkpoint, line } });
        return undefined;
      }
    }
  }

  /** What the store has is given out again: it was released before, or could have been. */
  async #restore(stream: StreamName): Promise<CosignerState> {
    const { store, key, attest } = this.#options;
    const note = await store.note(this.#noteOf(stream));
    if (note === undefined) return {};
    const head = parseCosignedHead(note);
    const timeSeconds = verifyCosignature(head.checkpoint, key.publicKey, head.line);
    if (timeSeconds === undefined || head.checkpoint.stream !== stream) {
      throw new KedgeError('STORE', `the record of what was cosigned of ${stream} is damaged`);
    }
    const cosigned: CosignedRecord = { ...head, timeSeconds };
    this.#cosigners.set(stream, { cosigned });
    attest({ kind: 'cosigned', head });
    return { cosigned };
  }

  async #growth(stream: StreamName, plan: ProofPlan): Promise<ProofHashes> {
    const subtrees = plan.flat();
    if (subtrees.length === 0) return [];
    const hashes = await this.#options.store.subtrees(stream, subtrees);
    return completeProof(plan, (at: Subtree) => {
      const hash = hashes[subtrees.indexOf(at)];
      if (hash === undefined) throw new KedgeError('BUG', 'a hash of a proof was not read');
      return hash;
    });
  }

  #beat(): void {
    const { clock, attest } = this.#options;
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#arm(HEARTBEAT_INTERVAL_MS);
    this.#offer([...this.#failed]);
    this.#failed.clear();
    if (!this.#isListed()) return;
    const heartbeat = signHeartbeat(this.#options, this.#tree, clock.nowMs());
    attest({ kind: 'heartbeat', heartbeat });
  }

  /** The next heartbeat, unless an earlier one is due. */
  #arm(delayMs: number): void {
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    if (this.#phase !== 'signing' || (this.#timer !== undefined && this.#dueMs <= dueMs)) return;
    this.#timer?.[Symbol.dispose]();
    this.#dueMs = dueMs;
    this.#timer = clock.setTimer(delayMs, () => {
      this.#beat();
    });
  }

  /** Whether the charter lists the key for this region; a change is told. */
  #isListed(): boolean {
    const { region, key, logger } = this.#options;
    const { keyId } = key.publicKey;
    const charter = currentCharter(this.#state)?.charter;
    const keys = charter?.regions.find(({ name }) => name === region)?.keys ?? [];
    const standing = keys.some((listed) => listed.keyId === keyId) ? 'listed' : 'stranger';
    if (standing !== this.#standing && charter !== undefined) {
      // Until a heartbeat has the new key, nobody can count the region.
      if (this.#standing === 'stranger') this.#arm(NEWS_AFTER_MS);
      this.#standing = standing;
      if (standing === 'listed') {
        // All that was held while nobody asked for it.
        this.#offer([...rowsOf(this.#state).keys()]);
        logger.info(
          { event: 'region.attesting', region, keyId },
          'this node attests for its region',
        );
      } else {
        logger.warn(
          { event: 'region.refused', region, keyId },
          'the charter does not list region.keyFile for this region: nothing is attested here',
        );
      }
    }
    return standing === 'listed';
  }

  #noteOf(stream: StreamName): NoteName {
    return `cosigned:${this.#options.key.publicKey.keyId}:${stream}`;
  }
}

/**
 * One connection to one node: say what is held, take in what comes, leave when something is wrong.
 *
 * A node that sends something that does not verify is told why and left; what is in use stays. So
 * is a node that is silent, that does not answer for every bundle, or that talks without end.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import type { BundleName } from '../../core/ids.ts';
import { WAITING_MAX } from '../../core/limits.ts';
import { parseStatement } from '../../core/statements/statement.ts';
import { currentCharter } from '../../core/trusted/state.ts';
import type { HeldRelease, WatchResponse } from '../../core/watch/messages.ts';
import type { Activation } from '../activation.ts';
import type { SourceConfig } from '../options.ts';
import type { UsageReports } from '../usage/usage-reports.ts';
import type { Applied } from '../verified/applied.ts';
import { Pending } from '../verified/pending.ts';
import type { VerifiedRealm } from '../verified/verified-realm.ts';
import { ForkReports } from './fork-reports.ts';
import type { WatchCall } from './grpc-watch.ts';
import { LapseTimer } from './lapse-timer.ts';
import { Watchdog } from './watchdog.ts';

/** Messages that change nothing which a node may send in a row, refilled one per second. */
const IDLE_MESSAGES_MAX = 1000;
/** More of them for each bundle: a node that answers for it says this much anew. */
const IDLE_PER_BUNDLE = WAITING_MAX + 8;

/** After these there may be forks that were not seen before. */
const MAY_FORK: readonly Applied['kind'][] = ['attested', 'forked', 'charters'];

/** What a session works with. */
export interface SessionOptions {
  readonly config: SourceConfig;
  readonly realm: VerifiedRealm;
  readonly activation: Activation;
  readonly call: WatchCall;
  readonly reports: UsageReports;
  /** The node holds as its newest what is in use. */
  readonly onConfirmed: (bundle: BundleName) => void;
  /** The node has answered for every bundle with the newest that is known. */
  readonly onSettled: () => void;
  /** See `WatchLoopOptions`. Programs hear of the whole: the node answered, and what with. */
  readonly onTaken: () => void;
}

/**
 * Runs a connection until it ends; always throws why. When it has thrown, nothing of it is under
 * way any more. Errors: any code.
 */
export async function runSession(options: SessionOptions): Promise<never> {
  return await new Session(options).run();
}

class Session {
  readonly #options: SessionOptions;
  readonly #pending = new Pending();
  readonly #confirmed: Set<BundleName> = new Set();
  /** What the node answered for with the newest that it has, while something else is in use. */
  readonly #answered: Set<BundleName> = new Set();
  readonly #answers: Watchdog;
  readonly #silence: Watchdog;
  readonly #lapses: LapseTimer;
  readonly #forks: ForkReports;
  /** Messages and the passing of time move the same state: one after the other. */
  #turn: Promise<void> = Promise.resolve();
  readonly #idleMax: number;
  #idleBudget: number;
  #refilledMs: number;
  #isSettled = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { clock, answerTimeoutMs, silenceTimeoutMs, bundles } = options.config;
    this.#idleMax = IDLE_MESSAGES_MAX + IDLE_PER_BUNDLE * bundles.length;
    this.#idleBudget = this.#idleMax;
    this.#refilledMs = clock.monotonicMs();
    this.#answers = new Watchdog(clock, answerTimeoutMs, 'the node did not answer for all bundles');
    this.#silence = new Watchdog(clock, silenceTimeoutMs, 'the node fell silent');
    this.#forks = new ForkReports((request) => options.call.send(request));
    this.#lapses = new LapseTimer({
      clock,
      leftMs: () => options.activation.leftMs(),
      // What fails there ends the connection with the next message.
      onLapse: () => void this.#inTurn(() => this.#settle()).catch(() => undefined),
    });
  }

  async run(): Promise<never> {
    const { call, reports } = this.#options;
    using answers = this.#answers;
    using silence = this.#silence;
    answers.start();
    silence.start();
    call.send({ kind: 'start', start: this.#start() });
    using _ = reports.begin(call);
    const reading = this.#read();
    try {
      return await Promise.race([reading, answers.bark, silence.bark]);
    } finally {
      call.cancel();
      this.#lapses[Symbol.dispose]();
      // The next connection must not begin while a message of this one is still being taken in.
      await reading.catch(() => undefined);
      await this.#turn.catch(() => undefined);
    }
  }

  async #read(): Promise<never> {
    for await (const response of this.#options.call.responses) {
      this.#silence.start();
      this.#options.reports.heard();
      await this.#inTurn(() => this.#take(response));
      this.#lapses.arm();
    }
    throw new KedgeError('UNAVAILABLE', 'the node ended the connection');
  }

  async #inTurn(act: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(act);
    await this.#turn;
  }

  /** Something that was verified is over. */
  async #settle(): Promise<void> {
    const { activation, call } = this.#options;
    const all = await activation.settle(this.#pending, (request) => call.send(request));
    this.#noteAll(all);
    this.#tellForks();
    this.#lapses.arm();
  }

  async #take(response: WatchResponse): Promise<void> {
    const { activation, call } = this.#options;
    let applied: Applied;
    try {
      applied = await activation.take(response, this.#pending, (request) => call.send(request));
    } catch (thrown) {
      const error = KedgeError.from(thrown);
      if (error.code === 'FORK') this.#forks.tell(activation.forks(), this.#nowMs());
      await this.#refuse(response, error);
      throw error;
    }
    this.#forks.heard(response);
    this.#noteAll([applied]);
    this.#tellFork(response, applied);
    if (MAY_FORK.includes(applied.kind) || this.#forks.isDue(this.#nowMs())) this.#tellForks();

    // The node is alive, and would have said if it had newer ones.
    for (const bundle of this.#confirmed) this.#options.onConfirmed(bundle);
    if (applied.kind !== 'charters' || applied.isLate !== true) return;
    throw new KedgeError('GAP', 'releases came before the charter that they need was cosigned');
  }

  #noteAll(all: readonly Applied[]): void {
    try {
      for (const applied of all) this.#note(applied);
    } finally {
      this.#options.onTaken();
    }
  }

  #note(applied: Applied): void {
    switch (applied.kind) {
      case 'released':
        this.#idleBudget = this.#idleMax;
        this.#confirmed.add(applied.inUse.bundle.name);
        break;
      case 'confirmed':
        this.#spend();
        this.#confirmed.add(applied.bundle);
        break;
      case 'overruled':
        this.#spend();
        this.#answered.add(applied.bundle);
        break;
      case 'unattested':
        this.#spend();
        this.#answered.add(applied.at.bundle);
        break;
      case 'behind':
        this.#spend();
        this.#confirmed.delete(applied.bundle);
        break;
      case 'nothing':
        this.#spend();
        break;
      case 'attested':
        if (applied.pace === 'early') this.#spend();
        break;
      case 'charters-wait':
        this.#spend();
        if (applied.bundle !== undefined) this.#answered.add(applied.bundle);
        break;
      case 'charters':
      case 'forked':
        break;
    }
    const { realm, config } = this.#options;
    const isOpen = (bundle: BundleName): boolean =>
      !this.#confirmed.has(bundle) &&
      !this.#answered.has(bundle) &&
      !(realm.forkOf(bundle) !== undefined && this.#forks.hasSpokenOf(bundle));
    if (this.#isSettled || config.bundles.some(isOpen)) return;
    this.#isSettled = true;
    this.#answers[Symbol.dispose]();
    this.#options.onSettled();
    this.#tellForks();
  }

  /** Conformance H01: talk that changes nothing is bounded. */
  #spend(): void {
    const nowMs = this.#nowMs();
    const refill = Math.floor((nowMs - this.#refilledMs) / 1000);
    this.#refilledMs += refill * 1000;
    this.#idleBudget = Math.min(this.#idleMax, this.#idleBudget + refill) - 1;
    if (this.#idleBudget >= 0) return;
    throw new KedgeError('LIMIT', 'the node sends messages without end that change nothing');
  }

  /** Tells the node what is wrong with what it sent, and lets it read that. */
  async #refuse(response: WatchResponse, error: KedgeError): Promise<void> {
    const at = refusedRelease(response);
    this.#options.activation.noteRefusal(at, error);
    if (at === undefined) return;
    const { call } = this.#options;
    call.send({ kind: 'refusal', at, code: error.code, reason: error.message });
    await call.finish();
  }

  /** A node whose update proves a fork may not know of it. */
  #tellFork(response: WatchResponse, applied: Applied): void {
    const at = applied.kind === 'forked' ? refusedRelease(response) : undefined;
    if (at === undefined) return;
    const reason = 'another valid statement for this sequence is held';
    this.#options.call.send({ kind: 'refusal', at, code: 'FORK', reason });
  }

  /** What a thief showed here alone nobody else can tell. */
  #tellForks(): void {
    if (this.#isSettled) this.#forks.tell(this.#options.activation.forks(), this.#nowMs());
  }

  #nowMs(): number {
    return this.#options.config.clock.monotonicMs();
  }

  #start(): Extract<Parameters<WatchCall['send']>[0], { kind: 'start' }>['start'] {
    const { config, realm, reports } = this.#options;
    const charter = currentCharter(realm.trusted);
    return {
      realm: config.realm,
      firstCharterDigest: config.firstCharterDigest,
      charterVersion: realm.charterVersion,
      ...(charter && { charterDigest: charter.digest }),
      bundles: realm.cursors(),
      labels: config.labels,
      wantsAttestations: config.requireRegions !== undefined,
      ...(config.requireRegions !== undefined && { wantsWaiting: true }),
      ...reports.introduce(),
    };
  }
}

/** Which release a refusal is about; absent when the message does not even name one. */
function refusedRelease(response: WatchResponse): HeldRelease | undefined {
  if (response.kind !== 'update') return undefined;
  const last = response.update.statements.at(-1);
  try {
    const { sequence, digest } = parseStatement(last?.payload ?? new Uint8Array(0));
    return { bundle: response.update.bundle, sequence, digest };
  } catch {
    return undefined;
  }
}

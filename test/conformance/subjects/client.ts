/**
 * The SDK, seen by a lying node: whatever a case wants, over real gRPC.
 *
 * Each step gets a connection of its own, as the SDK leaves whoever lies. What the SDK does not
 * answer (something that it holds already) is found out with one message more that it must refuse.
 */
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { type BundleSource, openBundleSource } from '../../../src/client/source.ts';
import type { BundleState, BundleStatus } from '../../../src/client/states/status.ts';
import { sha256 } from '../../../src/core/crypto.ts';
import { type ErrorCode, isErrorCode } from '../../../src/core/errors.ts';
import { parseBundleName, parseSequence } from '../../../src/core/ids.ts';
import { diffBodies } from '../../../src/core/releases/delta.ts';

import type { BundleUpdate, WatchResponse } from '../../../src/core/watch/messages.ts';
import type { LogFields } from '../../../src/ports/logger.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';
import { TRUST_METHODS } from '../../../src/wire/methods.ts';
import { decodeWatchRequest, encodeWatchResponse } from '../../../src/wire/watch.ts';
import {
  type ApplyStep,
  type ConformanceCase,
  expectedOutcome,
  type JudgedStep,
  type RegionStep,
  type StreamResult,
} from '../format.ts';
import { decodeLeaf, decodePair, decodeRows, isRegionStep } from './attested.ts';
import { bend } from './protobuf.ts';
import { eventually, Recorder } from './recorder.ts';
import {
  decodeDocument,
  decodeEvidence,
  lastOf,
  type Observed,
  type Offered,
  type Subject,
  type SubjectKind,
  type SubjectResult,
} from './subject.ts';

/** What the charters of the cases promise. */
const WINDOW_MS = 600_000;
/** Response, update, statement. */
const STATEMENT_PATH = [3, 2];
const UNWATCHED = parseBundleName('unwatched.example.org');
/** Refused by every client that has taken in everything before it. */
const LAST_WORD: WatchResponse = {
  kind: 'update',
  update: {
    bundle: UNWATCHED,
    statements: [{ payload: Uint8Array.of(0), signatures: [] }],
    content: { kind: 'whole', body: Uint8Array.of(0) },
  },
};

/** The SDK, by a lying node. */
export const clientKind: SubjectKind = {
  name: 'client',
  open: async (one) => ClientSubject.open(one),
  visible: ({ charterVersion, streams }, { bundles }) => {
    const isStopped = streams.some(({ stream, state }) => stream === 'charter' && state !== 'open');
    const watched = streams.filter(({ stream }) =>
      bundles.some((bundle) => stream === `release/${bundle}`),
    );
    return {
      charterVersion,
      streams: watched.map(({ stream, state, sequence, digest }) => {
        if (state === 'forked') return { stream, state, sequence };
        // A fork of the charter stops every bundle where it is.
        const shown = { stream, state: isStopped ? 'forked' : 'open', sequence } as const;
        return digest === undefined ? shown : { ...shown, digest };
      }),
    };
  },
};

class ClientSubject implements Subject {
  readonly #case: ConformanceCase;
  readonly #node: LyingNode;
  readonly #folder: TempDir;
  readonly #recorder: Recorder = new Recorder();
  /** The bodies that were accepted, by stream, to build deltas on. */
  readonly #bases: Map<string, { readonly sequence: number; readonly body: Uint8Array }> =
    new Map();
  #nowMs = 0;
  #source: BundleSource | undefined;

  private constructor(one: ConformanceCase, node: LyingNode, folder: TempDir) {
    this.#case = one;
    this.#node = node;
    this.#folder = folder;
  }

  static async open(one: ConformanceCase): Promise<ClientSubject> {
    const subject = new ClientSubject(one, await LyingNode.start(), await createTempDir());
    await subject.#open();
    // C17: a floor says that something was there once.
    const isReset = subject.#recorder.events.some(({ event }) => event === 'source.reset');
    if (isReset !== (one.minSequence !== undefined)) throw new Error('trust-reset is not reported');
    return subject;
  }

  unfit(step: JudgedStep): string | undefined {
    const isFile = 'envelope' in step || 'certificate' in step;
    return isFile ? 'clients read no files' : undefined;
  }

  async take(step: JudgedStep): Promise<Observed> {
    this.#nowMs = step.nowMs;
    const session = await this.#node.nextSession();
    const events = this.#recorder.events.length;
    const before = this.#read();
    const places = this.#places();
    const inUse = this.#bundles();
    if ('evidence' in step) {
      session.say({ kind: 'fork', evidence: decodeEvidence(step.evidence) });
    } else if ('apply' in step) {
      this.#say(session, step);
    } else if (isRegionStep(step)) {
      session.say(attestation(step));
    }
    // What is accepted shows by itself, and the connection is good for the next step.
    const shows = expectedOutcome(step, 'client') === 'accepted' && !isRegionStep(step);
    if (!shows) session.say(LAST_WORD);
    const refusal = await eventually('the client to judge', () => {
      const found = this.#recorder.events.slice(events).find(isRefusal);
      return found ?? (shows && this.#places() !== places ? 'taken' : undefined);
    });
    if (refusal === 'taken') {
      this.#node.putBack(session);
      if ('apply' in step) this.#remember(step);
      return { outcome: 'accepted' };
    }
    const error = refusal['err'];
    const message = error instanceof Error ? error.message : '';
    const code = refusal['code'];
    if (!message.includes(UNWATCHED) && typeof code === 'string' && isErrorCode(code)) {
      return { outcome: code, message };
    }
    // A release that waits for regions is no fault of the node, and keeps the connection.
    const waits = this.#recorder.events.slice(events).find(isUnattested)?.['code'];
    if (typeof waits === 'string' && isErrorCode(waits)) return { outcome: waits };
    // Whether it was news cannot be seen from outside; what follows from it can.
    if (isRegionStep(step)) return { outcome: expectedOutcome(step, 'client') };
    const isForked = this.#recorder.events
      .slice(events)
      .some(({ event }) => event === 'stream.forked');
    if (isForked) {
      // Fail static: a fork takes nothing away from who uses it.
      const isKept = this.#bundles().every((bundle, index) => bundle === inUse[index]);
      return isKept ? { outcome: 'forked' } : { outcome: 'BUG', message: 'a fork changed a set' };
    }
    return { outcome: this.#read() === before ? 'held' : 'accepted' };
  }

  async freshness(nowMs: number): ReturnType<Subject['freshness']> {
    if (this.#case.requireRegions === undefined) return undefined;
    this.#nowMs = nowMs;
    const { bundles, clock } = this.#running.status();
    const fresh = bundles[0] !== undefined && isFresh(bundles[0], nowMs) ? 'fresh' : 'stale';
    return { fresh, clock: clock ?? 'right' };
  }

  async restart(nowMs: number): Promise<void> {
    await this.#source?.close();
    this.#node.forgetSessions();
    this.#nowMs = nowMs;
    await this.#open();
  }

  async snapshot(): Promise<string> {
    return this.#read();
  }

  /** What is in use; how it is called follows from it, and may be a moment ahead. */
  #places(): string {
    const { charterVersion, bundles } = this.#running.status();
    return [charterVersion, ...bundles.map(({ digest }) => digest)].join(' ');
  }

  #read(): string {
    const { charterVersion, bundles } = this.#running.status();
    const lines = bundles.map(({ name, state, sequence, digest, commonSequence }) => {
      const anchors = this.#running.bundle(name)?.anchors ?? [];
      const states = anchors.map((anchor) => `${anchor.id} ${anchor.state} ${anchor.pem()}`);
      const at = [name, reachedState(state), sequence, digest, commonSequence].join(' ');
      return `${at} ${this.#running.bundle(name)?.note ?? ''}\n${states.join('\n')}`;
    });
    return [charterVersion, ...lines].join('\n');
  }

  async result(): Promise<SubjectResult> {
    const { charterVersion, bundles } = this.#running.status();
    return {
      charterVersion,
      streams: bundles.flatMap(resultOf).toSorted((a, b) => (a.stream < b.stream ? -1 : 1)),
    };
  }

  reported(code: ErrorCode): number {
    return this.#recorder.reported(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source?.close();
    await this.#node[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }

  get #running(): BundleSource {
    if (this.#source === undefined) throw new Error('the source is not open');
    return this.#source;
  }

  async #open(): Promise<void> {
    const { realm, pin, bundles, minSequence, requireRegions, steps } = this.#case;
    const keeps = minSequence !== undefined || steps.some((step) => 'restart' in step);
    const { logger, metrics } = this.#recorder;
    this.#source = await openBundleSource({
      realm,
      firstCharterDigest: pin,
      endpoints: [this.#node.address],
      insecure: true,
      bundles,
      ...(keeps && { cacheDir: this.#folder.join('cache') }),
      ...(minSequence && { minSequence }),
      ...(requireRegions !== undefined && { requireRegions }),
      logger,
      metrics,
      backoff: { initialMs: 1, maxMs: 2 },
      // Connections are as long as the steps of the case, not as a clock says.
      answerTimeoutMs: 60_000,
      clock: {
        nowMs: () => this.#nowMs,
        monotonicMs: () => systemClock.monotonicMs(),
        setTimer: (delayMs, onDue) => systemClock.setTimer(delayMs, onDue),
      },
    });
  }

  #bundles(): readonly unknown[] {
    return this.#case.bundles.map((name) => this.#running.bundle(name));
  }

  #say(session: LyingSession, step: ApplyStep): void {
    const offered = decodeDocument(step.apply);
    const last = lastOf(offered.chain);
    if (last?.kind === 'charter') {
      const charters = offered.chain.map((statement) => ({ statement, body: offered.body }));
      session.say({ kind: 'charters', charters });
      return;
    }
    const watched = this.#case.bundles.map(parseBundleName);
    const bundle = watched.find((name) => name === last?.bundle) ?? watched[0] ?? UNWATCHED;
    if (offered.blobs.length > 0) session.say({ kind: 'blobs', blobs: offered.blobs });
    const content = this.#content(step, offered);
    // A whole body comes with the head alone.
    const statements = content.kind === 'whole' ? offered.chain.slice(-1) : offered.chain;
    const update = { bundle, statements, content };
    session.sayBytes(
      bend(encodeWatchResponse({ kind: 'update', update }), STATEMENT_PATH, step.wire),
    );
  }

  /** A client takes a whole body as a snapshot, so what must be linked travels as a delta. */
  #content(step: ApplyStep, { chain, body }: Offered): BundleUpdate['content'] {
    const first = lastOf(chain.slice(0, 1));
    const base = this.#bases.get(first?.stream ?? '');
    const whole = { kind: 'whole', body } as const;
    if (step.mode === 'jump' || first === undefined || base === undefined) return whole;
    if (chain.length === 1 && first.sequence <= base.sequence + 1) return whole;
    return {
      kind: 'delta',
      delta: {
        baseSequence: parseSequence(base.sequence),
        baseBodyDigest: sha256(base.body),
        patch: diffBodies(base.body, body),
      },
    };
  }

  #remember({ apply }: ApplyStep): void {
    const { chain, body } = decodeDocument(apply);
    const last = lastOf(chain);
    if (last !== undefined) this.#bases.set(last.stream, { sequence: last.sequence, body });
  }
}

/** The state apart from whether somebody can be reached: a node that lies is left, case by case. */
function reachedState(state: BundleState): BundleState {
  return state === 'offline' ? 'fresh' : state;
}

/** By the word of regions, whether expired or not. */
function isFresh({ state, attestedAtMs = 0 }: BundleStatus, nowMs: number): boolean {
  if (state === 'expired') return nowMs - attestedAtMs <= WINDOW_MS;
  return reachedState(state) === 'fresh';
}

function isUnattested({ event }: LogFields): boolean {
  return event === 'bundle.unattested' || event === 'charter.unattested';
}

function attestation(step: RegionStep): WatchResponse {
  if ('cosigned' in step) return { kind: 'cosigned', leaf: decodeLeaf(step) };
  if ('heartbeat' in step) return { kind: 'heartbeat', said: decodeRows(step) };
  return { kind: 'region-split', split: decodePair(step) };
}

function isRefusal({ event }: LogFields): boolean {
  return event === 'bundle.refused' || event === 'source.disconnected';
}

function resultOf(status: BundleStatus): readonly StreamResult[] {
  const { name, state, sequence, digest, commonSequence } = status;
  const stream = `release/${name}`;
  if (commonSequence !== undefined) return [{ stream, state: 'forked', sequence: commonSequence }];
  if (sequence === undefined || digest === undefined) return [];
  return [{ stream, state: state === 'forked' ? 'forked' : 'open', sequence, digest }];
}

/** One watch of the client, on which the node says what it wants. */
class LyingSession {
  readonly #call: ServerDuplexStream<Buffer, Buffer>;

  constructor(call: ServerDuplexStream<Buffer, Buffer>) {
    this.#call = call;
  }

  say(response: WatchResponse): void {
    this.sayBytes(encodeWatchResponse(response));
  }

  sayBytes(bytes: Uint8Array): void {
    this.#call.write(Buffer.from(bytes));
  }
}

/** A node whose sessions wait for what a case says. */
class LyingNode implements AsyncDisposable {
  readonly address: string;
  readonly #server: Server;
  readonly #sessions: LyingSession[];

  private constructor(server: Server, port: number, sessions: LyingSession[]) {
    this.#server = server;
    this.address = `127.0.0.1:${port}`;
    this.#sessions = sessions;
  }

  static async start(): Promise<LyingNode> {
    const sessions: LyingSession[] = [];
    const server = new Server();
    server.addService(
      { watch: TRUST_METHODS.watch },
      {
        watch: (call: ServerDuplexStream<Buffer, Buffer>) => {
          call.on('data', (bytes: Buffer) => {
            const request = decodeWatchRequest(bytes);
            if (request === 'unknown' || request.kind !== 'start') return;
            sessions.push(new LyingSession(call));
          });
          call.on('end', () => call.end());
          call.on('error', () => undefined);
        },
      },
    );
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    return new LyingNode(server, port, sessions);
  }

  /** The connection for the next step; each is used once. */
  async nextSession(): Promise<LyingSession> {
    return await eventually('the client to connect', () => this.#sessions.shift());
  }

  putBack(session: LyingSession): void {
    this.#sessions.unshift(session);
  }

  forgetSessions(): void {
    this.#sessions.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.forceShutdown();
  }
}

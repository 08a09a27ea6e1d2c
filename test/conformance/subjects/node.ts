/**
 * A whole node in this process: real LevelDB, real gRPC on loopback; only its clock is ours.
 */
import { AdminClient } from '../../../src/client/admin-client.ts';
import type { StreamStatus } from '../../../src/core/admin/messages.ts';
import { encodeHex } from '../../../src/core/bytes.ts';
import type { ErrorCode } from '../../../src/core/errors.ts';
import {
  CHARTER_STREAM,
  parseNodeId,
  parseRealmName,
  parseRegionName,
  parseSha256,
  splitStream,
} from '../../../src/core/ids.ts';
import { parseReleaseBody } from '../../../src/core/releases/body.ts';
import type { TrustedState } from '../../../src/core/trusted/state.ts';
import type { NodeConfig } from '../../../src/node/config.ts';
import { type RunningNode, runNode } from '../../../src/node/daemon.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Store, StoreBatch } from '../../../src/ports/store.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { openLevelStore } from '../../../src/storage/open-store.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';
import type { ConformanceCase, StreamResult } from '../format.ts';
import { Recorder } from './recorder.ts';
import { evidenceText, forkedResult, type SubjectResult, statementText } from './subject.ts';

const LISTENER = '127.0.0.1:0';

/** A node with the state of one case. */
export class CaseNode implements AsyncDisposable {
  readonly recorder: Recorder = new Recorder();
  readonly #config: NodeConfig;
  readonly #folder: TempDir;
  readonly #clock: Clock;
  #nowMs = 0;
  #writes = 0;
  #node: RunningNode | undefined;
  #admin: AdminClient | undefined;

  private constructor(config: NodeConfig, folder: TempDir) {
    this.#config = config;
    this.#folder = folder;
    this.#clock = {
      nowMs: () => this.#nowMs,
      monotonicMs: () => systemClock.monotonicMs(),
      setTimer: (delayMs, onDue) => systemClock.setTimer(delayMs, onDue),
    };
  }

  static async start(one: ConformanceCase): Promise<CaseNode> {
    const folder = await createTempDir();
    const config: NodeConfig = {
      node: { id: parseNodeId('node'), region: parseRegionName('iad') },
      realm: parseRealmName(one.realm),
      firstCharterDigest: parseSha256(one.pin),
      store: { path: folder.join('store'), serveAnyway: false },
      listen: { clients: LISTENER, peers: LISTENER, admins: LISTENER },
      insecure: true,
      identities: [],
      peers: { seeds: [] },
      limits: { maxSubscribers: 10, maxSubscribersPerClient: 10, maxStreamsPerConnection: 100 },
      log: { level: 'debug', format: 'json' },
      drainTimeoutMs: 0,
    };
    const node = new CaseNode(config, folder);
    await node.#start();
    return node;
  }

  /** Where it listens for everybody. */
  get address(): string {
    return this.#running.addresses.peers ?? '';
  }

  get trusted(): TrustedState {
    return this.#running.trusted;
  }

  get admin(): AdminClient {
    if (this.#admin === undefined) throw new Error('the node does not run');
    return this.#admin;
  }

  /** Something that was judged good is not on disk yet. */
  get isWriting(): boolean {
    return this.#writes > 0;
  }

  setTime(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  async restart(nowMs: number): Promise<void> {
    await this.#stop();
    this.setTime(nowMs);
    await this.#start();
  }

  /** The root, every stream, and the head of each with its blobs, as admins read them. */
  async snapshot(): Promise<string> {
    const { root, streams } = await this.admin.status();
    const lines: string[] = [root];
    for (const { stream, sequence, digest, fork } of streams) {
      const evidence = fork === undefined ? 'open' : evidenceText(fork);
      lines.push(`${stream} ${sequence} ${digest} ${evidence}`);
      if (sequence === 0) continue;
      const { document, blobs } = await this.admin.document({ stream, blobs: 'with' });
      lines.push(statementText(document.statement), encodeHex(document.body));
      lines.push(...blobs.map(encodeHex));
    }
    return lines.join('\n');
  }

  /** What it knows of regions: who was heard and counts, and the lines under each head. */
  async attested(): Promise<string> {
    const { regions, streams } = await this.admin.status();
    const lines = regions.map((region) => JSON.stringify(region));
    for (const { stream } of streams) {
      const known = await this.admin.checkpoint(stream).catch(() => undefined);
      for (const { name, signature } of known?.leaf.lines ?? []) {
        lines.push(`${stream} ${name} ${encodeHex(signature)}`);
      }
    }
    return lines.join('\n');
  }

  async result(): Promise<SubjectResult> {
    const { root, streams } = await this.admin.status();
    const charters = streams.find(({ stream }) => stream === CHARTER_STREAM);
    const results: StreamResult[] = [];
    for (const status of streams) {
      // A node without a charter lists nothing of that stream.
      if (status.sequence > 0 || status.fork !== undefined) results.push(await this.#read(status));
    }
    return { charterVersion: charters?.sequence ?? 0, root, streams: results };
  }

  reported(code: ErrorCode): number {
    return this.recorder.reported(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #read({ stream, sequence, digest, fork }: StreamStatus): Promise<StreamResult> {
    if (fork !== undefined) {
      const stopped = forkedResult(stream, sequence, fork);
      return sequence === 0 ? stopped : { ...stopped, digest };
    }
    const open = { stream, state: 'open', sequence, digest } as const;
    if (stream === CHARTER_STREAM) return open;
    const { document } = await this.admin.document({ stream, blobs: 'without' });
    const isRelease = splitStream(stream).kind === 'release';
    const replaces = isRelease ? parseReleaseBody(document.body).replaces : undefined;
    const signatures = document.statement.signatures.length;
    return { ...open, signatures, ...(replaces !== undefined && { replaces }) };
  }

  get #running(): RunningNode {
    if (this.#node === undefined) throw new Error('the node does not run');
    return this.#node;
  }

  async #start(): Promise<void> {
    const { logger, metrics } = this.recorder;
    const openStore = async (path: string): Promise<Store> =>
      this.#watch(await openLevelStore(path));
    const options = { logger, metrics, clock: this.#clock, openStore };
    this.#node = await runNode(this.#config, options);
    this.#admin = await AdminClient.open({ endpoint: this.address, insecure: true });
  }

  #watch(store: Store): Store {
    const append = store.append.bind(store);
    return Object.assign(store, {
      append: async (batch: StoreBatch): Promise<void> => {
        this.#writes += 1;
        await append(batch).finally(() => {
          this.#writes -= 1;
        });
      },
    });
  }

  async #stop(): Promise<void> {
    this.#admin?.[Symbol.dispose]();
    await this.#node?.[Symbol.asyncDispose]();
    this.#node = undefined;
  }
}

/** Whether a fork is known that was not, or more is known of one. */
export function hasNewFork(before: TrustedState, after: TrustedState): boolean {
  return [...after.streams.values()].some((stream) => {
    if (stream.kind !== 'forked') return false;
    const old = before.streams.get(stream.stream);
    if (old?.kind !== 'forked') return true;
    return evidenceText(old.evidence) !== evidenceText(stream.evidence);
  });
}

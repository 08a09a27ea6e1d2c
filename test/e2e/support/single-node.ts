/**
 * One node with its folder, without TLS, for what goes wrong around it: as a process with the
 * command line that an operator types, or in this process with a clock of its own.
 */
import { stringify } from 'yaml';
import { AdminClient } from '../../../src/client/admin-client.ts';
import type { NodeConfig } from '../../../src/node/config.ts';
import { parseNodeConfig } from '../../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../../src/node/daemon.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { LogFields, Logger } from '../../../src/ports/logger.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { type ProcessResult, runProcess } from '../../../src/testing/processes.ts';
import type { TestRealm } from '../../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';
import { charterFile, KEDGE } from './cluster.ts';

/** What a configuration says instead of the usual; `undefined` takes a key out. */
export type ConfigChange = Readonly<Record<string, unknown>>;

/** A node in this process, with what it logged and a connection for admins. */
export interface InProcessNode extends AsyncDisposable {
  readonly node: RunningNode;
  readonly admin: AdminClient;
  readonly events: readonly LogFields[];
  /** The text of each event. */
  readonly messages: readonly string[];
  readonly address: string;
}

/** What `kedge --output json` says when it fails. */
export interface CliFailure {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly exitCode: number;
}

/** The folder of a node. */
export class SingleNode implements AsyncDisposable {
  readonly folder: TempDir;
  readonly #realm: TestRealm;

  private constructor(folder: TempDir, realm: TestRealm) {
    this.folder = folder;
    this.#realm = realm;
  }

  static async create(realm: TestRealm): Promise<SingleNode> {
    const folder = await createTempDir('kedge-fault-');
    await folder.write('first-charter.json', charterFile(realm.charter.document));
    return new SingleNode(folder, realm);
  }

  get storePath(): string {
    return this.folder.join('store');
  }

  /** The configuration as text. */
  configText(change: ConfigChange = {}): string {
    const listen = '127.0.0.1:0';
    const config: Record<string, unknown> = {
      node: { id: 'iad-1', region: 'iad' },
      realm: this.#realm.name,
      firstCharterDigest: this.#realm.firstCharterDigest,
      firstCharterFile: 'first-charter.json',
      store: { path: 'store' },
      listen: { clients: listen, peers: listen, admins: listen },
      insecure: true,
      drainTimeoutMs: 0,
      ...change,
    };
    const given = Object.entries(config).filter(([, value]) => value !== undefined);
    return stringify(Object.fromEntries(given));
  }

  /** Writes the configuration and runs `kedge node run`, which is to fail. */
  async failToRun(change: ConfigChange = {}): Promise<CliFailure> {
    const file = await this.folder.write('node.yaml', this.configText(change));
    return await failure(await kedge('node', 'run', '--config', file));
  }

  /** Runs the node here; `shiftMs` is how far its clock is off. */
  async run(
    options: { readonly change?: ConfigChange; readonly shiftMs?: number } = {},
  ): Promise<InProcessNode> {
    const { change = {}, shiftMs = 0 } = options;
    const events: LogFields[] = [];
    const messages: string[] = [];
    const record = (fields: LogFields, message: string): void => {
      events.push(fields);
      messages.push(message);
    };
    const logger: Logger = {
      debug: record,
      info: record,
      warn: record,
      error: record,
      child: () => logger,
    };
    const clock = shiftedClock(shiftMs);
    const node = await runNode(this.config(change), { logger, clock });
    const address = node.addresses.admins ?? '';
    const admin = await AdminClient.open({ endpoint: address, insecure: true });
    return {
      node,
      admin,
      events,
      messages,
      address,
      [Symbol.asyncDispose]: async () => {
        admin[Symbol.dispose]();
        await node[Symbol.asyncDispose]();
      },
    };
  }

  config(change: ConfigChange = {}): NodeConfig {
    return parseNodeConfig(this.configText(change), this.folder.join('node.yaml'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

/** The machine's clock, set wrong. */
export function shiftedClock(shiftMs: number): Clock {
  return {
    nowMs: () => systemClock.nowMs() + shiftMs,
    monotonicMs: () => systemClock.monotonicMs(),
    setTimer: (delayMs, onDue) => systemClock.setTimer(delayMs, onDue),
  };
}

/** Runs the built program to its end. */
export async function kedge(...argv: readonly string[]): Promise<ProcessResult> {
  return await runProcess({ argv: [KEDGE, '--output', 'json', ...argv], timeoutMs: 60_000 });
}

/** What a run that failed says. */
export async function failure({ code, stderr }: ProcessResult): Promise<CliFailure> {
  const lines = stderr.split('\n').filter((line) => line.startsWith('{"error"'));
  const last = lines.at(-1);
  if (last === undefined) throw new Error(`exit ${code ?? ''}, no failure on stderr: ${stderr}`);
  const { error } = JSON.parse(last) as { readonly error: CliFailure };
  if (error.exitCode !== code) throw new Error(`exit ${code ?? ''} is not ${error.exitCode}`);
  return error;
}

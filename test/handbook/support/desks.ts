/**
 * The realm of the handbook, made by the handbook's own commands: a folder for the host, in it one
 * for each person with their key and their node, and two real nodes in this process.
 *
 * Instead of the reader: fills in what is in angle brackets, hands public keys on, and finds free
 * ports. The clock of nodes and commands is moved by the test.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { credentials } from '@grpc/grpc-js';
import { expect, vi } from 'vitest';
import type { Prompter } from '../../../src/cli/context.ts';
import { RowTree } from '../../../src/core/gossip/repair/row-tree.ts';
import { rowsOf } from '../../../src/core/gossip/rows.ts';
import { parseBundleName, parseRealmName, parseSha256 } from '../../../src/core/ids.ts';
import { parseNodeConfig } from '../../../src/node/config-file.ts';
import { type RunningNode, runNode } from '../../../src/node/daemon.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { LeanChannels, LeanClient } from '../../../src/testing/lean-clients.ts';
import { createTestPki, type TestPki } from '../../../src/testing/pki.ts';
import { findFreePorts } from '../../../src/testing/ports.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';
import { BUNDLE, type CliRun, kedge, PASSPHRASE } from '../../cli/support.ts';
import { type Block, BOOK, kedgeWords, type Line } from './book.ts';

const DAY_MS = 86_400_000;
const SETUP = 'The realm of these pages';
const PORTS = [744, 745, 746, 747].flatMap((ten) => [0, 1, 2, 3].map((one) => ten * 10 + one));
const NODES: readonly NodeName[] = ['iad-1', 'fra-1', 'iad-2', 'fra-2'];
const PEOPLE = ['ana', 'ben', 'cleo', 'dora'];
/** Programs have the machine's clock and take nothing from the future. */
const BEGIN_MS = -12 * DAY_MS;
const yes: Prompter = {
  secret: () => Promise.resolve(PASSPHRASE),
  confirm: () => Promise.resolve('yes'),
};
const run = promisify(execFile);

export type NodeName = 'iad-1' | 'fra-1' | 'iad-2' | 'fra-2';

export class Desks implements AsyncDisposable {
  /** What stands for `<…>` in a command. */
  readonly given: Map<string, string> = new Map();
  /** How commands end here that may end so or so, by how they begin. */
  readonly ends: Map<string, number> = new Map();
  readonly old: TestPki;
  readonly #dir: TempDir;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #nodes = new Map<string, RunningNode>();
  readonly #channels: LeanChannels[] = [];
  readonly #watchers: { readonly stop: AbortController; readonly done: Promise<unknown> }[] = [];
  #pin = '';
  #movedMs = 0;

  private constructor(dir: TempDir, ports: readonly number[]) {
    this.#dir = dir;
    this.#ports = new Map(PORTS.map((port, index) => [String(port), ports[index] ?? 0]));
    this.old = this.pki('Payments CA 2024');
  }

  /** Types the section that makes the realm. */
  static async open(): Promise<Desks> {
    const desks = new Desks(
      await createTempDir('kedge-handbook-'),
      await findFreePorts(PORTS.length),
    );
    const [setup = [], first = []] = BOOK.get(SETUP) ?? [];
    await desks.type(setup);
    await desks.put('ca-2024.pem', desks.old.caPem);
    await desks.put('spare.pem', desks.pki('Spare CA').caPem);
    await desks.putChains(desks.old);
    await desks.type(first);
    return desks;
  }

  nowMs(): number {
    return systemClock.nowMs() + BEGIN_MS + this.#movedMs;
  }

  move(ms: number): void {
    this.#movedMs += ms;
  }

  get pin(): string {
    return this.#pin;
  }

  pki(commonName: string): TestPki {
    return createTestPki({
      commonName,
      nowMs: Date.now() + BEGIN_MS - DAY_MS,
      validForMs: 150 * DAY_MS,
    });
  }

  node(name: NodeName): RunningNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  }

  async start(name: NodeName, given: string = `${name}.yaml`): Promise<void> {
    const file = this.path(given);
    const config = parseNodeConfig(await readFile(file, 'utf8'), file);
    const clock = {
      ...systemClock,
      nowMs: () => this.nowMs(),
      monotonicMs: () => systemClock.monotonicMs() + this.#movedMs,
    };
    this.#nodes.set(name, await runNode(config, { clock }));
  }

  async stop(name: NodeName): Promise<void> {
    await this.node(name)[Symbol.asyncDispose]();
    this.#nodes.delete(name);
  }

  path(...parts: readonly string[]): string {
    return this.#dir.join(...parts);
  }

  /** Puts a file on the desks of Ana and Ben. */
  async put(name: string, text: string): Promise<void> {
    for (const who of ['ana', 'ben']) await writeFile(this.path(who, name), text);
  }

  /** What was recorded of servers: leaves of a CA. */
  async putChains(pki: TestPki): Promise<void> {
    for (const who of ['ana', 'ben']) await mkdir(this.path(who, 'chains'), { recursive: true });
    await this.put('chains/api.pem', pki.issue('api.example.org').certificatePem);
  }

  /** A program that watches at a node. */
  async program(
    at: NodeName,
    labels: Readonly<Record<string, string>> = {},
    { realm, pin }: { readonly realm: string; readonly pin: string } = {
      realm: 'prod.example.org',
      pin: this.#pin,
    },
  ): Promise<LeanClient> {
    const client = new LeanClient({
      realm: parseRealmName(realm),
      firstCharterDigest: parseSha256(pin),
      bundle: parseBundleName(BUNDLE),
      labels: new Map(Object.entries(labels)),
    });
    const { clients = '' } = this.node(at).addresses;
    const channels = new LeanChannels(clients, credentials.createInsecure(), 1);
    this.#channels.push(channels);
    await client.connect(channels);
    return client;
  }

  /** Types all blocks of a section, or those from one on. */
  async typeSection(title: string, from = 0, until?: number): Promise<readonly CliRun[]> {
    const blocks = BOOK.get(title)?.slice(from, until) ?? [];
    expect(blocks.length, title).toBeGreaterThan(0);
    const runs: CliRun[] = [];
    for (const block of blocks) runs.push(...(await this.type(block)));
    return runs;
  }

  /** Types the lines of a block; each has to end as it says. */
  async type(block: Block): Promise<readonly CliRun[]> {
    const runs: CliRun[] = [];
    for (const line of block) {
      const done = await this.#line(line);
      expect(done.code, `${line.text}\n${done.stdout}\n${done.stderr}`).toBe(this.#endOf(line));
      runs.push(done);
    }
    return runs;
  }

  /** Where the book leaves it open, the test knows. */
  #endOf({ text, ends }: Line): number {
    const [only, ...others] = ends;
    if (only !== undefined && others.length === 0) return only;
    const [, known] = [...this.ends].find(([begin]) => text.startsWith(begin)) ?? [];
    if (known !== undefined && ends.includes(known)) return known;
    throw new Error(`the test has to say with which of ${ends.join(', ')} it ends: ${text}`);
  }

  async #line({ text, who = '' }: Line): Promise<CliRun> {
    const typed = text
      .replaceAll(/(127\.0\.0\.1:)(\d+)/g, (_, host: string, port: string) => {
        return `${host}${this.#ports.get(port) ?? port}`;
      })
      .replaceAll(/<(\w+)>/g, (_, name: string) => this.given.get(name) ?? name);
    const cwd = this.path(who);
    const words = kedgeWords(typed);
    if (words === undefined) {
      const { stdout, stderr } = await run('sh', ['-c', typed], { cwd });
      return { code: 0, stdout, stderr };
    }
    const [group, command, ...rest] = words;
    if (group === 'node' && command === 'run') {
      const [, file = ''] = rest;
      const name = NODES.find((one) => file.endsWith(`${one}.yaml`));
      if (name === undefined) throw new Error(`no such node: ${text}`);
      await this.start(name, file);
      return { code: 0, stdout: '', stderr: '' };
    }
    if (words.at(-1) === '&') return await this.#watch(words.slice(0, -1), cwd);
    const done = await this.kedge(words, who);
    // People are slower than the way from one node to the other.
    const isShared = command === 'approve' || command === 'submit';
    if (isShared) await this.#agreed();
    return done;
  }

  /** A program that goes on beside: there is more to type when it has its first release. */
  async #watch(words: readonly string[], cwd: string): Promise<CliRun> {
    const stop = new AbortController();
    let first: () => void = () => undefined;
    const running = new Promise<void>((resolve) => {
      first = resolve;
    });
    const done = kedge(words, {
      cwd,
      nowMs: this.nowMs(),
      signal: stop.signal,
      onStdout: (text) => {
        if (text.includes('release 1')) first();
      },
    });
    this.#watchers.push({ stop, done });
    const ended = await Promise.race([running, done]);
    return ended ?? { code: 0, stdout: '', stderr: '' };
  }

  /** All nodes of a realm that run hold the same. */
  async #agreed(): Promise<void> {
    await vi.waitFor(
      () => {
        const states = [...this.#nodes.values()].map(({ trusted }) => trusted);
        const roots = states.map((state) => new RowTree(rowsOf(state).values()).root);
        expect(new Set(roots).size).toBe(new Set(states.map(({ realm }) => realm)).size);
      },
      { timeout: 60_000, interval: 10 },
    );
  }

  /** One command at a desk. */
  async kedge(words: readonly string[], who = ''): Promise<CliRun> {
    const [group = '', command = ''] = words;
    const makesKeys = `${group} ${command}` === 'realm init' || group === 'signer';
    const cwd = this.path(who);
    if (who !== '') await mkdir(cwd, { recursive: true });
    const argv = [...words, ...(makesKeys ? ['--scrypt-work-factor', '10'] : [])];
    const done = await kedge(argv, {
      cwd,
      nowMs: this.nowMs(),
      env: { KEDGE_PASSPHRASE: PASSPHRASE },
      prompter: yes,
    });
    await this.#after(words, cwd);
    return done;
  }

  /** What people do around commands. */
  async #after(words: readonly string[], cwd: string): Promise<void> {
    const [group, command, name = ''] = words;
    const out = words[words.indexOf('--out') + 1] ?? '';
    if (group === 'realm' && this.#pin === '') {
      const profile = await readFile(this.path('kedge.yaml'), 'utf8');
      this.#pin = /^pin: "?([0-9a-f]{64})/m.exec(profile)?.[1] ?? '';
    }
    if (group === 'node' && command === 'init') {
      const file = join(cwd, out);
      const text = await readFile(file, 'utf8');
      const moved = text.replaceAll(
        /(127\.0\.0\.1:)(74[4-7]\d)\b/g,
        (_, host: string, port: string) => {
          return `${host}${this.#ports.get(port) ?? port}`;
        },
      );
      await writeFile(file, moved);
    }
    const isNewKey = (group === 'signer' && command === 'create') || group === 'region';
    if (isNewKey) {
      const file = `${words.includes('--out') ? out : `${name}.age`}.pub`;
      for (const person of PEOPLE) {
        if (join(cwd, file) === this.path(person, file)) continue;
        await copyFile(join(cwd, file), this.path(person, file)).catch(() => undefined);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { stop } of this.#watchers) stop.abort();
    await Promise.all(this.#watchers.map(({ done }) => done));
    for (const channels of this.#channels) channels[Symbol.dispose]();
    await Promise.all([...this.#nodes.values()].map((node) => node[Symbol.asyncDispose]()));
    await this.#dir[Symbol.asyncDispose]();
  }
}

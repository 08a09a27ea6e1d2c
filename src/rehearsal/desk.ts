/**
 * Where the people of a rehearsal work: a folder with a realm in it, and the command line.
 *
 * Everything is made by the commands that an admin would use, so that a rehearsal also tries those.
 *
 * @module
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { KedgeError } from '../core/errors.ts';
import { CHEAP_KEYS, HOLD_DOWN_S, OVERLAP_S, PASSPHRASE, REALM, REGIONS } from './names.ts';
import type { NodeProcess } from './node-process.ts';
import { textOf } from './printed.ts';
import type { Leaf } from './traffic.ts';
import { unmet } from './unmet.ts';

/** What a command ended with. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one `kedge` command line in a folder. */
export type RunKedge = (
  argv: readonly string[],
  settings: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
) => Promise<Ended>;

/** A draft in the hands of a thief. */
export interface Forged {
  /** The draft file. */
  readonly draft: string;
  /** Key files. */
  readonly keys: readonly string[];
  readonly passphrase: string;
  /** `host:port` of a node, for admins. */
  readonly node: string;
}

/** What a rehearsal needs from whoever starts it. */
export interface Stage {
  readonly kedge: RunKedge;
  /**
   * Signs a draft without looking at it or at a ledger, and hands it to a node as it is. Errors:
   * those of the node.
   */
  readonly forge: (forged: Forged) => Promise<void>;
  /** The program that nodes are started with. */
  readonly program: readonly string[];
  readonly signal: AbortSignal;
  /** How long a step waits for what it expects, milliseconds. Default 30000. */
  readonly giveUpMs?: number;
}

const PEOPLE = ['ana', 'ben', 'cleo'];

/** The folder, its realm, and the commands. */
export class Desk {
  readonly stage: Stage;
  readonly folder: string;
  #pin = '';

  constructor(stage: Stage, folder: string) {
    this.stage = stage;
    this.folder = folder;
  }

  get signal(): AbortSignal {
    return this.stage.signal;
  }

  get giveUpMs(): number | undefined {
    return this.stage.giveUpMs;
  }

  /** Digest of the first charter. */
  get pin(): string {
    return this.#pin;
  }

  /**
   * Makes the realm: two of Ana, Ben and Cleo sign charters and releases, Cleo alone can revoke,
   * `deploy` starts rollouts; three recovery keys; a key for the node of each region.
   */
  async makeRealm(): Promise<void> {
    for (const region of REGIONS) await this.regionKey(region, `${region}-1.key`);
    const roles = ['charter=2', 'release=2'].map((role) => `${role}:${PEOPLE.join()}`);
    const options = [
      ['--signer', ...PEOPLE, 'deploy'],
      ['--role', ...roles, 'revoke=1:cleo', 'rollout=1:deploy'],
      ['--add-region', ...REGIONS.map((region) => `${region}=${region}-1.key.pub`)],
    ].flatMap(([option = '', ...values]) => values.flatMap((value) => [option, value]));
    const terms = ['--hold-down', `${HOLD_DOWN_S}s`, '--overlap', `${OVERLAP_S}s`];
    const recovery = ['--recovery', '3', '--recovery-threshold', '2'];
    const init = ['realm', 'init', REALM, '--dir', '.', ...CHEAP_KEYS, ...options];
    this.#pin = textOf(await this.json([...init, ...terms, ...recovery]), 'pin');
  }

  /** Runs a command as an admin at one node, and gives what it ended with. */
  async run(argv: readonly string[], at?: NodeProcess): Promise<Ended> {
    const settings = { cwd: this.folder, env: await this.env(at) };
    const ended = await this.stage.kedge(argv, settings);
    this.signal.throwIfAborted();
    return ended;
  }

  /** Runs a command that has to end well, and gives what it printed. Errors: `unmet`. */
  async kedge(
    argv: readonly string[],
    at?: NodeProcess,
    mayEnd: readonly number[] = [0],
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(argv, at);
    if (mayEnd.includes(code)) return stdout;
    throw unmet({
      expected: `kedge ${argv.join(' ')} ends with ${mayEnd.join(' or ')}`,
      found: `exit code ${code}\n${stderr.trimEnd()}`,
    });
  }

  /** What a command prints with `--output json`. */
  async json(argv: readonly string[], at?: NodeProcess): Promise<unknown> {
    const value: unknown = JSON.parse(await this.kedge([...argv, '--output', 'json'], at));
    return value;
  }

  /** Where a command or program finds its settings; at no node, unless one is given. */
  async env(at?: NodeProcess): Promise<Readonly<Record<string, string>>> {
    if (this.#pin === '') return { KEDGE_PASSPHRASE: PASSPHRASE };
    const name = `${at?.place.id ?? 'no-node'}.profile.yaml`;
    const node = at === undefined ? '' : `insecure: true\nnode: ${at.admins}\n`;
    await this.put(name, `realm: ${REALM}\npin: "${this.#pin}"\n${node}`);
    return { KEDGE_PASSPHRASE: PASSPHRASE, KEDGE_PROFILE: this.path(name) };
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /** Writes a file for a command. */
  async put(name: string, text: string): Promise<void> {
    await writeFile(this.path(name), text);
  }

  /** A thief copies a file; gives where he has it. */
  async steal(file: string): Promise<string> {
    const copy = join('thief', basename(file));
    await mkdir(this.path('thief'), { recursive: true });
    await copyFile(this.path(file), this.path(copy));
    return copy;
  }

  /**
   * A thief signs a draft with stolen keys and hands it straight to a node. Gives the node's
   * refusal; absent when it took the document.
   */
  async forge(
    draft: string,
    keys: readonly string[],
    at: NodeProcess,
  ): Promise<KedgeError | undefined> {
    const file = this.path(draft);
    const stolen = keys.map((key) => this.path(key));
    try {
      await this.stage.forge({
        ...{ draft: file, keys: stolen },
        ...{ passphrase: PASSPHRASE, node: at.admins },
      });
      return undefined;
    } catch (thrown) {
      this.signal.throwIfAborted();
      return KedgeError.from(thrown);
    }
  }

  /** Makes a signer's or recovery key. */
  async signerKey(name: string, file: string): Promise<void> {
    await this.kedge(['signer', 'create', name, '--out', file, ...CHEAP_KEYS]);
  }

  /** Makes a key with which a node attests for its region. */
  async regionKey(region: string, file: string): Promise<void> {
    await this.kedge(['region', 'key', region, '--out', file]);
  }

  /** Makes a CA for programs and gives its certificate's file. */
  async workloadCa(name: string): Promise<string> {
    await this.kedge(['peer', 'ca', '--workload', '--dir', name, '--realm', REALM]);
    return this.path(name, 'ca.pem');
  }

  /** Issues a certificate of a CA for a program. */
  async leaf(ca: string, name: string): Promise<Leaf> {
    const out = this.path(ca, `${name}.pem`);
    const names = ['--name', 'localhost', '--name', '127.0.0.1', '--realm', REALM];
    const from = ['--ca', this.path(ca, 'ca.pem'), '--out', out];
    await this.kedge(['peer', 'issue', `program/${name}`, ...names, ...from]);
    const key = await readFile(this.path(ca, `${name}.key`), 'utf8');
    return { cert: await readFile(out, 'utf8'), key };
  }
}

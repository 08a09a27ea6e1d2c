/** Runs `kedge` in this process with captured output, a clock and answers. */
import { sampleConfig } from '../../src/cli/commands/node-init.ts';
import type { CliContext, Prompter } from '../../src/cli/context.ts';
import { runCli } from '../../src/cli/run.ts';
import { createTestPki, type TestPkiOptions } from '../../src/testing/pki.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';

export const PASSPHRASE = 'correct horse battery';
export const START_MS: number = Date.UTC(2026, 10, 23, 10, 0, 0);
export const BUNDLE = 'payments.prod.example.org';
export const DRAFT: string = `${BUNDLE}.draft.json`;

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunSettings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nowMs?: number;
  readonly prompter?: Prompter;
  readonly stdin?: Uint8Array;
  readonly tty?: boolean;
  /** How wide the terminal is. */
  readonly columns?: number;
  readonly signal?: AbortSignal;
  /** Called with all that was printed so far. */
  readonly onStdout?: (text: string) => void;
}

/** One command line; the passphrase of all keys is in the environment unless `env` says more. */
export async function kedge(argv: readonly string[], settings: RunSettings = {}): Promise<CliRun> {
  let stdout = '';
  let stderr = '';
  const decode = (chunk: string | Uint8Array): string =>
    typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
  const isTTY = settings.tty ?? false;
  const context: CliContext = {
    stdout: {
      isTTY,
      columns: settings.columns,
      write: (chunk) => {
        stdout += decode(chunk);
        settings.onStdout?.(stdout);
      },
    },
    stderr: { isTTY, write: (chunk) => (stderr += decode(chunk)) },
    env: settings.env ?? { KEDGE_PASSPHRASE: PASSPHRASE },
    cwd: settings.cwd ?? '/nonexistent',
    prompter: settings.prompter,
    signal: settings.signal ?? new AbortController().signal,
    nowMs: () => settings.nowMs ?? START_MS,
    readStdin: () => Promise.resolve(settings.stdin ?? new Uint8Array()),
  };
  const code = await runCli(argv, context, '0.0.0-test');
  return { code, stdout, stderr };
}

/** The same for a command that must succeed and prints JSON. */
async function kedgeJson<Value>(
  argv: readonly string[],
  settings: RunSettings = {},
): Promise<Value> {
  const run = await kedge([...argv, '--output', 'json'], settings);
  if (run.code !== 0) throw new Error(`kedge ${argv.join(' ')}: ${run.code} ${run.stderr}`);
  return JSON.parse(run.stdout) as Value;
}

/** Answers questions from a list, oldest first, and notes them. */
export function answers(
  ...given: readonly string[]
): Prompter & { readonly asked: readonly string[] } {
  const left = [...given];
  const asked: string[] = [];
  const next = (question: string): string => {
    asked.push(question);
    return left.shift() ?? '';
  };
  return {
    asked,
    secret: (question) => Promise.resolve(next(question)),
    confirm: (question) => Promise.resolve(next(question) === 'y' ? 'yes' : 'no'),
  };
}

/** The configuration of a node of a {@link CliRealm}, in plaintext and on free ports. */
export function nodeText(id: string = 'iad-1'): string {
  const text = sampleConfig({
    id,
    region: id.slice(0, 3),
    realm: 'prod.example.org',
    charter: 'charter-1.json',
    security: 'insecure',
  });
  return text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:0');
}

/** A realm of three signers on disk, made by `kedge realm init`. */
export interface CliRealm extends AsyncDisposable {
  readonly dir: TempDir;
  readonly cwd: string;
  readonly pin: string;
  /** Runs in the realm's directory. */
  run(argv: readonly string[], settings?: RunSettings): Promise<CliRun>;
  json<Value>(argv: readonly string[], settings?: RunSettings): Promise<Value>;
  /** Writes a CA certificate and gives its path. */
  ca(name: string, options?: TestPkiOptions): Promise<string>;
  key(signer: string): string;
}

export async function createCliRealm(...options: readonly string[]): Promise<CliRealm> {
  const dir = await createTempDir('kedge-cli-');
  const cwd = dir.join('realm');
  const init = ['realm', 'init', 'prod.example.org', '--dir', cwd, '--scrypt-work-factor', '10'];
  const signers = ['--signer', 'ana:ana@example.org', '--signer', 'ben', '--signer', 'cleo'];
  const { pin } = await kedgeJson<{ readonly pin: string }>([...init, ...signers, ...options]);
  return {
    dir,
    cwd,
    pin,
    run: (argv, settings = {}) => kedge(argv, { cwd, ...settings }),
    json: <Value>(argv: readonly string[], settings: RunSettings = {}) =>
      kedgeJson<Value>(argv, { cwd, ...settings }),
    ca: (name, pki = {}) =>
      dir.write(
        `${name.replaceAll(' ', '-')}.pem`,
        createTestPki({ commonName: name, nowMs: START_MS - 60_000, ...pki }).caPem,
      ),
    key: (signer) => `signers/${signer}.age`,
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

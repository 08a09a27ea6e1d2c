/**
 * An earlier version of this program, built from the history of the repository: what a node that
 * was not upgraded yet speaks is best shown by such a node.
 *
 * @module
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * The last commit before rows said what is missing below a fork (`Row.lacks`), before clients could
 * ask for what regions attest, and before unknown frames were passed over.
 */
const COMMIT = 'ff84e18f4b4ae599f1358248afe247f745021e8c';
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;
const run = promisify(execFile);

/** A built version with its folder. */
export class EarlierVersion implements AsyncDisposable {
  readonly name: string;
  /** The program, as `dist/src/cli/main.js` of this version. */
  readonly cli: string;
  readonly #folder: string;

  private constructor(name: string, folder: string) {
    this.name = name;
    this.cli = join(folder, 'dist', 'src', 'cli', 'main.js');
    this.#folder = folder;
  }

  /** Builds it, which takes a minute; a text says why that cannot be. */
  static async build(): Promise<EarlierVersion | string> {
    if (!existsSync(join(ROOT, '.git'))) return 'this is no clone with its history';
    const known = await git('rev-parse', '--verify', '--quiet', `${COMMIT}^{commit}`).catch(
      () => undefined,
    );
    if (known === undefined) return `the history has no commit ${COMMIT}`;
    const folder = await mkdtemp(join(tmpdir(), 'kedge-earlier-'));
    const version = new EarlierVersion(COMMIT.slice(0, 7), folder);
    try {
      await version.#compile();
      return version;
    } catch (thrown) {
      await version[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  async #compile(): Promise<void> {
    const folder = this.#folder;
    const archive = join(folder, 'source.tar');
    await git('archive', '--output', archive, COMMIT);
    await run('tar', ['-xf', archive, '-C', folder]);
    const modules = join(ROOT, 'node_modules');
    await symlink(modules, join(folder, 'node_modules'));
    const project = join(folder, 'tsconfig.earlier.json');
    const settings = { extends: './tsconfig.build.json', include: ['src'] };
    await writeFile(project, JSON.stringify(settings));
    const tsc = join(modules, 'typescript', 'bin', 'tsc');
    await run(process.execPath, [tsc, '-p', project], { maxBuffer: OUTPUT_MAX_BYTES });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function git(...argv: readonly string[]): Promise<string> {
  const { stdout } = await run('git', ['-C', ROOT, ...argv], { maxBuffer: OUTPUT_MAX_BYTES });
  return stdout.trim();
}

/**
 * A realm that is served on a port, and examples that run against it as processes.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { type TestAuthority, type TestRealm, testRealm } from '../../../src/testing/index.ts';
import { startProcess, type TestProcess } from '../../../src/testing/processes.ts';
import { createTempDir, type TempDir } from '../../../src/testing/temp-dir.ts';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

export class Stage {
  readonly realm: TestRealm;
  /** Trusted at first. */
  readonly old: TestAuthority;
  readonly next: TestAuthority;
  readonly #dir: TempDir;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(realm: TestRealm, dir: TempDir, env: Readonly<Record<string, string>>) {
    this.realm = realm;
    this.#dir = dir;
    this.#env = env;
    this.old = realm.authority('Old CA');
    this.next = realm.authority('Next CA');
  }

  static async open(): Promise<Stage> {
    const realm = testRealm();
    const dir = await createTempDir();
    onTestFinished(async () => {
      await realm[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    });
    const { options } = await realm.listen();
    const stage = new Stage(realm, dir, {
      KEDGE_REALM: options.realm,
      KEDGE_PIN: options.firstCharterDigest,
      KEDGE_ENDPOINTS: options.endpoints.join(','),
      KEDGE_BUNDLE: options.bundles[0] ?? '',
      KEDGE_CACHE: dir.join('cache'),
      KEDGE_TLS_CERT: await dir.write('kedge.crt', options.tls.cert),
      KEDGE_TLS_KEY: await dir.write('kedge.key', options.tls.key),
      KEDGE_TLS_CA: await dir.write('kedge-ca.crt', options.tls.ca),
      INTERVAL_MS: '50',
      PORT: '0',
    });
    await realm.publish({ active: [stage.old] });
    return stage;
  }

  /** Starts an example that shows a certificate of `authority`; it is gone after the test. */
  async start(
    name: string,
    authority: TestAuthority,
    args: readonly string[] = [],
    env: Readonly<Record<string, string>> = {},
  ): Promise<TestProcess> {
    const script = join(ROOT, 'dist', 'examples', `${name}.js`);
    if (!existsSync(script)) throw new Error(`${script} is missing: run npm run build`);
    const { cert, key } = authority.issue(name);
    const own = {
      APP_CERT: await this.#dir.write(`${name}.crt`, cert),
      APP_KEY: await this.#dir.write(`${name}.key`, key),
    };
    const child = await startProcess({
      argv: [script, ...args],
      name,
      env: { ...this.#env, ...own, ...env },
    });
    onTestFinished(() => child[Symbol.asyncDispose]());
    return child;
  }

  /** Both are trusted, then only the new one is. */
  async revokeOld(): Promise<void> {
    await this.realm.publish({ active: [this.old, this.next] });
    await this.realm.publish({ active: [this.next], revoked: [this.old] });
  }
}

/** The port that an example says it serves on. */
export async function portOf(child: TestProcess): Promise<number> {
  const line = await child.waitForLine(/^serving on port \d+$/);
  return Number(/\d+$/.exec(line)?.[0]);
}

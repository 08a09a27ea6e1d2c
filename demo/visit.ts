/**
 * After the story: the cluster stays up, and these commands can be pasted to look around.
 *
 * Writes what they need: a settings file for the CLI, encrypted key files of the signers, and one
 * more CA to publish.
 *
 * @module
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { createKeyFile } from '../src/signers/key-file.ts';
import { makeCa } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import type { Stage } from './play.ts';

const PASSPHRASE = 'only for the demo';
/** Fast to open: these keys guard nothing. */
const SCRYPT_WORK_FACTOR = 12;
const NEXT_CA = 'payments-ca-2028.pem';
const CLI = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

/** One line to paste, and what it does. */
interface Command {
  readonly line: string;
  readonly what: string;
}

/** Prints commands to try and waits until somebody presses Ctrl-C. */
export async function waitForVisitor(
  { story }: Stage,
  cluster: Cluster,
  options: { readonly bundle: string; readonly signal: AbortSignal },
): Promise<void> {
  const commands = await prepareCommands(cluster, options.bundle);
  story.chapter('The cluster stays up: paste these into another terminal');
  for (const { line, what } of commands) {
    story.plain('');
    story.plain(`  ${story.paint('dim', `# ${what}`)}`);
    story.plain(`  ${story.paint('cyan', line)}`);
  }
  story.plain('');
  story.plain('Ctrl-C here ends everything and removes its files.');
  if (options.signal.aborted) return;
  await new Promise<void>((resolve) => {
    const alive = setInterval(() => undefined, 60_000);
    options.signal.addEventListener('abort', () => {
      clearInterval(alive);
      resolve();
    });
  });
}

async function prepareCommands(cluster: Cluster, bundle: string): Promise<readonly Command[]> {
  const { folder, nodes, realm } = cluster;
  const [first] = nodes;
  const { certFile, keyFile, caFile } = await cluster.linkFiles('admin', 'you');
  const settings = {
    realm: realm.name,
    pin: realm.firstCharterDigest,
    node: first?.place.address ?? '',
    endpoints: nodes.map(({ place }) => place.address),
    tls: { certFile, keyFile, caFile },
  };
  await writeFile(join(folder, 'kedge.yaml'), stringify(settings));
  const keyFiles = await saveSigners(cluster);
  await writeFile(join(folder, NEXT_CA), makeCa('Payments CA 2028').certificatePem);
  const signers = keyFiles.slice(0, 2).map((file) => `--sign-with ${file}`);
  const last = nodes.at(-1);
  return [
    {
      what: 'once per terminal: the folder with settings and keys, the signers’ passphrase',
      line: `cd ${folder}; export KEDGE_PASSPHRASE='${PASSPHRASE}'; kedge() { node ${CLI} "$@"; }`,
    },
    { what: 'how a node is: streams, links to its peers, what clients loaded', line: STATUS },
    { what: 'what is trusted, verified from the pin down', line: 'kedge bundle list' },
    { what: 'one bundle with its anchors', line: `kedge bundle show ${bundle}` },
    { what: 'every release with its signers', line: `kedge release history ${bundle}` },
    { what: 'follow changes live (Ctrl-C ends it)', line: `kedge watch ${bundle}` },
    {
      what: 'stage one more CA, signed by two of three, and see it arrive',
      line: `kedge anchor stage ${NEXT_CA} --bundle ${bundle} ${signers.join(' ')} --submit --yes`,
    },
    {
      what: `kill node ${last?.place.id ?? ''}; the others and all programs go on`,
      line: `kill -9 ${String(last?.pid ?? 0)}; sleep 1; ${STATUS}`,
    },
  ];
}

const STATUS = 'kedge node status';

async function saveSigners({ folder, realm }: Cluster): Promise<readonly string[]> {
  await mkdir(join(folder, 'signers'), { recursive: true, mode: 0o700 });
  return await Promise.all(
    realm.signers.map(async ({ id, key }) => {
      const file = join('signers', `${id}.age`);
      await createKeyFile({
        path: join(folder, file),
        passphrase: PASSPHRASE,
        signer: id,
        key,
        scryptWorkFactor: SCRYPT_WORK_FACTOR,
      });
      return file;
    }),
  );
}

/**
 * `npm start`: the main job of Kedge, shown with real processes on this machine.
 *
 * Three nodes, programs with live trust under traffic, a CA rotation with a node killed on the way.
 * Afterwards the cluster stays up for trying out; `--once` ends instead, `--json` prints what was
 * measured as the last line of standard output.
 *
 * @module
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { playDemo, type Stage } from './play.ts';
import { isGood } from './result.ts';
import { Story } from './story.ts';
import { waitForVisitor } from './visit.ts';

const USAGE = `usage: npm start -- [--once] [--json]
  --once   end after the demonstration instead of keeping the cluster up
  --json   print one line of JSON with the measured values at the end, the story goes to stderr
`;

process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return 2;
  const story = new Story(options.json ? process.stderr : process.stdout, process.env);
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(130);
      interrupted.abort(new Error('interrupted'));
    });
  }
  const folder = await mkdtemp(join(tmpdir(), 'kedge-demo-'));
  let keepFiles = false;
  const stage: Stage = { story, folder, closers: [] };
  try {
    const { signal } = interrupted;
    const { result, cluster, bundle } = await Promise.race([playDemo(stage), rejected(signal)]);
    if (!options.once) await waitForVisitor(stage, cluster, { bundle, signal });
    if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return isGood(result) ? 0 : 1;
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    story.bad(error instanceof Error ? error.message : String(error));
    story.plain(`the logs are in ${folder}`);
    keepFiles = true;
    return 1;
  } finally {
    for (const close of stage.closers.toReversed()) await close();
    if (!keepFiles) await rm(folder, { recursive: true, force: true });
  }
}

function readOptions(): { readonly once: boolean; readonly json: boolean } | undefined {
  try {
    const { values } = parseArgs({
      options: { once: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
    });
    if (values.help !== true) return { once: values.once ?? false, json: values.json ?? false };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
  process.stderr.write(USAGE);
  return undefined;
}

async function rejected(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true });
  });
}

/**
 * A worker thread that calls an HTTPS server again and again. A thread opens a source of its own:
 * live trust cannot be handed from one thread to another, and sources may share `cacheDir`.
 *
 * @module
 */
import { once } from 'node:events';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { liveHttpsAgent, openBundleSource } from '../src/index.ts';
import { bundle, intervalMs, ownIdentity, sourceOptions } from './settings.ts';

if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) });
  worker.on('message', (line: string) => console.log(line));
  process.once('SIGTERM', () => worker.postMessage('stop'));
} else {
  const url = process.argv[2] ?? 'https://localhost:8443/';
  await using source = await openBundleSource(sourceOptions);
  await source.ready();
  using agent = liveHttpsAgent(source, { bundle, identity: ownIdentity() });
  const work = setInterval(() => {
    const call = get(url, { agent }, (answer) => {
      void text(answer).then((body) => parentPort?.postMessage(`worker: ${body.trim()}`));
    });
    call.on('error', (error) => parentPort?.postMessage(`worker: failed: ${error.message}`));
  }, intervalMs);
  if (parentPort !== null) await once(parentPort, 'message');
  clearInterval(work);
}

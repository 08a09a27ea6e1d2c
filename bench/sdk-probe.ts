/**
 * A process that says what it weighs. Its argument is `bare` (Node alone), `sdk` (with the SDK
 * imported) or `open` (with a source that tries to connect, and so has loaded all it needs).
 *
 * @module
 */
import type { BundleSourceOptions } from '../src/index.ts';

const startMs = performance.now();
const kind = process.argv[2];
const sdk = kind === 'bare' ? undefined : await import('../src/index.ts');
const importMs = performance.now() - startMs;
if (sdk !== undefined && kind === 'open') await sdk.openBundleSource(nobody()).then(wait);
process.stdout.write(`${JSON.stringify({ importMs, rssBytes: process.memoryUsage.rss() })}\n`);
process.exit(0);

/** Options of a source whose node does not answer. */
function nobody(): BundleSourceOptions {
  return {
    realm: 'bench.kedge.test',
    firstCharterDigest: '0'.repeat(64),
    endpoints: ['127.0.0.1:1'],
    insecure: true,
    bundles: ['bench.kedge.test'],
  };
}

async function wait(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 300);
  });
}

/**
 * Imports the SDK and says what that cost: `import-child`. Then opens a source and says it again.
 */
import { createRequire } from 'node:module';

const startMs = performance.now();
const startBytes = process.memoryUsage().rss;
const { openBundleSource } = await import('../../src/index.ts');
const imported = cost();
const source = await openBundleSource({
  realm: 'test.example.org',
  firstCharterDigest: 'a'.repeat(64),
  endpoints: ['127.0.0.1:1'],
  insecure: true,
  bundles: ['payments.test.example.org'],
});
const opened = cost();
await source.close();
process.stdout.write(JSON.stringify({ imported, opened }));

function cost(): { tookMs: number; addedBytes: number; packages: readonly string[] } {
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  const names = loaded.map((path) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? '');
  return {
    tookMs: performance.now() - startMs,
    addedBytes: process.memoryUsage().rss - startBytes,
    packages: [...new Set(names)].filter((name) => name !== ''),
  };
}

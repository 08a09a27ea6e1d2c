/**
 * Calls an HTTPS server whose certificate must chain to the bundle; the agent drops connections and
 * sessions that rest on an authority that is no longer trusted.
 *
 * @module
 */
import { get } from 'node:https';
import { liveHttpsAgent, openBundleSource } from '../src/index.ts';
import { bundle, ownIdentity, sourceOptions } from './settings.ts';

const url = process.argv[2] ?? 'https://localhost:8443/';
await using source = await openBundleSource(sourceOptions);
await source.ready({ timeoutMs: 10_000 });
using agent = liveHttpsAgent(source, { bundle, identity: ownIdentity() });

await new Promise((resolve, reject) => {
  get(url, { agent }, (response) => {
    response.pipe(process.stdout);
    response.on('end', resolve);
  }).on('error', reject);
});

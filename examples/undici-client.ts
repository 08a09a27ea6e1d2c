/**
 * Calls an HTTPS server again and again with undici over mTLS; its connections follow the bundle.
 *
 * @module
 */
import { Agent, request } from 'undici';
import { liveUndiciConnector, openBundleSource } from '../src/index.ts';
import { bundle, every, intervalMs, ownIdentity, reportStates, sourceOptions } from './settings.ts';

const url = process.argv[2] ?? 'https://localhost:8443/';
await using source = await openBundleSource(sourceOptions);
reportStates(source);
await source.ready();
using live = liveUndiciConnector(source, { bundle, identity: ownIdentity() });
const agent = new Agent({ connect: live.connect });

await every(intervalMs, async () => {
  const { statusCode, body } = await request(url, { dispatcher: agent });
  return `${String(statusCode)} ${(await body.text()).trim()}`;
});
await agent.close();

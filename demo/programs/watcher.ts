/**
 * A program that only follows bundles, for example one that talks to public web servers and so
 * trusts `public-web`.
 *
 * @module
 */
import { openTrust, readSetup, report, takeOrders } from './runtime.ts';

const source = await openTrust(readSetup());
takeOrders(
  () => undefined,
  async () => source.close(),
);
report({ kind: 'ready', port: -1 });

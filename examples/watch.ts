/**
 * Prints what a bundle trusts, now and after every change.
 *
 * @module
 */
import { openBundleSource } from '../src/index.ts';
import { reportStates, sourceOptions } from './settings.ts';

const source = await openBundleSource(sourceOptions);
process.once('SIGINT', () => void source.close());
reportStates(source);

for await (const { bundle, previous } of source.changes()) {
  const trusted = bundle.trusted('tls-server').map(({ label }) => label);
  const before = previous === undefined ? 'first' : `after ${String(previous.sequence)}`;
  console.log(`${bundle.name} ${String(bundle.sequence)} (${before}): ${trusted.join(', ')}`);
}

/**
 * What every program of the demonstration does: reads its setup, opens the SDK's source, reports
 * what it loaded, takes orders, ends when the demonstration is gone.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { type BundleSource, openBundleSource } from '../../src/index.ts';
import {
  type IdentityFiles,
  type ProgramOrder,
  type ProgramReport,
  type ProgramSetup,
  preciseNowMs,
  programOrderSchema,
  programSetupSchema,
} from '../messages.ts';

/** The setup that this process was started with. */
export function readSetup(): ProgramSetup {
  return programSetupSchema.parse(JSON.parse(process.argv[2] ?? 'null'));
}

/** Tells the demonstration something. */
export function report(message: ProgramReport): void {
  if (process.connected) process.send?.(message);
}

/** Opens the source of all trust of this program, and reports each release that comes into use. */
export async function openTrust(setup: ProgramSetup): Promise<BundleSource> {
  const source = await openBundleSource({
    realm: setup.realm,
    firstCharterDigest: setup.firstCharterDigest,
    endpoints: setup.endpoints,
    tls: setup.link,
    bundles: setup.bundles,
    cacheDir: setup.cacheFolder,
    labels: { program: setup.name },
    backoff: { initialMs: 100, maxMs: 1000 },
  });
  source.onSwap((bundle) => {
    report({
      kind: 'loaded',
      bundle: bundle.name,
      sequence: bundle.sequence,
      trusted: bundle.trusted('tls-server').length,
      atMs: preciseNowMs(),
    });
  });
  await source.ready();
  return source;
}

/** Reads the leaf that this program shows. */
export function loadIdentity(files: IdentityFiles | undefined): {
  readonly cert: Buffer;
  readonly key: Buffer;
} {
  if (files === undefined) throw new Error('this program needs an identity');
  return { cert: readFileSync(files.certFile), key: readFileSync(files.keyFile) };
}

/** What a program does about an order that is not `stop`. */
export type OrderHandler = (order: Exclude<ProgramOrder, { readonly kind: 'stop' }>) => void;

/** Takes orders until the demonstration says stop or is gone; then calls `stop` and exits. */
export function takeOrders(handle: OrderHandler, stop: () => Promise<void>): void {
  let isStopping = false;
  const end = (): void => {
    if (isStopping) return;
    isStopping = true;
    void stop().finally(() => process.exit(0));
  };
  process.on('disconnect', end);
  process.on('message', (message) => {
    const order = programOrderSchema.parse(message);
    if (order.kind === 'stop') end();
    else handle(order);
  });
}

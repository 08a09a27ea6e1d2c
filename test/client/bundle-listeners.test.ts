import { expect, it } from 'vitest';
import { BundleListeners } from '../../src/client/bundle-listeners.ts';
import { noLogger } from '../../src/ports/logger.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { fakeBundle } from './support/fake-source.ts';

const BUNDLE = fakeBundle('payments.test.example.org', []);

it('waits for those who get ready, and not for ever for one who hangs', async () => {
  const clock = new SimulatedClock();
  const listeners = new BundleListeners({ logger: noLogger, clock });
  let isReady = false;
  const wait = async (): Promise<void> => {
    isReady = false;
    await listeners.await(BUNDLE);
    isReady = true;
  };
  await wait();
  const { promise, resolve } = deferred();
  using _ = listeners.onComing(async () => await promise);
  const first = wait();
  clock.advance(9_999);
  await new Promise((settled) => setImmediate(settled));
  expect(isReady).toBe(false);
  clock.advance(1);
  await first;
  const second = wait();
  resolve();
  await second;
  expect(isReady).toBe(true);
});

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

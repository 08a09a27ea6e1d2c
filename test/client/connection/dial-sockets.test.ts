import { executionAsyncId } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { DialSockets } from '../../../src/client/connection/dial-sockets.ts';
import { openBundleSource } from '../../../src/client/source.ts';
import { testRealm } from '../../../src/testing/index.ts';
import { until } from '../support/source.ts';

/** Later ones keep contexts without that. */
const CAN_FOLLOW = Number(process.versions.node.split('.')[0]) < 24;

/** Whether Node follows the asynchronous context of each promise, which every program pays for. */
async function isFollowing(): Promise<boolean> {
  const first = await Promise.resolve().then(executionAsyncId);
  const second = await Promise.resolve().then(executionAsyncId);
  return first !== second;
}

describe('DialSockets', () => {
  it('has promises followed as long as something may open sockets', async () => {
    const [one, other] = [new DialSockets(), new DialSockets()];
    expect(await isFollowing()).toBe(false);
    one.run(() => undefined);
    other.run(() => undefined);
    expect(await isFollowing()).toBe(CAN_FOLLOW);
    one.end();
    expect(await isFollowing()).toBe(CAN_FOLLOW);
    other.end();
    expect(await isFollowing()).toBe(false);
  });

  it('has nothing followed while a source is connected', async () => {
    await using realm = testRealm();
    const { options } = await realm.listen();
    await realm.publish({ active: [realm.authority('CA')] });
    await using source = await openBundleSource(options);
    await until(() => source.status().state === 'online', 'a connection');
    expect(await isFollowing()).toBe(false);
  });
});

import { getHeapSpaceStatistics } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { addAnchor } from '../../src/core/releases/edit.ts';
import { runNode } from '../../src/node/daemon.ts';
import { nurseryCollector, YoungGarbage } from '../../src/node/young-garbage.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { SimulatedClock } from '../../src/testing/simulated-clock.ts';
import { createTempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, realmNow } from './support/setup.ts';

const LONG_MS = 10_000;

function nurseryBytes(): number {
  const nursery = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  return nursery?.space_used_size ?? 0;
}

/** Leaves so much young garbage; V8 itself collects now and then. */
function litter(bytes: number): void {
  while (nurseryBytes() < bytes) Array.from({ length: 1000 }, (_, i) => ({ i }));
}

describe('YoungGarbage', () => {
  it('collects once, 600 ms after the first of what was served', () => {
    const clock = new SimulatedClock();
    let collected = 0;
    using garbage = new YoungGarbage(clock, () => {
      collected += 1;
    });

    garbage.served();
    clock.advance(400);
    garbage.served();
    clock.advance(199);
    expect(collected).toBe(0);
    clock.advance(1);
    expect(collected).toBe(1);
    clock.advance(LONG_MS);
    expect(collected).toBe(1);
    garbage.served();
    clock.advance(600);
    expect(collected).toBe(2);
  });

  it('leaves no timer behind', () => {
    const clock = new SimulatedClock();
    const garbage = new YoungGarbage(clock, () => undefined);
    garbage.served();

    garbage[Symbol.dispose]();

    expect(clock.pendingTimers).toBe(0);
  });
});

describe('nurseryCollector', () => {
  it('empties the nursery of the process', () => {
    const collect = nurseryCollector();
    collect();
    litter(200_000);

    collect();

    expect(nurseryBytes()).toBeLessThan(100_000);
  });
});

describe('runNode', () => {
  it('tells whoever runs it when something new is served', async () => {
    await using dir = await createTempDir();
    const realm = realmNow();
    await dir.write('charter-1.json', documentFile(realm.charter.document));
    let served = 0;
    const onServed = (): void => {
      served += 1;
    };
    const config = configFor(dir, realm, { listen: { admins: '127.0.0.1:0' } });
    await using node = await runNode(config, { onServed });
    const before = served;
    const { ca } = createTestPki();
    const release = realm.nextRelease('served.example.org', (body, point) =>
      addAnchor(body, { id: ca.facts.id, label: 'CA', purposes: ['tls-server'] }, 'active', point),
    );
    const endpoint = node.addresses.admins ?? '';
    using admin = await AdminClient.open({ endpoint, insecure: true });

    await admin.submit({ document: release.document, blobs: [ca.der] });

    expect(served).toBe(before + 1);
  });
});

/**
 * Certificates and authorities that change under running nodes, over real sockets.
 */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  activateAnchor,
  removeAnchor,
  retireAnchor,
  revokeAnchor,
  stageAnchor,
} from '../../src/core/releases/edit.ts';
import type { TestPki } from '../../src/testing/pki.ts';
import {
  type ClusterOptions,
  callerPems,
  connectRaw,
  countOf,
  IdentityCluster,
  NODES,
  otherPki,
  PAYMENTS,
  shownSerial,
  textOf,
  trust,
} from './support/identity-cluster.ts';

const NAMES = ['iad-1', 'fra-1', 'sin-1'];
const MOVE_MS = 1_000;
/** Nodes and handshakes by the dozen: slow on a busy machine. */
const SLOW_MS = 120_000;
const oldPki = otherPki('Old CA');
const newPki = otherPki('New CA');
const idOf = (pki: TestPki) => pki.ca.facts.id;

let cluster: IdentityCluster;

afterEach(async () => {
  await cluster[Symbol.asyncDispose]();
});

async function start(options: Partial<ClusterOptions> = {}): Promise<void> {
  cluster = await IdentityCluster.start({ names: NAMES, pki: oldPki, ...options });
  await until(() => cluster.nodes.every(isLinked));
}

function isLinked({ lines }: { readonly lines: readonly { readonly event: string }[] }): boolean {
  const last = lines.filter(({ event }) => event === 'link.up').length;
  return last >= cluster.nodes.length - 1;
}

async function until(condition: () => boolean | Promise<boolean>, timeout = 30_000): Promise<void> {
  await expect.poll(condition, { timeout, interval: 10 }).toBe(true);
}

/** Whether a node says to whoever watches it that it could not take up its newest certificate. */
async function isPending(name: string): Promise<boolean> {
  const { http = '' } = cluster.node(name).running.addresses;
  const metrics = await (await fetch(`http://${http}/metrics`)).text();
  return metrics.includes('kedge_identity_pending{what="certificate"} 1\n');
}

/** Publishes something at one node and waits until every node has it. */
async function reachesAll(name: string, pki: TestPki): Promise<void> {
  const admin = await cluster.admin(name, pki);
  const sequence = await cluster.publish(admin, PAYMENTS, (body) => ({ ...body, note: name }));
  await until(() => cluster.sequences(PAYMENTS).every((each) => each === sequence));
}

/** Waits until every node uses the trust of a release. */
async function usesEverywhere(sequence: number): Promise<void> {
  await until(() =>
    cluster.nodes.every(({ lines }) =>
      lines.some((line) => line.event === 'authorities.swapped' && line['sequence'] === sequence),
    ),
  );
}

describe('a node whose certificate is renewed', () => {
  it(
    'shows the new one to new callers, and no call and no link fails',
    async () => {
      await start();
      const admin = await cluster.admin('iad-1', oldPki);
      const caller = callerPems('admin/bob', oldPki);
      const end = new AbortController();
      let answered = 0;
      const downs = cluster.nodes.map((node) => countOf(node, 'link.down'));
      const traffic = (async () => {
        for (; !end.signal.aborted; answered += 1) await admin.streams();
      })();
      for (let round = 0; round < 3; round += 1) {
        for (const { name, address } of cluster.nodes) {
          const serial = await cluster.issue(name, oldPki);
          await until(async () => (await shownSerial(address, caller)) === serial);
        }
      }
      end.abort();
      await traffic;
      expect(answered).toBeGreaterThan(0);
      for (const node of cluster.nodes) {
        expect(countOf(node, 'certificate.renewed')).toBe(3);
        expect(countOf(node, 'rpc.failed')).toBe(0);
      }
      expect(cluster.nodes.map((node) => countOf(node, 'link.down'))).toEqual(downs);
    },
    SLOW_MS,
  );

  it('goes on with the old pair while what is on disk is broken', async () => {
    await start({ names: ['iad-1'] });
    const node = cluster.node('iad-1');
    const caller = callerPems('admin/bob', oldPki);
    const before = await shownSerial(node.address, caller);
    const { cert, key } = cluster.files('iad-1');
    const goodKey = await textOf(key);
    await writeFile(key, goodKey.slice(0, 40));
    await until(() => countOf(node, 'certificate.refused') === 1);
    await writeFile(cert, '');
    await until(() => countOf(node, 'certificate.refused') === 2);
    await until(() => isPending('iad-1'));
    const admin = await cluster.admin('iad-1', oldPki);
    await expect(admin.streams()).resolves.toBeDefined();
    expect(await shownSerial(node.address, caller)).toBe(before);
    expect(JSON.stringify(node.lines)).not.toContain('PRIVATE KEY');
    const serial = await cluster.issue('iad-1', oldPki);
    await until(async () => (await shownSerial(node.address, caller)) === serial);
    await until(async () => !(await isPending('iad-1')));
  });

  it('refuses the certificate of another node, and goes on with its own', async () => {
    await start({ names: ['iad-1'] });
    const node = cluster.node('iad-1');
    const caller = callerPems('admin/bob', oldPki);
    const before = await shownSerial(node.address, caller);
    const { cert, key } = cluster.files('iad-1');
    const other = callerPems('node/fra-1', oldPki);
    await writeFile(key, other.key);
    await writeFile(cert, other.cert);
    const isRefused = ({ event, ...fields }: (typeof node.lines)[number]): boolean =>
      event === 'certificate.refused' && String(fields['reason']).includes('of node fra-1');
    await until(() => node.lines.some(isRefused));
    await until(() => isPending('iad-1'));
    expect(await shownSerial(node.address, caller)).toBe(before);
  });

  it('follows a folder link that is swapped as for a secret of Kubernetes', async () => {
    await start({ names: ['iad-1'] });
    const { folder, cert, key } = cluster.files('iad-1');
    await cluster.stop('iad-1');
    const mount = async (version: string): Promise<void> => {
      const pems = callerPems('node/iad-1', oldPki);
      await mkdir(`${folder}/${version}`);
      await writeFile(`${folder}/${version}/tls.crt`, pems.cert);
      await writeFile(`${folder}/${version}/tls.key`, pems.key);
      await symlink(version, `${folder}/..data_tmp`);
      await rename(`${folder}/..data_tmp`, `${folder}/..data`);
    };
    await mount('..v1');
    for (const file of [cert, key]) {
      await rm(file);
      await symlink(`..data/${basename(file)}`, file);
    }
    const node = await cluster.run('iad-1');
    const caller = callerPems('admin/bob', oldPki);
    const before = await shownSerial(node.address, caller);
    await mount('..v2');
    await until(async () => (await shownSerial(node.address, caller)) !== before);
    expect(countOf(node, 'certificate.refused')).toBe(0);
  });

  it('refuses a certificate that its own authorities do not know', async () => {
    await start({ names: ['iad-1'] });
    const node = cluster.node('iad-1');
    const caller = callerPems('admin/bob', oldPki);
    const before = await shownSerial(node.address, caller);
    await cluster.issue('iad-1', newPki);
    await until(() =>
      node.lines.some(({ event, reason }) => {
        return event === 'certificate.refused' && reason !== undefined;
      }),
    );
    expect(await shownSerial(node.address, caller)).toBe(before);
  });
});

describe('nodes that trust a bundle of their own realm', () => {
  it(
    'rotate their CA by it: links move, and each step reaches all nodes',
    async () => {
      await start({ moveWithinMs: MOVE_MS });
      const admin = await cluster.admin('iad-1', oldPki);
      await cluster.publish(admin, PAYMENTS, trust(oldPki), oldPki);
      await usesEverywhere(await cluster.publish(admin, NODES, trust(oldPki), oldPki));
      await reachesAll('fra-1', oldPki);

      const anchor = { id: idOf(newPki), label: 'new', purposes: ['tls-client', 'tls-server'] };
      await cluster.publish(admin, NODES, (body, at) => stageAnchor(body, anchor, at), newPki);
      await reachesAll('sin-1', oldPki);
      await expect((await cluster.admin('iad-1', newPki)).streams()).rejects.toThrow();

      const activated = await cluster.admin('fra-1', oldPki);
      await usesEverywhere(
        await cluster.publish(activated, NODES, (body, at) =>
          activateAnchor(body, idOf(newPki), at),
        ),
      );
      await reachesAll('iad-1', newPki);

      for (const { name, address } of cluster.nodes) {
        const serial = await cluster.issue(name, newPki);
        const caller = callerPems('admin/bob', newPki);
        await until(async () => (await shownSerial(address, caller)) === serial);
        await reachesAll(name, newPki);
      }

      const last = await cluster.admin('sin-1', newPki);
      await usesEverywhere(
        await cluster.publish(last, NODES, (body, at) => retireAnchor(body, idOf(oldPki), at)),
      );
      await reachesAll('fra-1', newPki);
      await new Promise((resolve) => setTimeout(resolve, 1.5 * MOVE_MS));

      const cuts = (): number =>
        cluster.nodes.reduce((n, node) => n + countOf(node, 'connection.cut'), 0);
      expect(cuts()).toBe(0);
      await usesEverywhere(
        await cluster.publish(last, NODES, (body, at) => removeAnchor(body, idOf(oldPki), at)),
      );
      expect(cuts()).toBe(0);
      for (const name of NAMES) await reachesAll(name, newPki);
      const stale = await cluster.admin('iad-1', oldPki);
      await expect(stale.streams()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    },
    SLOW_MS,
  );

  it('trust the file only until they hold the bundle', async () => {
    await start({ names: ['iad-1'] });
    const { address } = cluster.node('iad-1');
    const admin = await cluster.admin('iad-1', oldPki);
    const byFile = await connectRaw(address, callerPems('admin/bob', oldPki));
    await cluster.issue('iad-1', newPki);
    await cluster.publish(admin, NODES, trust(newPki), newPki);
    await byFile.closed;
    await expect((await cluster.admin('iad-1', oldPki)).streams()).rejects.toThrow();
    await expect((await cluster.admin('iad-1', newPki)).streams()).resolves.toBeDefined();
    await cluster.stop('iad-1');
    await cluster.run('iad-1');
    await expect((await cluster.admin('iad-1', oldPki)).streams()).rejects.toThrow();
    await expect((await cluster.admin('iad-1', newPki)).streams()).resolves.toBeDefined();
  });

  it(
    'keep the last good set when a release would lock them out, and say so',
    async () => {
      await start({ names: ['iad-1', 'fra-1'] });
      const admin = await cluster.admin('iad-1', oldPki);
      await usesEverywhere(await cluster.publish(admin, NODES, trust(oldPki), oldPki));
      await cluster.publish(
        admin,
        NODES,
        (body, at) => revokeAnchor(trust(newPki)(body, at), idOf(oldPki), at),
        newPki,
      );
      await until(() => cluster.nodes.every((node) => countOf(node, 'authorities.refused') === 1));
      await cluster.publish(admin, PAYMENTS, trust(oldPki), oldPki);
      await reachesAll('fra-1', oldPki);

      for (const { name } of cluster.nodes) await cluster.issue(name, newPki);
      await usesEverywhere(2);
      await until(() => cluster.nodes.every((node) => countOf(node, 'certificate.renewed') === 1));
      await reachesAll('fra-1', newPki);
    },
    SLOW_MS,
  );

  it('move callers that are still trusted within the time, without failing a call', async () => {
    await start({ names: ['iad-1'], moveWithinMs: MOVE_MS });
    const { address } = cluster.node('iad-1');
    const admin = await cluster.admin('iad-1', oldPki);
    const idle = await connectRaw(address, callerPems('admin/bob', oldPki));
    const end = new AbortController();
    const traffic = (async () => {
      while (!end.signal.aborted) await admin.streams();
    })();
    await cluster.publish(
      admin,
      NODES,
      (body, at) => trust(newPki)(trust(oldPki)(body, at), at),
      oldPki,
      newPki,
    );
    await idle.closed;
    end.abort();
    await traffic;
  });
});

describe('a peer whose CA is revoked', () => {
  async function revoke(): Promise<void> {
    await start({ names: ['iad-1', 'fra-1'] });
    const admin = await cluster.admin('iad-1', oldPki);
    const both: typeof trust = () => (body, at) => trust(newPki)(trust(oldPki)(body, at), at);
    await usesEverywhere(await cluster.publish(admin, NODES, both(oldPki), oldPki, newPki));
    await cluster.stop('fra-1');
    await cluster.issue('fra-1', newPki);
    await cluster.run('fra-1');
    await until(() => countOf(cluster.node('fra-1'), 'link.up') > 0);
    const last = await cluster.admin('iad-1', oldPki);
    await cluster.publish(last, NODES, (body, at) => revokeAnchor(body, idOf(newPki), at));
  }

  it(
    'is cut off at once and does not come back until it has another certificate',
    async () => {
      await revoke();
      const [iad, fra] = [cluster.node('iad-1'), cluster.node('fra-1')];
      await until(() => countOf(iad, 'connection.cut') > 0);
      await until(() => countOf(fra, 'authorities.refused') === 1);
      const ups = countOf(iad, 'link.up');
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(countOf(iad, 'link.up')).toBe(ups);
      const admin = await cluster.admin('iad-1', oldPki);
      expect((await admin.status()).peers.map(({ link }) => link)).not.toContain('up');

      await cluster.issue('fra-1', oldPki);
      await until(() => countOf(iad, 'link.up') > ups);
      expect(countOf(fra, 'authorities.swapped')).toBeGreaterThan(0);
    },
    SLOW_MS,
  );

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is not let in with a session of before, in %s',
    async (maxVersion) => {
      await start({ names: ['iad-1'] });
      const { address } = cluster.node('iad-1');
      const admin = await cluster.admin('iad-1', oldPki);
      const both = (
        body: Parameters<ReturnType<typeof trust>>[0],
        at: Parameters<ReturnType<typeof trust>>[1],
      ) => trust(newPki)(trust(oldPki)(body, at), at);
      await usesEverywhere(await cluster.publish(admin, NODES, both, oldPki, newPki));
      const caller = callerPems('admin/mallory', newPki);
      const first = await connectRaw(address, caller, { maxVersion });
      const session = first.socket.getSession() ?? Buffer.alloc(0);
      await cluster.publish(admin, NODES, (body, at) => revokeAnchor(body, idOf(newPki), at));
      await first.closed;
      const second = await connectRaw(address, caller, { maxVersion, session });
      await second.closed;
      expect(second.isReused).toBe(false);
    },
  );
});

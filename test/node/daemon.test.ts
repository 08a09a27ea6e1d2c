import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AdminClient } from '../../src/client/admin-client.ts';
import { KedgeError } from '../../src/core/errors.ts';
import { releaseStream } from '../../src/core/ids.ts';
import { addAnchor } from '../../src/core/releases/edit.ts';
import { headOf } from '../../src/core/trusted/state.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import type { RunOptions } from '../../src/node/run-options.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { createTestPki } from '../../src/testing/pki.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import { createTestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, realmNow, recordingLogger } from './support/setup.ts';

const YEAR_MS = 365 * 86_400_000;
const realm = realmNow();
const pki = createTestPki();
const nodes: RunningNode[] = [];
let dir: TempDir;

beforeEach(async () => {
  dir = await createTempDir();
  await dir.write('charter-1.json', documentFile(realm.charter.document));
});

afterEach(async () => {
  for (const node of nodes.splice(0)) await node[Symbol.asyncDispose]();
  await dir[Symbol.asyncDispose]();
});

async function start(
  changes: Readonly<Record<string, unknown>> = {},
  options: RunOptions = {},
): Promise<RunningNode> {
  const node = await runNode(configFor(dir, realm, changes), options);
  nodes.push(node);
  return node;
}

async function failureOf(changes: Readonly<Record<string, unknown>>): Promise<KedgeError> {
  const failure: unknown = await start(changes).catch((thrown: unknown) => thrown);
  if (!(failure instanceof KedgeError)) throw new Error('it started');
  return failure;
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 20 }).toBe(true);
}

describe('runNode', () => {
  it('serves on the ports that it was given and trusts its first charter', async () => {
    const node = await start();
    expect(node.addresses.clients).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    expect(node.addresses.peers).not.toBe(node.addresses.clients);
    expect(node.addresses.admins).toBeUndefined();
    expect(node.firstCharterDigest).toBe(realm.firstCharterDigest);
    expect(node.trusted.charters).toHaveLength(1);
  });

  it('shares one listener between keys with the same address', async () => {
    const node = await start({ listen: { clients: '127.0.0.1:0', admins: '127.0.0.1:0' } });
    expect(node.addresses.admins).toBe(node.addresses.clients);
  });

  it('logs that it serves, and in which order it stopped', async () => {
    const logger = recordingLogger();
    const node = await start({}, { logger });
    await node[Symbol.asyncDispose]();
    const events = logger.lines.map(({ event }) => event);
    expect(events).toEqual([
      'node.starting',
      'store.opened',
      'node.ready',
      'node.stopping',
      'node.stopped',
    ]);
  });

  it('stops when its signal is aborted', async () => {
    const stop = new AbortController();
    const node = await start({}, { signal: stop.signal });
    stop.abort();
    await node.closed;
    const port = Number(node.addresses.clients?.split(':')[1]);
    const socket = connect(port, '127.0.0.1');
    await expect(
      new Promise((resolve) => socket.on('error', (error) => resolve(Reflect.get(error, 'code')))),
    ).resolves.toBe('ECONNREFUSED');
  });

  it('does not start when its signal was aborted before', async () => {
    await expect(start({}, { signal: AbortSignal.abort() })).rejects.toThrow('abort');
  });

  it('goes on with what it had after a restart', async () => {
    const own = realmNow();
    await dir.write('charter-1.json', documentFile(own.charter.document));
    const changes = { realm: own.name, listen: { admins: '127.0.0.1:0' } };
    const first = await start(changes);
    const { facts } = pki.ca;
    const release = own.nextRelease('payments.example.org', (body, point) =>
      addAnchor(body, { id: facts.id, label: 'CA', purposes: ['tls-server'] }, 'active', point),
    );
    using admin = await AdminClient.open({
      endpoint: first.addresses.admins ?? '',
      insecure: true,
    });
    await admin.submit({ document: release.document, blobs: [pki.ca.der] });
    await first[Symbol.asyncDispose]();
    const second = await start({ ...changes, firstCharterFile: 'charter-1.json' });
    const stream = releaseStream(release.body.bundle);
    expect(headOf(second.trusted, stream)?.digest).toBe(release.digest);
  });

  it('fetches the first charter from a peer when it only has the pin', async () => {
    const [a = 0, b = 0] = await findFreePorts(2);
    await start({
      listen: { peers: `127.0.0.1:${String(a)}` },
      peers: { seeds: [`127.0.0.1:${String(b)}`] },
    });
    const second = await start({
      node: { id: 'iad-2', region: 'iad' },
      store: { path: 'data-2' },
      firstCharterFile: undefined,
      firstCharterDigest: realm.firstCharterDigest,
      listen: { peers: `127.0.0.1:${String(b)}` },
      peers: { seeds: [`127.0.0.1:${String(a)}`] },
    });
    await until(() => second.trusted.charters.length === 1);
  });
});

describe('runNode with something wrong', () => {
  it('names the port that is in use', async () => {
    const { addresses } = await start();
    const failure = await failureOf({
      store: { path: 'data-2' },
      listen: { clients: addresses.clients },
    });
    expect(failure.code).toBe('CONFIG');
    expect(failure.message).toContain(`${addresses.clients ?? ''} is in use`);
  });

  it('leaves no listener behind when another one cannot be opened', async () => {
    const [free = 0] = await findFreePorts(1);
    const { addresses } = await start();
    const clients = `127.0.0.1:${String(free)}`;
    const store = { path: 'data-2' };
    await failureOf({ store, listen: { clients, peers: addresses.clients } });
    await expect(start({ store, listen: { clients } })).resolves.toBeDefined();
  });

  it('refuses a store that another node has open', async () => {
    await start();
    const failure = await failureOf({});
    expect(failure.code).toBe('STORE');
    expect(failure.detail['reason']).toBe('locked');
  });

  it('refuses the store of another realm and says what to do', async () => {
    const node = await start();
    await node[Symbol.asyncDispose]();
    const other = createTestRealm({ realm: 'staging.example.org', now: Date.now });
    await dir.write('charter-1.json', documentFile(other.charter.document));
    const failure = await failureOf({ realm: other.name });
    expect(failure.code).toBe('CONFIG');
    expect(failure.message).toMatch(/store in .* belongs to another realm.*store\.path/);
  });

  it('refuses a first charter that is not the pinned one', async () => {
    const failure = await failureOf({ firstCharterDigest: 'ab'.repeat(32) });
    expect(failure.code).toBe('CONFIG');
    expect(failure.message).toContain('do not simply change the pin');
    expect(failure.message).toContain(realm.firstCharterDigest);
  });

  it('refuses a first charter of another realm', async () => {
    const failure = await failureOf({ realm: 'staging.example.org' });
    expect(failure.message).toContain('is of realm prod.example.org');
  });

  it('refuses a file that is not a first charter', async () => {
    await dir.write('charter-1.json', '{"format":"kedge-document/1"}');
    const failure = await failureOf({});
    expect(failure.code).toBe('CONFIG');
    expect(failure.message).toContain('it must be the file that `kedge realm init` wrote');
  });

  it('refuses a first charter whose signatures were cut off', async () => {
    const { statement, body } = realm.charter.document;
    const unsigned = { statement: { ...statement, signatures: [] }, body };
    await dir.write('charter-1.json', documentFile(unsigned));
    const failure = await failureOf({});
    expect(failure.message).toContain('firstCharterFile is refused (THRESHOLD)');
  });

  it('says which file is missing', async () => {
    const failure = await failureOf({ firstCharterFile: 'nowhere.json' });
    expect(failure.message).toMatch(/cannot read firstCharterFile .*nowhere\.json \(ENOENT\)/);
  });
});

describe('runNode with TLS files', () => {
  const own = { uris: ['spiffe://prod.example.org/node/iad-1'] };
  const withTls = async (
    change: (files: { certFile: string; keyFile: string; caFile: string }) => object,
  ): Promise<KedgeError> => {
    const files = await pki.write(dir, 'iad-1', own);
    return await failureOf({ insecure: false, tls: change(files) });
  };

  it('serves with a pair that belongs together', async () => {
    const tls = await pki.write(dir, 'iad-1', own);
    await expect(start({ insecure: false, tls })).resolves.toBeDefined();
  });

  it('logs why it does not start, for those who see the log alone', async () => {
    const tls = await pki.write(dir, 'fra-1');
    const logger = recordingLogger();
    await expect(start({ insecure: false, tls }, { logger })).rejects.toThrow('does not name');
    const failed = logger.lines.find(({ event }) => event === 'node.failed');
    expect(failed).toMatchObject({ code: 'CONFIG', reason: expect.stringContaining('fra-1') });
  });

  it('refuses the certificate of another node, and says whose it is', async () => {
    const uris = ['spiffe://prod.example.org/node/fra-1'];
    const tls = await pki.write(dir, 'fra-1', { uris });
    const failure = await failureOf({ insecure: false, tls });
    expect(failure.code).toBe('CONFIG');
    expect(failure.message).toContain('is that of node fra-1');
    expect(failure.message).toContain('spiffe://prod.example.org/node/iad-1');
  });

  it('refuses a key of another certificate', async () => {
    const other = await pki.write(dir, 'fra-1');
    const failure = await withTls((files) => ({ ...files, keyFile: other.keyFile }));
    expect(failure.code).toBe('CONFIG');
    expect(failure.message).toContain('is not the key of the certificate');
  });

  it('refuses a file without a certificate', async () => {
    const failure = await withTls((files) => ({ ...files, caFile: files.keyFile }));
    expect(failure.message).toContain('has no PEM certificate in it');
  });

  it('refuses a file without a private key, and does not quote it', async () => {
    await dir.write(
      'broken.key',
      '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----',
    );
    const failure = await withTls((files) => ({ ...files, keyFile: dir.join('broken.key') }));
    expect(failure.message).toContain('is not an unencrypted PEM private key');
    expect(JSON.stringify([failure.message, failure.detail])).not.toContain('c2VjcmV0');
    expect(failure.cause).toBeUndefined();
  });

  it('says which file cannot be read', async () => {
    const failure = await withTls((files) => ({ ...files, certFile: dir.join('none.pem') }));
    expect(failure.message).toMatch(/cannot read tls\.certFile .*none\.pem \(ENOENT\)/);
  });
});

describe('runNode with a wrong clock', () => {
  it('warns about statements from the future when the clock is a year behind', async () => {
    const node = await start();
    await node[Symbol.asyncDispose]();
    const logger = recordingLogger();
    const clock = { ...systemClock, nowMs: () => Date.now() - YEAR_MS };
    await start({}, { logger, clock });
    const warning = logger.lines.find(({ event }) => event === 'clock.suspect');
    expect(warning?.['stream']).toBe('charter');
  });

  it('warns that the charter has expired when the clock is a year ahead, and serves', async () => {
    const node = await start();
    await node[Symbol.asyncDispose]();
    const logger = recordingLogger();
    const clock = { ...systemClock, nowMs: () => Date.now() + YEAR_MS };
    const again = await start({}, { logger, clock });
    expect(logger.lines.some(({ event }) => event === 'clock.suspect')).toBe(true);
    expect(again.trusted.charters).toHaveLength(1);
  });
});

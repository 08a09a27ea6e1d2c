/**
 * Real nodes write down what they are told and do, and the simulator's replay does the same.
 */
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { replayFile } from '../../sim/runs/replay.ts';
import { AdminClient } from '../../src/client/admin-client.ts';
import { parseBundleName, releaseStream } from '../../src/core/ids.ts';
import { headOf } from '../../src/core/trusted/state.ts';
import { type RunningNode, runNode } from '../../src/node/daemon.ts';
import { Recorder } from '../../src/node/recorder.ts';
import { addActive, createTestAnchors } from '../../src/testing/anchors.ts';
import { findFreePorts } from '../../src/testing/ports.ts';
import type { TestRealm } from '../../src/testing/realm.ts';
import { createTempDir, type TempDir } from '../../src/testing/temp-dir.ts';
import { configFor, documentFile, realmNow, recordingLogger } from './support/setup.ts';

const BUNDLE = 'payments.prod.example.org';
const STREAM = releaseStream(parseBundleName(BUNDLE));
const REGIONS = ['fra', 'iad'];
const anchors = createTestAnchors(3);

describe('a recording', () => {
  let dir: TempDir;
  let realm: TestRealm;
  let ports: readonly number[];
  let published = 0;

  beforeEach(async () => {
    dir = await createTempDir();
    realm = realmNow();
    published = 0;
    await dir.write('charter-1.json', documentFile(realm.charter.document));
    ports = await findFreePorts(REGIONS.length);
  });

  afterEach(async () => {
    await dir[Symbol.asyncDispose]();
  });

  it('of two nodes that replicate and start again gives the same effects', async () => {
    for (const round of [1, 2]) {
      await using fra = await start('fra');
      await using iad = await start('iad');
      await publish(iad.node);
      await expect.poll(() => sequenceOn(fra.node), { timeout: 15_000 }).toBe(round);
    }
    for (const name of REGIONS) {
      const { starts, events, differs } = await replayFile(fileOf(name));
      expect(differs).toBeUndefined();
      expect(starts).toBe(2);
      expect(events).toBeGreaterThan(20);
    }
  });

  it('names the first event whose effects differ', async () => {
    const { lines, at } = await recorded();
    const changed = lines.with(at, lines[at]?.replace(/"effects":"./, '"effects":"z') ?? '');
    await writeFile(fileOf('iad'), changed.join('\n'));
    expect((await replayFile(fileOf('iad'))).differs?.line).toBe(at + 1);
  });

  it('goes on after half a line', async () => {
    await recorded();
    await appendFile(fileOf('iad'), '{"nowMs":17');
    await recorded();
    const { starts, differs } = await replayFile(fileOf('iad'));
    expect({ starts, differs }).toEqual({ starts: 2, differs: undefined });
  });

  it('ends when its file is full, and says so once', async () => {
    const logger = recordingLogger();
    const path = dir.join('full.jsonl');
    const recorder = await Recorder.open({ path, logger, maxBytes: 25 });
    for (let i = 0; i < 5; i += 1) recorder.write('0123456789');
    await recorder[Symbol.asyncDispose]();
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(2);
    const ended = logger.lines.filter(({ event }) => event === 'recording.ended');
    expect(ended).toEqual([expect.objectContaining({ reason: 'the file is full' })]);
  });

  it('is for its owner alone', async () => {
    await recorded();
    expect((await stat(fileOf('iad'))).mode & 0o777).toBe(0o600);
  });

  it('is refused where nothing can be written', async () => {
    const path = dir.join('charter-1.json', 'x');
    const opening = Recorder.open({ path, logger: recordingLogger() });
    await expect(opening).rejects.toMatchObject({ code: 'CONFIG' });
  });

  /** One node alone that gets a release. */
  async function recorded(): Promise<{ lines: string[]; at: number }> {
    {
      await using iad = await start('iad');
      await publish(iad.node);
    }
    const lines = (await readFile(fileOf('iad'), 'utf8')).split('\n');
    return { lines, at: lines.findIndex((line) => line.includes('"kind":"submit"')) };
  }

  function fileOf(name: string): string {
    return dir.join(`${name}.jsonl`);
  }

  function sequenceOn(node: RunningNode): number | undefined {
    return headOf(node.trusted, STREAM)?.sequence;
  }

  async function publish(node: RunningNode): Promise<void> {
    const anchor = anchors[published];
    if (anchor === undefined) throw new Error('no anchor is left');
    published += 1;
    using admin = await AdminClient.open({
      endpoint: node.addresses.admins ?? '',
      insecure: true,
    });
    const { document } = realm.nextRelease(BUNDLE, addActive(anchor));
    await admin.submit({ document, blobs: [anchor.der] });
  }

  async function start(name: string): Promise<AsyncDisposable & { node: RunningNode }> {
    const index = REGIONS.indexOf(name);
    const changes = {
      node: { id: `${name}-1`, region: name },
      store: { path: `data-${name}` },
      listen: { admins: '127.0.0.1:0', peers: `localhost:${String(ports[index])}` },
      peers: { seeds: [`localhost:${String(ports[1 - index])}`] },
    };
    const logger = recordingLogger();
    const recorder = await Recorder.open({ path: fileOf(name), logger });
    const config = configFor(dir, realm, changes);
    const node = await runNode(config, { logger, record: recorder.write });
    return {
      node,
      [Symbol.asyncDispose]: async () => {
        await node[Symbol.asyncDispose]();
        await recorder[Symbol.asyncDispose]();
      },
    };
  }
});

/**
 * Forks that programs show, at nodes with real replicators and stores: what is true stops the
 * stream everywhere, what is false is charged to whoever shows it, and neither costs without bound.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseBundleName, releaseStream, rolloutStream } from '../../src/core/ids.ts';
import type { Evidence } from '../../src/core/trusted/state.ts';
import type { Shower } from '../../src/service/handing-in/shown-forks.ts';
import { openMemoryStore } from '../../src/storage/open-store.ts';
import { addActive, anchorAt, createTestAnchors } from '../../src/testing/anchors.ts';
import { createTestRealm, type TestDocument, type TestRealm } from '../../src/testing/realm.ts';
import { named, rolloutPlan } from '../../src/testing/rollouts.ts';
import { evidenceOf } from '../../src/testing/watch-messages.ts';
import { TestCluster, until } from './support/cluster.ts';

const NAMES = ['iad', 'fra'];
const BUNDLE = parseBundleName('payments.test.example.org');
const STREAM = releaseStream(BUNDLE);
const PROGRAM = 'spiffe://test.example.org/payments';

describe('ShownForks', () => {
  const anchors = createTestAnchors(2, Date.now());
  let realm: TestRealm;
  let cluster: TestCluster;

  beforeEach(async () => {
    realm = createTestRealm({
      ...{ holdDownSeconds: 0, rolloutSigner: 'deploy', now: () => Date.now() },
    });
    cluster = new TestCluster({ realm: realm.name, firstCharterDigest: realm.firstCharterDigest });
    for (const name of NAMES) cluster.add(name, NAMES, await openMemoryStore());
    cluster.start();
    await submit(realm.charter);
    await submit(realm.nextRelease(BUNDLE, addActive(anchorAt(anchors, 0))));
  });

  afterEach(async () => {
    await cluster[Symbol.asyncDispose]();
  });

  it('stops the stream of two releases at all nodes', async () => {
    await show(releases());
    await until('both nodes are forked', () =>
      cluster.nodes.every(({ replicator }) => kindOf(replicator, STREAM) === 'forked'),
    );
    const [evidence] = (await cluster.node('iad').store.load()).evidence;
    expect(evidence).toMatchObject({ stream: STREAM, sequence: 2 });
  });

  it('stops the stream of two rollouts', async () => {
    await show(rollouts());
    await until('the node is forked', () => kindAt(rolloutStream(BUNDLE)) === 'forked');
    expect(kindAt(STREAM)).toBe('open');
  });

  it('refuses what nobody signed, and changes nothing', async () => {
    await expect(show(forged())).rejects.toMatchObject({ code: 'THRESHOLD' });
    const other = { ...releases(), sequence: realm.release(BUNDLE, 1).sequence };
    await expect(show(other)).rejects.toMatchObject({ code: 'TYPE' });
    expect(kindAt(STREAM)).toBe('open');
  });

  it('does not blame a program that knows a later charter than the node', async () => {
    realm.nextCharter((before) => ({ ...before, note: 'next' }));
    await expect(show(releases())).resolves.toBeUndefined();
    expect(kindAt(STREAM)).toBe('open');
  });

  it('blames nobody who has other charters than the node', async () => {
    const [wrong, { digest }] = [forged(), realm.charter];
    const other = { version: 1, digest: realm.nextCharter((body) => body).digest };
    await expect(show(wrong, PROGRAM, other)).resolves.toBeUndefined();
    expect(kindAt(STREAM)).toBe('open');
    await expect(show(wrong, PROGRAM, { version: 1, digest })).rejects.toThrow();
  });

  it('looks at so many proofs without a signature, and at no more', async () => {
    const wrong = forged();
    realm.nextCharter((before) => ({ ...before, note: 'next' }));
    const bare = (statement: Evidence['first']): Evidence['first'] => ({
      ...statement,
      signatures: [],
    });
    const { first, second, ...rest } = releases();
    const empty = { ...rest, first: bare(first), second: bare(second) };
    for (let count = 0; count < 200; count += 1) await show(empty);
    await expect(show(wrong)).resolves.toBeUndefined();
    await expect(show(wrong, 'another')).rejects.toThrow();
  });

  it('verifies so many signatures of one identity and no more; others have their own', async () => {
    const { signatures } = forged().first;
    const evidence = forged(Array.from({ length: 64 }, () => signatures).flat());
    for (const _ of [1, 2]) await expect(show(evidence)).rejects.toThrow();
    await expect(show(evidence)).resolves.toBeUndefined();
    await expect(show(evidence, 'another')).rejects.toThrow();
  });

  it('takes what it knows without an end, from everybody', async () => {
    const evidence = releases();
    for (let count = 0; count < 300; count += 1) await show(evidence);
    await show(rollouts());
    await until('the node is forked', () => kindAt(rolloutStream(BUNDLE)) === 'forked');
  });

  function releases(): Evidence {
    const after = realm.release(BUNDLE, 1);
    const [one, other] = ['one', 'other'].map((note) =>
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note }), { after }),
    );
    if (one === undefined || other === undefined) throw new Error('no releases');
    return evidenceOf(one, other);
  }

  function rollouts(): Evidence {
    const [one, other] = ['one', 'other'].map((note) =>
      realm.nextRollout(BUNDLE, rolloutPlan(named(realm.release(BUNDLE, 1)), undefined, { note }), {
        after: 'nothing',
      }),
    );
    if (one === undefined || other === undefined) throw new Error('no rollouts');
    return evidenceOf(one, other);
  }

  /** The second statement is signed by too few; with these signatures in place of its own. */
  function forged(signatures?: Evidence['second']['signatures']): Evidence {
    const after = realm.release(BUNDLE, 1);
    const [one, other] = ['one', 'other'].map((note) =>
      realm.nextRelease(BUNDLE, (body) => ({ ...body, note }), { after, signers: ['alice'] }),
    );
    if (one === undefined || other === undefined) throw new Error('no releases');
    const evidence = evidenceOf(one, other);
    if (signatures === undefined) return evidence;
    return { ...evidence, second: { ...evidence.second, signatures } };
  }

  async function show(
    evidence: Evidence,
    by: string = PROGRAM,
    charter?: Shower['charter'],
  ): Promise<void> {
    await cluster
      .node('iad')
      .replicator.offers.forks.take({ id: by, ...(charter && { charter }) }, evidence);
  }

  function kindAt(stream: Evidence['stream']): string | undefined {
    return kindOf(cluster.node('iad').replicator, stream);
  }

  async function submit({ document }: Pick<TestDocument, 'document'>): Promise<void> {
    await cluster.node('iad').replicator.submit(document, [anchorAt(anchors, 0).der]);
  }
});

function kindOf(
  { durable }: TestCluster['nodes'][number]['replicator'],
  stream: Evidence['stream'],
): string | undefined {
  return durable.streams.get(stream)?.kind;
}

/**
 * What a lying node can say to a client (conformance groups A, B, C, E, F, H): each lie is refused
 * with its code, told back, and leaves the bundle in use as it was; then the client goes elsewhere.
 */
import { describe, expect, it } from 'vitest';
import type { BundleSource } from '../../src/client/source.ts';
import { releaseStream } from '../../src/core/ids.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import {
  addActive,
  addStaged,
  createTestAnchor,
  createTestAnchors,
  type TestAnchor,
} from '../../src/testing/anchors.ts';
import { createTestRealm, type TestRealm, type TestRelease } from '../../src/testing/realm.ts';
import { encodeWatchResponse } from '../../src/wire/watch.ts';
import { blobs, bundleOf, charters, delta, evidence, honest, snapshot } from './support/honest.ts';
import { type ScriptedNode, startNode, type WatchSession } from './support/scripted-node.ts';
import { BUNDLE, openSource, recordingLogger, until } from './support/source.ts';

const anchors = createTestAnchors(4, Date.now()) as unknown as [
  TestAnchor,
  TestAnchor,
  TestAnchor,
  TestAnchor,
];
const [first, second, third, fourth] = anchors;
const now = (): number => Date.now();

interface Scene {
  readonly realm: TestRealm;
  readonly one: TestRelease;
  readonly two: TestRelease;
  readonly source: BundleSource;
  readonly liar: ScriptedNode;
  readonly session: WatchSession;
  readonly events: readonly { readonly event: string; readonly code?: unknown }[];
}

/** A client that holds sequence 2 from a node that is about to lie; an honest one stands by. */
async function scene(): Promise<Scene> {
  const realm = createTestRealm({ now });
  const one = realm.nextRelease(BUNDLE, addActive(first));
  const two = realm.nextRelease(BUNDLE, addActive(second));
  const liar = await startNode(honest(realm, anchors));
  const stable = await startNode(honest(realm, anchors));
  const logger = recordingLogger();
  const source = await openSource(realm, [liar.endpoint, stable.endpoint], { logger });
  await source.ready();
  const [session] = liar.sessions;
  if (session === undefined) throw new Error('no session');
  await until(() => session.reports.length === 2);
  const events = logger.events as Scene['events'];
  return { realm, one, two, source, liar, session, events };
}

/** A lie about a release, made from a scene. */
type Lie = (scene: Scene) => readonly WatchResponse[];

/** Replaces the body behind a release's statement. */
function withBody(update: WatchResponse, body: Uint8Array): WatchResponse {
  if (update.kind !== 'update') throw new Error('not an update');
  return { ...update, update: { ...update.update, content: { kind: 'whole', body } } };
}

function forged(release: TestRelease, of: 'payload' | 'signature'): WatchResponse {
  const { statement, body } = release.document;
  const flip = (bytes: Uint8Array): Uint8Array => {
    const copy = new Uint8Array(bytes);
    const last = copy.length - 1;
    copy[last] = (copy[last] ?? 0) ^ 1;
    return copy;
  };
  const changed =
    of === 'payload'
      ? { ...statement, payload: flip(statement.payload) }
      : {
          ...statement,
          signatures: statement.signatures.map((one) => ({
            ...one,
            signature: flip(one.signature),
          })),
        };
  return {
    kind: 'update',
    update: { bundle: bundleOf(release), statements: [changed], content: { kind: 'whole', body } },
  };
}

const LIES: readonly (readonly [name: string, code: string, lie: Lie])[] = [
  [
    'A05 a release that one signer too few signed',
    'THRESHOLD',
    ({ realm, two }) => {
      const three = realm.nextRelease(BUNDLE, addStaged(third), { signers: 1, after: two });
      return [blobs(third), delta(two, three)];
    },
  ],
  [
    'A08 a signature that does not verify',
    'THRESHOLD',
    ({ realm, two }) => {
      const three = realm.nextRelease(BUNDLE, addStaged(third), { after: two });
      return [blobs(third), forged(three, 'signature')];
    },
  ],
  ['C01 an older release', 'ROLLBACK', ({ one }) => [blobs(first), snapshot(one)]],
  [
    'C03 a delta with a gap',
    'GAP',
    ({ realm, two }) => {
      const three = realm.nextRelease(BUNDLE, addStaged(third), { after: two });
      const four = realm.nextRelease(BUNDLE, addStaged(fourth), { after: three });
      return [blobs(third, fourth), delta(two, four)];
    },
  ],
  [
    'C04 a release that follows another one',
    'PREVIOUS',
    ({ realm, one }) => {
      const other = realm.nextRelease(BUNDLE, addActive(third), { after: one });
      const lie = realm.nextRelease(BUNDLE, addStaged(fourth), { after: other });
      return [blobs(third, fourth), snapshot(lie)];
    },
  ],
  [
    'E01 the body of another sequence',
    'DIGEST',
    ({ realm, one, two }) => {
      const three = realm.nextRelease(BUNDLE, addStaged(third), { after: two });
      return [blobs(third), withBody(snapshot(three), one.document.body)];
    },
  ],
  [
    'E02 a body that is longer than declared',
    'DIGEST',
    ({ realm, two }) => {
      const three = realm.nextRelease(BUNDLE, addStaged(third), { after: two });
      const { body } = three.document;
      return [blobs(third), withBody(snapshot(three), Uint8Array.of(...body, 0x20))];
    },
  ],
  [
    'E03 an anchor with a flipped bit',
    'DIGEST',
    ({ realm, two }) => {
      const three = realm.nextRelease(BUNDLE, addStaged(third), { after: two });
      const der = new Uint8Array(third.der);
      der[40] = (der[40] ?? 0) ^ 1;
      return [{ kind: 'blobs', blobs: [der] }, delta(two, three)];
    },
  ],
  [
    'E04 a release without its anchor',
    'DIGEST',
    ({ realm, two }) => [delta(two, realm.nextRelease(BUNDLE, addStaged(third), { after: two }))],
  ],
  [
    'E07 an anchor that vanishes',
    'LIFECYCLE',
    ({ realm, two }) => {
      const drop = realm.nextRelease(
        BUNDLE,
        (body) => ({ ...body, anchors: body.anchors.slice(1) }),
        { after: two },
      );
      return [delta(two, drop)];
    },
  ],
  [
    'E08 the release of another bundle',
    'TYPE',
    ({ realm }) => {
      const other = realm.nextRelease('internal.test.example.org', addActive(third));
      const lie = snapshot(other);
      if (lie.kind !== 'update') throw new Error('not an update');
      return [blobs(third), { ...lie, update: { ...lie.update, bundle: bundleOf(other) } }];
    },
  ],
  [
    'E08 the release of another bundle under the name of this one',
    'TYPE',
    ({ realm, one }) => {
      const other = realm.nextRelease('internal.test.example.org', addActive(third));
      const lie = snapshot(other);
      if (lie.kind !== 'update') throw new Error('not an update');
      return [blobs(third), { ...lie, update: { ...lie.update, bundle: bundleOf(one) } }];
    },
  ],
  [
    'F01 a release of another realm',
    'REALM',
    () => {
      const staging = createTestRealm({ realm: 'staging.example.org', now });
      staging.nextRelease(BUNDLE, addActive(first));
      staging.nextRelease(BUNDLE, addActive(second));
      return [blobs(third), snapshot(staging.nextRelease(BUNDLE, addStaged(third)))];
    },
  ],
  [
    'B06 charters of another realm with the same name',
    'PREVIOUS',
    ({ realm }) => {
      const fake = createTestRealm({ realm: realm.name, now });
      return [charters(fake.nextCharter((charter) => charter))];
    },
  ],
  [
    'C06 a payload that is no statement',
    'PARSE',
    ({ realm, two }) => [
      forged(realm.nextRelease(BUNDLE, addStaged(third), { after: two }), 'payload'),
    ],
  ],
  [
    'C10 evidence that nobody signed',
    'THRESHOLD',
    ({ realm, two }) => {
      const a = realm.nextRelease(BUNDLE, addStaged(third), { after: two, signers: 1 });
      const b = realm.nextRelease(BUNDLE, addStaged(fourth), { after: two, signers: 1 });
      return [evidence(a, b)];
    },
  ],
  [
    'a release that was issued in the future',
    'EXPIRED',
    ({ realm, two }) => {
      const options = { after: two, issuedMs: Date.now() + 3_600_000 };
      return [blobs(third), delta(two, realm.nextRelease(BUNDLE, addStaged(third), options))];
    },
  ],
  [
    'a delta on a base that is not held',
    'GAP',
    ({ realm, one, two }) => {
      const three = realm.nextRelease(BUNDLE, addStaged(third), { after: two });
      return [blobs(third), delta(one, three)];
    },
  ],
  [
    'H01 anchors without end',
    'LIMIT',
    () => {
      const many = Array.from({ length: 501 }, (_, i) => Uint8Array.of(i & 255, i >> 8, 1));
      const more = many.map((der) => Uint8Array.of(...der, 2));
      return [
        { kind: 'blobs', blobs: many },
        { kind: 'blobs', blobs: more },
      ];
    },
  ],
  [
    'H01 messages without end',
    'LIMIT',
    () => Array.from({ length: 1200 }, () => ({ kind: 'keep-alive' }) as const),
  ],
];

describe('a client of a lying node', () => {
  it.each(LIES)('refuses %s with %s', async (_, code, lie) => {
    const made = await scene();
    const { source, session, liar, two, events } = made;
    const before = source.bundle(BUNDLE);
    session.send(...lie(made));
    const seen = (): boolean =>
      events.some((one) => one.event === 'source.disconnected' && one.code === code);
    await until(seen, code);
    expect(source.bundle(BUNDLE)).toBe(before);
    expect(source.status().bundles[0]).toMatchObject({ sequence: 2, digest: two.digest });
    // It went to the honest node and is well there.
    await until(() => source.status().isConnected && source.status().endpoint !== liar.endpoint);
    await until(() => source.status().lastError === undefined);
    expect(source.bundle(BUNDLE)).toBe(before);
  });

  it('tells the node why it left', async () => {
    const { realm, two, session } = await scene();
    const three = realm.nextRelease(BUNDLE, addStaged(third), { signers: 1, after: two });
    session.send(blobs(third), delta(two, three));
    await until(() => session.isEnded);
    expect(session.reports).toEqual(['delivered 2', 'loaded 2', 'refused 3 THRESHOLD']);
    expect(session.requests.at(-1)).toMatchObject({
      at: { sequence: 3, digest: three.digest },
      reason: expect.stringContaining('signers') as unknown,
    });
  });

  it.each([
    ['C02 the same release again', ({ two }: Scene) => [snapshot(two)]],
    [
      'evidence about a bundle that it does not watch',
      ({ realm }: Scene) => {
        const base = realm.nextRelease('other', addActive(first));
        const a = realm.nextRelease('other', addStaged(third), { after: base });
        const b = realm.nextRelease('other', addStaged(fourth), { after: base });
        return [evidence(a, b)];
      },
    ],
  ])('is not moved by %s', async (_, say) => {
    const made = await scene();
    made.session.send(...say(made), { kind: 'keep-alive' });
    const three = made.realm.nextRelease(BUNDLE, addStaged(third));
    made.session.send(blobs(third), delta(made.two, three));
    await until(() => made.source.bundle(BUNDLE)?.sequence === 3);
    expect(made.liar.sessions.length).toBe(1);
  });

  it('passes over what only newer nodes say', async () => {
    const made = await scene();
    // Field 31, which holds nothing.
    made.session.sendBytes(Uint8Array.of(0xfa, 0x01, 0x00));
    const three = made.realm.nextRelease(BUNDLE, addStaged(third));
    made.session.send(blobs(third), delta(made.two, three));
    await until(() => made.source.bundle(BUNDLE)?.sequence === 3);
    expect(made.liar.sessions.length).toBe(1);
  });

  it.each([
    ['bytes that are no message', Uint8Array.of(0xff, 0xff, 0xff, 0xff), 'PARSE'],
    ['a message that is too large', new Uint8Array(4 * 1024 * 1024 + 1), 'LIMIT'],
  ])('leaves a node that sends %s', async (_, bytes, code) => {
    const { session, events, source, liar } = await scene();
    session.sendBytes(bytes);
    await until(() =>
      events.some((one) => one.event === 'source.disconnected' && one.code === code),
    );
    await until(() => source.status().isConnected && source.status().endpoint !== liar.endpoint);
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
  });

  it('keeps its memory when a node sends without end', async () => {
    const { session, events, source } = await scene();
    const big = encodeWatchResponse({ kind: 'blobs', blobs: [new Uint8Array(16 * 1024)] });
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 4000 && !session.isEnded; i += 1) {
      if (!session.sendBytes(big)) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    await until(() =>
      events.some((one) => one.event === 'source.disconnected' && one.code === 'LIMIT'),
    );
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
  });
});

describe('a client and a fork', () => {
  async function fork(): Promise<Scene & { a: TestRelease; b: TestRelease }> {
    const made = await scene();
    const a = made.realm.nextRelease(BUNDLE, addStaged(third), { after: made.two });
    const b = made.realm.nextRelease(BUNDLE, addStaged(fourth), { after: made.two });
    return { ...made, a, b };
  }

  it('stays where both sides agree when it is shown the evidence', async () => {
    const { session, source, a, b, two } = await fork();
    session.send(evidence(a, b));
    await until(() => source.status().bundles[0]?.state === 'forked');
    expect(source.status().bundles[0]).toMatchObject({ sequence: 2, commonSequence: 2 });
    session.send(blobs(third), delta(two, a));
    await until(() => source.status().lastError?.code === 'FORK' || session.isEnded);
    expect(source.bundle(BUNDLE)?.sequence).toBe(2);
  });

  it('keeps what it uses and takes no side when the second one comes', async () => {
    const { session, source, a, b, two } = await fork();
    session.send(blobs(third), delta(two, a));
    await until(() => source.bundle(BUNDLE)?.sequence === 3);
    const inUse = source.bundle(BUNDLE);
    session.send(blobs(fourth), snapshot(b));
    await until(() => source.status().bundles[0]?.state === 'forked');
    expect(source.status().bundles[0]).toMatchObject({ sequence: 3, commonSequence: 2 });
    expect(source.bundle(BUNDLE)).toBe(inUse);
  });

  it('does not stop other bundles', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const other = realm.nextRelease('public-web', addActive(second));
    const node = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [node.endpoint], { bundles: [BUNDLE, 'public-web'] });
    await source.ready();
    const a = realm.nextRelease(BUNDLE, addStaged(third), { after: one });
    const b = realm.nextRelease(BUNDLE, addStaged(fourth), { after: one });
    const next = realm.nextRelease('public-web', addStaged(third));
    node.sessions[0]?.send(evidence(a, b), blobs(third), delta(other, next));
    await until(() => source.bundle('public-web')?.sequence === 2);
    expect(source.status().bundles.map(({ state }) => state)).toEqual(['forked', 'fresh']);
  });
});

describe('a client with a pin', () => {
  it('trusts nothing of a realm with the same name and another first charter', async () => {
    const realm = createTestRealm({ now });
    const fake = createTestRealm({ now });
    fake.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(fake, anchors));
    const source = await openSource(realm, [node.endpoint]);
    await expect(source.ready({ timeoutMs: 400 })).rejects.toMatchObject({
      cause: { code: 'REALM' },
    });
    expect(source.bundle(BUNDLE)).toBeUndefined();
  });

  it('trusts nothing under a charter that it was not given', async () => {
    const realm = createTestRealm({ now });
    const release = realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode((session) => session.send(blobs(first), snapshot(release)));
    const source = await openSource(realm, [node.endpoint]);
    await expect(source.ready({ timeoutMs: 300 })).rejects.toMatchObject({
      cause: { code: 'GAP' },
    });
  });

  it('leaves a node that withholds an answer, or its newest', async () => {
    const realm = createTestRealm({ now });
    realm.nextRelease(BUNDLE, addActive(first));
    const silent = await startNode(() => undefined);
    const good = await startNode(honest(realm, anchors));
    const source = await openSource(realm, [silent.endpoint, good.endpoint], {
      answerTimeoutMs: 150,
    });
    await source.ready({ timeoutMs: 5000 });
    expect(source.status().endpoint).toBe(good.endpoint);
  });

  it('accepts nothing below its floor', async () => {
    const realm = createTestRealm({ now });
    const one = realm.nextRelease(BUNDLE, addActive(first));
    const node = await startNode(honest(realm, [first]));
    const source = await openSource(realm, [node.endpoint], { minSequence: { [BUNDLE]: 2 } });
    await expect(source.ready({ timeoutMs: 300 })).rejects.toMatchObject({
      cause: { code: 'ROLLBACK' },
    });
    expect(one.stream).toBe(releaseStream(one.body.bundle));
    realm.nextRelease(BUNDLE, (body) => ({ ...body, note: 'next' }));
    await source.ready({ timeoutMs: 5000 });
  });

  it('withholds an anchor that it cannot honour and uses the others', async () => {
    const realm = createTestRealm({ now });
    const strict = createTestAnchor('strict', Date.now());
    realm.nextRelease(BUNDLE, (body, point) => {
      const next = addActive(first, strict)(body, point);
      const constraints = [{ type: 'country', critical: true, values: ['se'] }];
      return {
        ...next,
        anchors: next.anchors.map((one) => (one.id === strict.id ? { ...one, constraints } : one)),
      };
    });
    const node = await startNode(honest(realm, [first, strict]));
    const logger = recordingLogger();
    const source = await openSource(realm, [node.endpoint], { logger });
    await source.ready();
    const bundle = source.bundle(BUNDLE);
    expect(bundle?.trusted('tls-server').map((anchor) => anchor.id)).toEqual([first.id]);
    expect(bundle?.anchors.find(({ id }) => id === strict.id)?.withheld?.reason).toBe('constraint');
    expect(source.status().bundles[0]?.withheldAnchors).toBe(1);
    expect(logger.events.some(({ event }) => event === 'anchor.withheld')).toBe(true);
  });
});

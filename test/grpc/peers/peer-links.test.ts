import { X509Certificate } from 'node:crypto';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { KedgeError } from '../../../src/core/errors.ts';
import type { FetchItem, FetchRequest, Frame } from '../../../src/core/gossip/frames.ts';
import {
  NO_PREVIOUS,
  type NodeId,
  parseNodeId,
  parseRegionName,
  parseSequence,
  parseStreamName,
} from '../../../src/core/ids.ts';
import type { DialTarget } from '../../../src/core/peer.ts';
import { PeerLinks } from '../../../src/grpc/peers/peer-links.ts';
import { Authorities } from '../../../src/grpc/tls/authorities.ts';
import { LiveTls } from '../../../src/grpc/tls/live-tls.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { noMetrics } from '../../../src/ports/metrics.ts';
import { systemClock } from '../../../src/ports/system-clock.ts';
import { createTestPki } from '../../../src/testing/pki.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';
import {
  clientTls,
  directory,
  FRA,
  IAD,
  listen,
  liveTls,
  materialOf,
  peerTls,
  ScriptedLinks,
  tlsMaterial,
  until,
} from '../support/listener.ts';

const stream = parseStreamName('release/payments.example.org');
const request: FetchRequest = { stream, fromSequence: parseSequence(1) };
const digestFrame: Frame = {
  kind: 'digest',
  digest: {
    root: NO_PREVIOUS,
    count: 3,
    revision: 3,
    seen: 0,
    ask: 'answer',
    others: 2,
    standing: 'serving',
  },
};
const heldFrame: Frame = {
  kind: 'held',
  row: { stream, sequence: 7, digest: NO_PREVIOUS, forked: false },
};
const never = new AbortController().signal;

interface Pair {
  /** The node that is dialled. */
  readonly accepted: ScriptedLinks;
  /** The node that dials. */
  readonly dialled: ScriptedLinks;
  readonly links: PeerLinks;
  readonly target: DialTarget;
}

interface PairOptions {
  /** What the dialler shows; default: the certificate of a peer. */
  readonly own?: LiveTls;
  /** Whom the dialler expects; default: the node that is there. */
  readonly expected?: NodeId | 'anybody';
  readonly fetchItems?: (requests: readonly FetchRequest[]) => AsyncIterable<FetchItem>;
  readonly tls?: 'plaintext';
  readonly clock?: Clock;
}

interface DiallerOptions {
  readonly tls?: LiveTls;
  readonly clock?: Clock;
}

function dialler(options: DiallerOptions = {}): PeerLinks {
  const { tls, clock = systemClock } = options;
  const links = new PeerLinks({
    self: FRA,
    resolveSeeds: async () => ({ addresses: [], unresolved: [] }),
    nodeOf: (names) => directory.nodeByCertificate(names),
    tls,
    clock,
    logger: noLogger,
    metrics: noMetrics,
  });
  onTestFinished(() => {
    links[Symbol.dispose]();
  });
  return links;
}

async function pair(options: PairOptions = {}): Promise<Pair> {
  const { fetchItems = nothing, tls, clock, own = liveTls(peerTls) } = options;
  const accepted = new ScriptedLinks();
  const gossip = { self: IAD, links: accepted, fetchItems };
  const { server } = await listen({ services: { gossip }, ...(tls !== undefined && { tls }) });
  const links = dialler({
    ...(tls === undefined && { tls: own }),
    ...(clock !== undefined && { clock }),
  });
  const dialled = new ScriptedLinks();
  links.attach(dialled);
  const { expected = IAD } = options;
  const { address } = server;
  const target = expected === 'anybody' ? { address } : { address, nodeId: expected };
  return { accepted, dialled, links, target };
}

async function connected(options: PairOptions = {}): Promise<Pair> {
  const made = await pair(options);
  made.links.dial(made.target);
  await until(() => made.dialled.up.length === 1 && made.accepted.up.length === 1);
  return made;
}

async function failed(options: PairOptions): Promise<KedgeError> {
  const { links, dialled, target } = await pair(options);
  links.dial(target);
  await until(() => dialled.failed.length === 1);
  expect(dialled.up).toEqual([]);
  return dialled.failed[0]?.error ?? new KedgeError('BUG', 'no error');
}

/** Another address for a server, and how many connections to it are open there. */
async function counted(
  address: string,
): Promise<{ readonly address: string; readonly open: () => number }> {
  const [host = '', port = ''] = address.split(':');
  const sockets = new Set<Socket>();
  const relay = createServer((socket) => {
    const onward = connect(Number(port), host);
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    for (const end of [socket, onward]) end.on('error', () => undefined);
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => {
    relay.listen(0, '127.0.0.1', resolve);
  });
  onTestFinished(() => {
    relay.close();
    for (const socket of sockets) socket.destroy();
  });
  const bound = relay.address();
  const free = typeof bound === 'object' ? bound?.port : undefined;
  return { address: `127.0.0.1:${String(free)}`, open: () => sockets.size };
}

async function collect(items: AsyncIterable<FetchItem>): Promise<readonly FetchItem[]> {
  const all: FetchItem[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe('a link', () => {
  it('comes up on both sides with the identities of the certificates', async () => {
    const { accepted, dialled } = await connected();
    expect(accepted.up[0]).toMatchObject({ nodeId: FRA, by: 'accepted' });
    expect(dialled.up[0]).toMatchObject({ nodeId: IAD, by: 'dialled' });
  });

  it('carries frames both ways, in order', async () => {
    const { accepted, dialled } = await connected();
    for (const frame of [digestFrame, heldFrame]) {
      expect(dialled.link.send(frame)).toBe('sent');
      expect(accepted.link.send(frame)).toBe('sent');
    }
    await until(() => accepted.frames.length === 2 && dialled.frames.length === 2);
    expect(accepted.frames).toEqual([digestFrame, heldFrame]);
    expect(dialled.frames).toEqual([digestFrame, heldFrame]);
  });

  it('works without TLS on loopback, by what both sides claim', async () => {
    const { accepted, dialled } = await connected({ tls: 'plaintext', expected: 'anybody' });
    expect(accepted.up[0]).toMatchObject({ nodeId: FRA });
    expect(dialled.up[0]).toMatchObject({ nodeId: IAD });
  });

  it('learns from the certificate who answers at a seed', async () => {
    const { dialled } = await connected({ expected: 'anybody' });
    expect(dialled.up[0]).toMatchObject({ nodeId: IAD, by: 'dialled' });
  });

  it('goes down once on both sides when the dialler closes it', async () => {
    const { accepted, dialled } = await connected();
    const error = new KedgeError('CONFLICT', 'two links');
    dialled.link.close(error);
    dialled.link.close(error);
    await until(() => accepted.down.length === 1);
    expect(dialled.down).toEqual([error]);
    expect(dialled.failed).toEqual([]);
  });

  it('tells the dialler why the other side closed it', async () => {
    const { accepted, dialled } = await connected();
    accepted.link.close(new KedgeError('REALM', 'another realm'));
    await until(() => dialled.down.length === 1);
    expect(dialled.down[0]).toMatchObject({ code: 'REALM', message: 'another realm' });
    expect(accepted.down).toHaveLength(1);
  });

  it('can be dialled again after it went down', async () => {
    const { accepted, dialled, links, target } = await connected();
    accepted.link.close(new KedgeError('LIMIT', 'too slow'));
    await until(() => dialled.down.length === 1);
    links.dial(target);
    await until(() => dialled.up.length === 2);
    expect(dialled.link.linkId).not.toBe(dialled.up[0]?.link.linkId);
  });

  it('goes down when a frame does not decode', async () => {
    const { accepted, dialled } = await connected();
    const oversize: Frame = {
      kind: 'push',
      push: {
        statement: { payload: Buffer.alloc(3000), signatures: [] },
        content: { kind: 'whole', body: Buffer.of(1) },
        blobs: [],
      },
      origin: parseRegionName('fra'),
    };
    dialled.link.send(oversize);
    await until(() => accepted.down.length === 1 && dialled.down.length === 1);
    expect(accepted.down[0]).toMatchObject({ code: 'LIMIT' });
    expect(dialled.down[0]).toMatchObject({ code: 'LIMIT' });
    expect(accepted.frames).toEqual([]);
  });
});

describe('PeerLinks.dial', () => {
  it('closes a connection that nothing has used for 15 s', async () => {
    const clock = new SimulatedClock();
    const { dialled, links, target } = await pair({ clock });
    const { address, open } = await counted(target.address);
    links.dial({ address, nodeId: IAD });
    await until(() => dialled.up.length === 1);
    clock.advance(60_000);
    expect(open()).toBe(1);
    dialled.link.close(new KedgeError('CONFLICT', 'two links'));
    await until(() => dialled.down.length === 1);
    links.dial({ address, nodeId: IAD });
    await until(() => dialled.up.length === 2);
    clock.advance(60_000);
    expect(open()).toBe(1);
    dialled.link.close(new KedgeError('CONFLICT', 'two links'));
    // The call is over once the peer has heard of it.
    await until(() => {
      clock.advance(15_000);
      return open() === 0;
    });
  });

  it('refuses a node whose certificate is that of somebody else', async () => {
    const error = await failed({ expected: parseNodeId('sin-1') });
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toContain('that of iad-1, not of sin-1');
  });

  it('is refused when its own certificate is not that of a peer', async () => {
    expect((await failed({ own: liveTls(clientTls) })).code).toBe('ACCESS');
  });

  it('says what to look at when the other side does not trust its certificate', async () => {
    const stranger = materialOf('node/fra-1', createTestPki());
    const error = await failed({ own: liveTls({ ...stranger, ca: peerTls.ca }) });
    expect(error.code).toBe('UNAVAILABLE');
    expect(error.message).toContain('hung up: it may not trust the certificate of this node');
  });

  it('fails when nobody listens', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => {
      closed.listen(0, '127.0.0.1', resolve);
    });
    const bound = closed.address();
    const port = typeof bound === 'object' ? bound?.port : undefined;
    await new Promise((resolve) => {
      closed.close(resolve);
    });
    const address = `127.0.0.1:${String(port)}`;
    const links = dialler();
    const events = new ScriptedLinks();
    links.attach(events);
    links.dial({ address, nodeId: IAD });
    await until(() => events.failed.length === 1);
    expect(events.failed[0]?.error.code).toBe('UNAVAILABLE');
  });

  it('gives up on a peer that accepts the connection and says nothing', async () => {
    const silent = createServer((socket) => {
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => {
      silent.listen(0, '127.0.0.1', resolve);
    });
    onTestFinished(() => {
      silent.close();
    });
    const bound = silent.address();
    const port = typeof bound === 'object' ? bound?.port : undefined;
    const address = `127.0.0.1:${String(port)}`;
    const clock = new SimulatedClock();
    const links = dialler({ clock });
    const events = new ScriptedLinks();
    links.attach(events);
    links.dial({ address, nodeId: IAD });
    clock.advance(4_999);
    expect(events.failed).toEqual([]);
    clock.advance(1);
    await until(() => events.failed.length === 1);
    expect(events.failed[0]?.error.message).toContain('did not answer within 5 s');
  });
});

describe('PeerLinks whose trust changes', () => {
  const certificate = new X509Certificate(peerTls.ca);
  const current = tlsMaterial(peerTls);
  const retiring = new Authorities([{ certificate, state: 'retiring' }]);
  const moves = { withinMs: 1_000, random: () => 0.5 };

  it('opens another link before the old one ends', async () => {
    const clock = new SimulatedClock();
    const own = new LiveTls(current, moves);
    const { accepted, dialled } = await connected({ own, clock });
    own.replace({ ...current, peers: retiring });
    clock.advance(249);
    expect(dialled.up).toHaveLength(1);
    clock.advance(1);
    await until(() => dialled.up.length === 2 && accepted.up.length === 2);
    expect(dialled.down).toEqual([]);
    expect(dialled.up[0]?.link.send(heldFrame)).toBe('sent');
    await until(() => accepted.frames.length === 1);
    dialled.up[0]?.link.close(new KedgeError('CONFLICT', 'replaced'));
    expect(dialled.link.send(digestFrame)).toBe('sent');
    await until(() => accepted.frames.length === 2);
  });

  it('cuts off a link that did not end by the end of the time', async () => {
    const clock = new SimulatedClock();
    const own = new LiveTls(current, moves);
    const { dialled } = await connected({ own, clock });
    own.replace({ ...current, peers: retiring });
    clock.advance(moves.withinMs);
    await until(() => dialled.down.length > 0);
  });

  it('cuts off at once, and for good, a peer that is not vouched for any more', async () => {
    const own = new LiveTls(current, moves);
    const { dialled, links, target } = await connected({ own, clock: new SimulatedClock() });
    own.replace({ ...current, peers: new Authorities([]) });
    await until(() => dialled.down.length === 1);
    links.dial(target);
    await until(() => dialled.failed.length === 1);
    expect(dialled.up).toHaveLength(1);
  });

  it('shows a renewed certificate on the next link and keeps the one that is up', async () => {
    const own = new LiveTls(current, moves);
    const { accepted, dialled, links, target } = await connected({ own });
    own.replace(tlsMaterial(clientTls));
    expect(dialled.down).toEqual([]);
    links.dial(target);
    await until(() => dialled.failed.length === 1);
    expect(dialled.failed[0]?.error.code).toBe('ACCESS');
    dialled.link.send(heldFrame);
    await until(() => accepted.frames.length === 1);
  });
});

describe('PeerLinks.fetch', () => {
  const blobs = Array.from({ length: 16 }, () => Buffer.alloc(16_000, 7));

  it('streams what the peer holds, larger than any window', async () => {
    const asked: (readonly FetchRequest[])[] = [];
    const { links, target } = await pair({
      fetchItems: (wanted) => {
        asked.push(wanted);
        return repeat({ kind: 'blobs', blobs }, 40);
      },
    });
    const items = await collect(links.fetch(target, [request], { signal: never }));
    expect(items).toHaveLength(40);
    expect(asked).toEqual([[request]]);
  });

  it('fails with the code that the peer gives', async () => {
    const { links, target } = await pair({
      fetchItems: () => failing(new KedgeError('UNAVAILABLE', 'sequence 3 is not held here')),
    });
    const items = collect(links.fetch(target, [request], { signal: never }));
    await expect(items).rejects.toThrow('sequence 3 is not held here');
  });

  it('ends when it is aborted, and the peer stops reading its store', async () => {
    let served = 0;
    const { links, target } = await pair({
      async *fetchItems() {
        while (true) {
          served += 1;
          yield { kind: 'blobs', blobs };
        }
      },
    });
    const abort = new AbortController();
    const items = collect(links.fetch(target, [request], { signal: abort.signal }));
    setTimeout(() => {
      abort.abort();
    }, 50);
    await expect(items).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    const stoppedAt = served;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    expect(served).toBe(stoppedAt);
  });

  it('gives up on a peer that sends nothing for ten seconds (H02)', async () => {
    const clock = new SimulatedClock();
    const { links, target } = await pair({
      clock,
      async *fetchItems() {
        yield { kind: 'blobs', blobs };
        await new Promise(() => undefined);
      },
    });
    const items = links.fetch(target, [request], { signal: never });
    const first = await items.next();
    expect(first.done).toBe(false);
    const second = items.next();
    clock.advance(10_000);
    await expect(second).rejects.toThrow('sent nothing for 10 s');
  });

  it('holds the peer back while its own reader is slow', async () => {
    let served = 0;
    const { links, target } = await pair({
      async *fetchItems() {
        for (; served < 400; served += 1) yield { kind: 'blobs', blobs };
      },
    });
    const items = links.fetch(target, [request], { signal: never });
    await items.next();
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    // 16 messages of 256 KB wait here, as many there, and 4 MB are on their way.
    expect(served).toBeLessThan(120);
    await items.return(undefined);
  });
});

async function* nothing(): AsyncGenerator<never> {
  // No items.
}

async function* repeat(item: FetchItem, times: number): AsyncGenerator<FetchItem> {
  for (let i = 0; i < times; i += 1) yield item;
}

async function* failing(error: KedgeError): AsyncGenerator<never> {
  throw error;
}

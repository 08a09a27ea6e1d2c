/**
 * An attacker with one signer too few of every role, against whole parties: a node, by links,
 * fetches and the admin API, with statements, proposals, withdrawals, and what members, regions
 * and clients' counts look like; a program, by a lying node. Nothing of what they trust changes.
 */
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBundleSource } from '../../src/client/source.ts';
import { signArrivals } from '../../src/core/adoption/arrivals.ts';
import { type AdoptionRow, signRow } from '../../src/core/adoption/row.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { KedgeError } from '../../src/core/errors.ts';
import type { Frame } from '../../src/core/gossip/frames.ts';
import { signMark } from '../../src/core/gossip/restored/store-mark.ts';
import { parseNodeId, parseRegionName, releaseStream } from '../../src/core/ids.ts';
import { heartbeatMessage, sealHeartbeat } from '../../src/core/log/heartbeat.ts';
import { NO_UPDATES } from '../../src/core/membership/frames.ts';
import { signMember } from '../../src/core/membership/record.ts';
import { withdrawalMessage } from '../../src/core/proposals/withdrawal.ts';
import type { SignedDocument } from '../../src/core/statements/envelope.ts';
import { parseStatement } from '../../src/core/statements/statement.ts';
import { headOf, type TrustedState } from '../../src/core/trusted/state.ts';
import type { WatchResponse } from '../../src/core/watch/messages.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { startNode } from '../client/support/scripted-node.ts';
import { until } from '../client/support/source.ts';
import { der, PAYMENTS } from '../core/releases/bodies.ts';
import { NOW_MS, REALM } from '../core/support.ts';
import {
  DIGESTS,
  documentAt,
  forge,
  HONEST,
  type Move,
  OWN,
  PIN,
  STATES,
  STOLEN,
  someMove,
} from '../core/trusted/thief.ts';
import type { ConformanceCase } from './format.ts';
import { ELSEWHERE, helloOf, LyingServer, PeerLink } from './subjects/hostile-peer.ts';
import { CaseNode } from './subjects/node.ts';
import { eventually } from './subjects/recorder.ts';

const WAYS = [
  ...['push', 'fetch', 'evidence', 'submit', 'propose', 'proposal', 'signed', 'withdraw'],
  ...['withdrawn', 'row', 'arrivals', 'mark', 'member', 'heartbeat'],
] as const;
type Way = (typeof WAYS)[number];
interface Act {
  readonly way: Way;
  readonly move: Move;
}
const someActs: fc.Arbitrary<readonly Act[]> = fc.array(
  fc.record({ way: fc.constantFrom(...WAYS), move: someMove }),
  { minLength: 4, maxLength: 12 },
);
const CASE: ConformanceCase = {
  ...{ name: 'stolen keys', about: '', realm: REALM, pin: PIN, bundles: [PAYMENTS], steps: [] },
  status: { charterVersion: 0, root: '', streams: [] },
};
const BLOBS = [
  ...Array.from({ length: 10 }, (_, index) => der(`n${String(index)}`)),
  der('mallory'),
];
const BOOT = 'ab'.repeat(16);
const [own = missing()] = OWN;
const [stolen = missing()] = STOLEN;
const [first = missing()] = STATES;
const last = STATES.at(-1) ?? missing();

function missing(): never {
  throw new Error('the attacker has keys, and the realm a past');
}

/** Says one thing to a node; refusals are what is expected. */
async function play(node: CaseNode, server: LyingServer, link: PeerLink, act: Act): Promise<void> {
  const { way, move } = act;
  const document = forge(move, node.trusted);
  try {
    if (way === 'submit') await node.admin.submit({ document, blobs: BLOBS });
    else if (way === 'propose') await node.admin.propose({ document, blobs: BLOBS });
    else if (way === 'withdraw') await node.admin.withdraw(withdrawal(document));
    else link.send(frameOf(way, move, document, server));
  } catch (thrown) {
    if (!(thrown instanceof KedgeError) || thrown.code === 'BUG') throw thrown;
  }
}

function withdrawal({ statement }: SignedDocument): Parameters<CaseNode['admin']['withdraw']>[0] {
  const signature = stolen.sign(withdrawalMessage(statement.payload));
  return { statement, signature: { keyId: stolen.publicKey.keyId, signature } };
}

function frameOf(
  way: Exclude<Way, 'submit' | 'propose' | 'withdraw'>,
  move: Move,
  document: SignedDocument,
  server: LyingServer,
): Frame {
  const { statement, body } = document;
  const push = { statement, content: { kind: 'whole', body }, blobs: BLOBS } as const;
  const { stream, sequence, digest } = parseStatement(statement.payload);
  switch (way) {
    case 'push':
      return { kind: 'push', push, origin: ELSEWHERE };
    case 'fetch':
      server.items = [{ kind: 'entry', entry: push }];
      return { kind: 'held', row: { stream, sequence, digest, forked: false } };
    case 'evidence': {
      const second = documentAt(move.previous).statement;
      return { kind: 'fork', evidence: { stream, sequence, first: statement, second } };
    }
    case 'proposal':
      return { kind: 'proposal', proposal: { document, blobs: BLOBS }, origin: ELSEWHERE };
    case 'signed':
      return { kind: 'proposal-signed', statement, origin: ELSEWHERE };
    case 'withdrawn':
      return { kind: 'proposal-withdrawn', withdrawal: withdrawal(document), origin: ELSEWHERE };
    case 'row':
    case 'arrivals':
    case 'mark':
    case 'member':
    case 'heartbeat':
      return pretended(way, move);
  }
}

/** What is no statement, in the name of the node itself and of regions. */
function pretended(
  way: 'row' | 'arrivals' | 'mark' | 'member' | 'heartbeat',
  { borrowed }: Move,
): Frame {
  const nodeId = parseNodeId('node');
  const { realm } = first;
  const publicKey = own.publicKey.spki;
  const at = { nodeId, realm, bootId: BOOT };
  switch (way) {
    case 'row': {
      const row: AdoptionRow = {
        ...{ ...at, version: borrowed + 1, sinceMs: NOW_MS, issuedAtMs: NOW_MS },
        ...{ bundles: [], knowledge: 'whole' },
      };
      return { kind: 'adoption-rows', rows: [signRow(row, own.sign)], cause: 'news' };
    }
    case 'arrivals': {
      const arrivals = signArrivals({ ...at, to: nodeId, clients: [] }, own.sign);
      return { kind: 'arrivals', arrivals, hops: 1 };
    }
    case 'mark': {
      const ids = { storeId: BOOT, after: '0'.repeat(32), begin: 1, count: borrowed + 1 };
      const mark = signMark({ ...at, ...ids }, { sign: own.sign, publicKey });
      const counts = { root: PIN, count: 1, revision: 1, seen: 0, others: 0 } as const;
      const digest = { ...counts, ask: 'note', standing: 'serving', remembered: mark } as const;
      return { kind: 'digest', digest };
    }
    case 'member': {
      const place = { region: parseRegionName('fra'), address: '127.0.0.1:9', publicKey };
      const record = { ...at, ...place, incarnation: 1000, protocolVersion: 1 };
      const member = signMember({ ...record, status: 'left' }, own.sign);
      return { kind: 'members', updates: { members: [member], observations: [] } };
    }
    case 'heartbeat': {
      const heads = { size: 1, root: PIN };
      const said = { realm, region: parseRegionName('fra'), timeSeconds: NOW_MS / 1000, heads };
      return {
        kind: 'heartbeat',
        heartbeat: sealHeartbeat(said, own.publicKey, own.sign(heartbeatMessage(said))),
      };
    }
  }
}

async function answered(link: PeerLink): Promise<void> {
  link.send({ kind: 'ping', sequence: 1, updates: NO_UPDATES });
  const isOver = (): boolean =>
    link.closed !== undefined || link.frames.some(({ kind }) => kind === 'ack');
  await eventually('the node to judge', () => isOver() || undefined);
}

describe('an attacker with one signer too few of every role', { timeout: 120_000 }, () => {
  it('changes nothing of what a node trusts, whatever it says by whatever way', async () => {
    await using server = await LyingServer.start();
    await using node = await CaseNode.start(CASE);
    node.setTime(NOW_MS);
    for (const document of HONEST) await node.admin.submit({ document, blobs: BLOBS });
    const before = await node.snapshot();
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(someActs, async (acts) => {
        runs += 1;
        const hello = helloOf(`a-liar-${String(runs)}`, CASE, server.address);
        const can = { adoption: true, proposals: true, waveCounts: true, marks: true } as const;
        using link = await PeerLink.open(node.address, { ...hello, ...can });
        for (const act of acts) await play(node, server, link, act);
        await answered(link);
        await eventually('the fetches to end', () => node.recorder.fetches === 0 || undefined);
        expect(await node.snapshot()).toBe(before);
      }),
      { numRuns: 40, endOnFailure: true },
    );
    // It was heard, and refused for what it lacks.
    expect(node.reported('THRESHOLD')).toBeGreaterThan(20);
    await node.restart(NOW_MS);
    expect(await node.snapshot()).toBe(before);
  });

  it('changes nothing of what a program trusts', async () => {
    const moves = fc.sample(someMove, 60);
    const node = await startNode((session, index) => {
      session.send(...honest(last));
      const move = moves[index];
      if (move !== undefined) session.send(...forged(last, move));
      session.end();
    });
    const source = await openBundleSource({
      ...{ realm: REALM, firstCharterDigest: PIN, endpoints: [node.endpoint], insecure: true },
      ...{ bundles: [PAYMENTS], backoff: { initialMs: 1, maxMs: 2 } },
      clock: { ...systemClock, nowMs: () => NOW_MS },
    });
    onTestFinished(async () => source.close());
    const used: string[] = [];
    source.onSwap(({ digest }) => used.push(digest));
    await until(() => node.sessions.length > moves.length);
    const head = headOf(last, releaseStream(PAYMENTS));
    expect(source.status().bundles[0]).toMatchObject({ digest: head?.digest });
    expect(source.status().charterVersion).toBe(2);
    expect(used.filter((digest) => !DIGESTS.has(digest))).toEqual([]);
    expect(source.status().bundles[0]?.state).not.toBe('forked');
  });
});

function honest(state: TrustedState): readonly WatchResponse[] {
  const head = headOf(state, releaseStream(PAYMENTS));
  if (head === undefined) throw new Error('there is a head');
  const charters = state.charters.map(({ document }) => document);
  const { statement, bodyBytes: body } = head;
  const content = { kind: 'whole', body } as const;
  return [
    { kind: 'charters', charters },
    { kind: 'blobs', blobs: BLOBS },
    { kind: 'update', update: { bundle: PAYMENTS, statements: [statement], content } },
  ];
}

function forged(state: TrustedState, move: Move): readonly WatchResponse[] {
  const document = forge(move, state);
  const { stream, sequence, kind } = parseStatement(document.statement.payload);
  const { statement: first, body } = document;
  if (move.offered === 'evidence') {
    const second = documentAt(move.previous).statement;
    const [a, b] =
      sha256(first.payload) < sha256(second.payload) ? [first, second] : [second, first];
    return [{ kind: 'fork', evidence: { stream, sequence, first: a, second: b } }];
  }
  if (kind === 'charter') return [{ kind: 'charters', charters: [document] }];
  const content = { kind: 'whole', body } as const;
  const update = { bundle: PAYMENTS, statements: [first], content };
  return [
    { kind: 'blobs', blobs: BLOBS },
    { kind: 'update', update },
  ];
}

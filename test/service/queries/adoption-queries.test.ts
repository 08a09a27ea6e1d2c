import { beforeEach, describe, expect, it } from 'vitest';
import { ROW_AGE_MAX_MS } from '../../../src/core/adoption/freshness.ts';
import type {
  ClientPage,
  ClientsQuery,
  ListClientsQuery,
} from '../../../src/core/adoption/model.ts';
import type { AdoptionRow } from '../../../src/core/adoption/row.ts';
import { standingOf } from '../../../src/core/adoption/view.ts';
import { KedgeError } from '../../../src/core/errors.ts';
import { parseBundleName, parseNodeId, parseRegionName } from '../../../src/core/ids.ts';
import type { MemberState } from '../../../src/core/membership/view.ts';
import { noLogger } from '../../../src/ports/logger.ts';
import { Reporting } from '../../../src/service/clients/reporting.ts';
import { AdoptionQueries, type AskClients } from '../../../src/service/queries/adoption-queries.ts';
import type { LinkedNeighbour } from '../../../src/service/replication/link-board.ts';
import { testHello } from '../../../src/testing/members.ts';
import { createTestRealm, type TestRealm } from '../../../src/testing/realm.ts';
import { SimulatedClock } from '../../../src/testing/simulated-clock.ts';

const BUNDLE = parseBundleName('payments.test.example.org');
const ALL: ListClientsQuery = { bundle: BUNDLE, filter: { kind: 'all' }, after: '', limit: 500 };
const SELF = 'iad-1';
const ANSWER_MS = 3000;

describe('AdoptionQueries', () => {
  let realm: TestRealm;
  let clock: SimulatedClock;
  let reporting: Reporting;
  let others: Map<string, MemberState>;
  let rows: Map<string, AdoptionRow>;
  let answers: Map<string, number>;
  let asked: string[];
  let queries: AdoptionQueries;

  beforeEach(() => {
    realm = createTestRealm();
    clock = new SimulatedClock();
    others = new Map();
    rows = new Map();
    answers = new Map();
    asked = [];
    const self = testHello(SELF, realm);
    const state = realm.trustedState();
    reporting = new Reporting({
      self,
      sign: (message) => message,
      board: { labels: [], departedMs: 3_600_000, departedMax: 10 },
      state,
      clock,
      logger: noLogger,
      countNodes: () => 1 + others.size,
      report: () => undefined,
      arrived: () => undefined,
    });
    queries = new AdoptionQueries({
      self,
      reporting,
      clock,
      ask,
      replicator: {
        adoption: { row: (nodeId) => rows.get(nodeId) },
        durable: state,
        neighbours: () =>
          Array.from(others, ([name, member]) => {
            // Who has no link and is to have one is cut off; who sent its row need not be.
            const wanted = rows.has(name) ? 'not-wanted' : 'wanted';
            return { ...neighbour(name, member), wanted };
          }),
        requireServing: () => undefined,
      },
    });
  });

  it('I09: opens no wave by what a node told too long ago', () => {
    others.set('fra-1', 'alive').set('sin-1', 'alive');
    const row = reporting.row();
    const oldMs = clock.nowMs() - ROW_AGE_MAX_MS;
    rows
      .set('fra-1', { ...row, issuedAtMs: oldMs })
      .set('sin-1', { ...row, issuedAtMs: oldMs - 1 });
    const standings = queries.timelyNodes().map((node) => [node.nodeId, standingOf(node)]);
    expect(standings).toEqual([
      [SELF, 'counted'],
      ['fra-1', 'counted'],
      ['sin-1', 'unreachable'],
    ]);
    expect(queries.nodes().map(standingOf)).toEqual(['counted', 'counted', 'counted']);
  });

  it('asks the nodes in order, and itself without asking', async () => {
    others.set('sin-1', 'alive').set('fra-1', 'alive');
    answers.set('sin-1', 2).set('fra-1', 3);
    join(1);
    const { nodes, next } = await list();
    expect(nodes.map(({ nodeId, clients }) => [nodeId, clients.length])).toEqual([
      ['fra-1', 3],
      [SELF, 1],
      ['sin-1', 2],
    ]);
    expect(next).toBeUndefined();
    expect(asked).toEqual(['fra-1', 'sin-1']);
  });

  it('names nodes that do not answer, with the reason, and goes on', async () => {
    others.set('fra-1', 'alive').set('gru-1', 'suspect').set('sin-1', 'alive').set('syd-1', 'left');
    answers.set('sin-1', 1);
    join(1);
    const { nodes } = await list();
    expect(nodes).toMatchObject([
      { nodeId: 'fra-1', missing: 'UNAVAILABLE: it does not answer' },
      { nodeId: 'gru-1', missing: 'this node counts it as suspect' },
      { nodeId: SELF },
      { nodeId: 'sin-1', clients: [{}] },
    ]);
    expect(nodes[3]).not.toHaveProperty('missing');
  });

  it('goes on where the page before ended, within a node and from one to the next', async () => {
    others.set('fra-1', 'alive').set('sin-1', 'alive');
    answers.set('fra-1', 5).set('sin-1', 2);
    const sizes: number[] = [];
    let after: string | undefined = '';
    while (after !== undefined) {
      const page: Awaited<ReturnType<AdoptionQueries['list']>> = await list({ after, limit: 3 });
      sizes.push(page.nodes.reduce((sum, { clients }) => sum + clients.length, 0));
      after = page.next;
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(7);
    expect(Math.max(...sizes)).toBe(3);
  });

  it('ends a page when it takes too long, and the next one goes on', async () => {
    const names = ['fra-1', 'fra-2', 'fra-3', 'fra-4', 'fra-5'];
    for (const name of names) {
      others.set(name, 'alive');
      answers.set(name, 1);
    }
    join(1);
    const first = await list();
    expect(first.nodes.length).toBeLessThan(names.length);
    const second = await list({ after: first.next ?? '' });
    const seen = [...first.nodes, ...second.nodes].map(({ nodeId }) => String(nodeId));
    expect(seen).toEqual([...names, SELF]);
  });

  it('counts a node as unreachable whose link is lost', () => {
    others.set('fra-1', 'alive');
    expect(queries.adoption(BUNDLE).nodes).toMatchObject([
      { nodeId: 'fra-1', standing: 'unreachable' },
      { nodeId: SELF, standing: 'counted' },
    ]);
  });

  /** A node that takes its time; one without an answer fails. */
  async function ask(
    { nodeId = parseNodeId('nobody') }: Parameters<AskClients>[0],
    { after, limit }: ClientsQuery,
  ): Promise<ClientPage> {
    asked.push(nodeId);
    clock.advance(ANSWER_MS);
    const count = answers.get(nodeId);
    if (count === undefined) throw new KedgeError('UNAVAILABLE', 'it does not answer');
    const from = after === '' ? 0 : Number(after);
    const to = Math.min(count, from + limit);
    const clients = Array.from({ length: to - from }, () => client());
    return await Promise.resolve(to < count ? { clients, next: String(to) } : { clients });
  }

  async function list(
    change: Partial<ListClientsQuery> = {},
  ): Promise<Awaited<ReturnType<AdoptionQueries['list']>>> {
    return await queries.list({ ...ALL, ...change }, new AbortController().signal);
  }

  function join(number: number): void {
    reporting.open('spiffe://test.example.org/client/app', {
      realm: realm.name,
      firstCharterDigest: realm.firstCharterDigest,
      charterVersion: 1,
      bundles: [{ bundle: BUNDLE, held: undefined }],
      labels: new Map(),
      wantsAttestations: false,
      instance: number.toString(16).padStart(32, '0'),
    });
  }
});

function client(): ClientPage['clients'][number] {
  return {
    identity: 'spiffe://test.example.org/client/other',
    labels: new Map(),
    stage: 'waiting',
    presence: 'connected',
    sinceMs: 0,
    reportsUsage: false,
    untracked: false,
    uses: [],
  };
}

function neighbour(name: string, state: MemberState): LinkedNeighbour {
  return {
    nodeId: parseNodeId(name),
    region: parseRegionName(name.slice(0, 3)),
    address: `${name}:7441`,
    state,
    role: 'ordinary',
    link: undefined,
    wanted: 'wanted',
    doubt: undefined,
    software: undefined,
    info: undefined,
    conduct: undefined,
  };
}

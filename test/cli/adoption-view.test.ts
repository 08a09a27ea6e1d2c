import { describe, expect, it } from 'vitest';
import { reportAdoption } from '../../src/cli/adoption/adoption.ts';
import { formatClients } from '../../src/cli/adoption/clients-view.ts';
import { adoptionJson, clientsJson, removalJson } from '../../src/cli/adoption/json.ts';
import { lackingOf, restartWarning } from '../../src/cli/adoption/lacking.ts';
import { formatRemoval } from '../../src/cli/adoption/removal-view.ts';
import { formatAdoption } from '../../src/cli/adoption/view.ts';
import { makeStyles } from '../../src/cli/terminal/styles.ts';
import type {
  AdoptionGroup,
  BundleAdoption,
  ClientStatus,
  NodeAdoption,
} from '../../src/core/adoption/model.ts';
import { judgeRemoval } from '../../src/core/adoption/removal.ts';
import type { Anchor, AnchorState } from '../../src/core/anchors/anchor.ts';
import {
  parseBundleName,
  parseNodeId,
  parseRegionName,
  parseSequence,
  parseSha256,
} from '../../src/core/ids.ts';

const BUNDLE = parseBundleName('payments.prod.example.org');
const NOW_MS = Date.UTC(2026, 10, 23, 10, 0, 0);
const HOUR_MS = 3_600_000;
const NEWEST = parseSha256('a'.repeat(64));
const OLDER = 'b'.repeat(16);
const styles = makeStyles('plain');

function anchor(digit: string, label: string, state: AnchorState): Anchor {
  const id = parseSha256(digit.repeat(64));
  const purposes = ['tls-server'];
  return { id, kind: 'x509-ca', label, state, purposes, constraints: [], sinceMs: 0 };
}

const current = anchor('1', 'Payments CA 2027', 'active');
const old = anchor('2', 'Payments CA 2024', 'retiring');
const next = anchor('3', 'Payments CA 2030', 'staged');
const body = { bundle: BUNDLE, anchors: [current, old, next], tombstones: [], note: '' };

function group(region: string, count: number, more: Partial<AdoptionGroup> = {}): AdoptionGroup {
  return {
    region: parseRegionName(region),
    stage: 'loaded',
    sequence: 42,
    digest: 'a'.repeat(16),
    labels: new Map(),
    presence: 'connected',
    count,
    ...more,
  };
}

function node(name: string, more: Partial<NodeAdoption> = {}): NodeAdoption {
  return {
    nodeId: parseNodeId(name),
    region: parseRegionName(name.slice(0, 3)),
    standing: 'counted',
    connected: 0,
    departed: 0,
    silent: 0,
    untracked: 0,
    sinceMs: NOW_MS - 72 * HOUR_MS,
    issuedAtMs: NOW_MS - 1000,
    knowledge: 'whole',
    ...more,
  };
}

/** Nothing is known of its clients. */
function silentNode(name: string): NodeAdoption {
  const { sinceMs: _, issuedAtMs: __, ...rest } = node(name, { standing: 'silent' });
  return rest;
}

function adoption(more: Partial<BundleAdoption> = {}): BundleAdoption {
  const sequence = parseSequence(42);
  return {
    bundle: BUNDLE,
    head: { sequence, digest: NEWEST },
    nowMs: NOW_MS,
    groups: [group('fra', 4000), group('iad', 6000)],
    anchors: [
      { anchor: current.id, clients: 9000, handshakes: 1_234_567, lastUsedMs: NOW_MS - 1000 },
      { anchor: old.id, clients: 2, handshakes: 40, lastUsedMs: NOW_MS - 72 * HOUR_MS },
    ],
    nodes: [
      node('fra-1', { connected: 4000 }),
      node('iad-1', { connected: 6000, issuedAtMs: NOW_MS - 4 * 60_000 }),
    ],
    ...more,
  };
}

/** Half way, with everything that can be in the way. */
function troubled(): BundleAdoption {
  const behind = { sequence: 41, digest: OLDER, behindSinceMs: NOW_MS - 12 * 60_000 };
  const refused = { stage: 'refused', code: 'POLICY', otherSequence: parseSequence(42) } as const;
  const billing = new Map([['service', 'billing']]);
  return adoption({
    groups: [
      group('fra', 990, { labels: billing }),
      group('fra', 7, { ...behind, labels: billing }),
      group('fra', 1, { ...behind, ...refused, labels: new Map([['service', 'led\u001b[2Jger']]) }),
      group('iad', 1000),
      group('iad', 2, { stage: 'waiting', sequence: 0, digest: '' }),
      group('iad', 3, { presence: 'departed' }),
    ],
    anchors: [{ anchor: current.id, clients: 9, handshakes: 99, lastUsedMs: NOW_MS - 1000 }],
    nodes: [
      node('fra-1', { silent: 4 }),
      node('iad-1', { untracked: 1 }),
      node('sin-1', { standing: 'unreachable', connected: 800, issuedAtMs: NOW_MS - 300_000 }),
      silentNode('syd-1'),
    ],
  });
}

function report(known: BundleAdoption): ReturnType<typeof reportAdoption> {
  return reportAdoption(known, { sequence: 42, body });
}

describe('the view of adoption', () => {
  it('is short when all run the newest release', () => {
    expect(formatAdoption(report(adoption()), { styles, kind: 'plain' })).toBe(
      `
payments.prod.example.org, release 42
10,000 of 10,000 clients run it

  runs        clients
  release 42  10,000   100.0 %

Regions
  region  clients  run it   behind  waiting  refused  since
  fra     4,000    100.0 %  0       0        0
  iad     6,000    100.0 %  0       0        0

Anchors
  state     label             last used        by clients  handshakes  sha256
  active    Payments CA 2027  just now         9,000       1,234,567   1111111111111111
  retiring  Payments CA 2024  3 days ago       2           40          2222222222222222
  staged    Payments CA 2030  not trusted yet  -           -           3333333333333333

Nodes
  node   region  clients  told
  iad-1  iad     6,000    4 minutes ago
  fra-1  fra     4,000    just now
`.trim(),
    );
  });

  it('says who lags, who refused, and what nobody knows', () => {
    expect(formatAdoption(report(troubled()), { styles, kind: 'plain' })).toBe(
      `
payments.prod.example.org, release 42
1,990 of 2,000 clients of those that are known run it; 3 went away and may come back

  runs         clients
  release 42   1,990    99.5 %
  release 41   8        0.4 %
  nothing yet  2        0.1 %

Regions
  region  clients  run it  behind  waiting  refused  since
  fra     998      99.1 %  7       0        1        12 minutes ago
  iad     1,002    99.8 %  0       2        0

Label service
  value       clients  run it
  (without)   1,002    99.8 %
  billing     997      99.2 %
  led\u{fffd}[2Jger  1        0.0 %

Behind
  region  clients  run         but                        behind since    labels
  fra     7        release 41  was told of nothing newer  12 minutes ago  service=billing
  iad     2        nothing     said nothing yet           -

Refused
  region  clients  run         but                         behind since    labels
  fra     1        release 41  refused release 42: POLICY  12 minutes ago  service=led\u{fffd}[2Jger

Anchors
  state     label             last used        by clients  handshakes  sha256
  active    Payments CA 2027  just now         9           99          1111111111111111
  retiring  Payments CA 2024  not known        -           -           2222222222222222
  staged    Payments CA 2030  not trusted yet  -           -           3333333333333333

Nodes
  node   region  clients  told
  syd-1  syd     -        nothing        not counted
  sin-1  sin     -        5 minutes ago  not counted
  fra-1  fra     0        just now
  iad-1  iad     0        just now

Not known
  sin-1 does not answer: its clients are not counted (800 clients 5 minutes ago)
  syd-1 has told nothing of its clients yet
  what 4 clients used: their SDK does not report it
  all that 1 client used: certificates were taken out
`.trim(),
    );
  });

  it('draws bars where a person looks, and never a full one for less than all', () => {
    const text = formatAdoption(report(troubled()), { styles, kind: 'bars' });
    expect(text).toContain('release 42   1,990    █████████████████████████████▊  99.5 %');
    expect(text).toContain('release 41   8        ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░   0.4 %');
  });

  it.each([48, 80, 100])('shrinks bars before numbers are cut, at %i columns', (columns) => {
    const lines = formatAdoption(report(troubled()), { styles, kind: 'bars', columns }).split('\n');
    const line = (start: string): string => lines.find((one) => one.startsWith(start)) ?? '';
    for (const start of ['  release 42', '  billing', '  iad']) {
      expect(line(start).slice(0, columns)).toMatch(/\d %/);
    }
    for (const start of ['  release 42', '  billing', ...(columns > 48 ? ['  iad'] : [])]) {
      expect(line(start)).toContain('█');
      expect(line(start).length).toBeLessThanOrEqual(columns);
    }
  });

  it('never says of nobody that all run it', () => {
    const nobody = report(adoption({ groups: [] }));
    expect(formatAdoption(nobody, { styles, kind: 'plain' })).toContain('no client watches it\n');
    const silent = [node('iad-1', { standing: 'silent' })];
    const unknown = report(adoption({ groups: [], anchors: [], nodes: silent }));
    const text = formatAdoption(unknown, { styles, kind: 'plain' });
    expect(text).toContain('nothing is known');
    expect(text).not.toContain('100');
  });

  it('is for programs the same, with null for what is not known', () => {
    const json = JSON.parse(JSON.stringify(adoptionJson(report(troubled())))) as object;
    expect(json).toMatchObject({
      bundle: BUNDLE,
      sequence: 42,
      at: '2026-11-23T10:00:00Z',
      isComplete: false,
      clients: 2000,
      newest: 1990,
      departed: 3,
      releases: [
        { sequence: 42, isNewest: true, clients: 1990 },
        { sequence: 41, isNewest: false, clients: 8 },
        { sequence: 0, isNewest: false, clients: 2 },
      ],
      regions: [
        { region: 'fra', clients: 998, newest: 990, behind: 7, refused: 1, waiting: 0 },
        { region: 'iad', clients: 1002, newest: 1000, behindSince: null },
      ],
      refused: [{ region: 'fra', clients: 1, code: 'POLICY', otherSequence: 42 }],
      anchors: [
        { label: 'Payments CA 2027', clients: 9, lastUsed: '2026-11-23T09:59:59Z' },
        { label: 'Payments CA 2024', clients: null, handshakes: null, lastUsed: null },
        { label: 'Payments CA 2030' },
      ],
      unknown: [
        { kind: 'unreachable', node: 'sin-1', clients: 800 },
        { kind: 'silent', node: 'syd-1', clients: null },
        { kind: 'unreported', node: null, clients: 4 },
        { kind: 'untracked', node: null, clients: 1 },
      ],
    });
    const whole = adoptionJson(report(adoption({ anchors: [] })));
    expect(whole).toMatchObject({
      isComplete: true,
      anchors: [{ clients: 0, lastUsed: null }, {}, {}],
    });
  });
});

describe('what --wait waits for', () => {
  const lacking = (known: BundleAdoption): string | undefined =>
    lackingOf(report(known), known.nodes);

  it('is that all run it and nothing is unknown', () => {
    expect(lacking(adoption())).toBeUndefined();
    expect(lacking(troubled())).toBe(
      '1990 of 2000 clients run it; not yet: 1 in fra (release 41, refused release 42: POLICY); ' +
        '7 in fra (release 41, was told of nothing newer); 2 in iad (nothing, said nothing yet)',
    );
    const nodes = [node('fra-1'), node('iad-1', { standing: 'unreachable' })];
    expect(lacking(adoption({ nodes }))).toBe('not known: iad-1');
  });

  it('is those who went away without it, and not those who had it', () => {
    const gone = { presence: 'departed' as const };
    const without = { ...gone, sequence: 41, digest: OLDER };
    const back = [group('fra', 3), group('iad', 2, gone)];
    expect(lacking(adoption({ groups: back }))).toBeUndefined();
    const places = ['fra', 'iad', 'sin', 'syd'].map((region) => group(region, 2, without));
    expect(lacking(adoption({ groups: [...back, ...places] }))).toBe(
      '8 clients without it lost the connection and may come back: 2 in fra (release 41); ' +
        '2 in iad (release 41); 2 in sin (release 41); 2 more',
    );
  });

  it('is nodes that told too long ago what their clients do', () => {
    const nodes = [node('fra-1'), node('iad-1', { issuedAtMs: NOW_MS - HOUR_MS })];
    const known = adoption({ nodes });
    expect(lacking(known)).toBe('not known: iad-1');
    const text = formatAdoption(report(known), { styles, kind: 'plain' });
    expect(text).toMatch(/ {2}iad-1 {2}iad {5}0 {8}60 minutes ago {2}too old\n/);
    expect(text).toContain('iad-1 has told too long ago what its clients do, 60 minutes ago');
    expect(adoptionJson(report(known))).toMatchObject({
      isComplete: false,
      nodes: [{ node: 'iad-1', ageSeconds: 3600, isOutdated: true }, { isOutdated: false }],
      unknown: [{ kind: 'outdated', node: 'iad-1' }],
    });
  });

  it('is not nobody after a restart, until clients have had a minute to come back', () => {
    const restarted = (agoMs: number): BundleAdoption =>
      adoption({
        groups: [],
        nodes: [node('fra-1'), node('iad-1', { sinceMs: NOW_MS - agoMs })],
      });
    expect(lacking(restarted(59_000))).toMatch(/^no client is connected yet.*: iad-1$/);
    expect(lacking(restarted(60_000))).toBeUndefined();
  });
});

describe('what --wait cannot know', () => {
  it('is whether all clients of a node are back that has just started', () => {
    const known = adoption({ nodes: [node('fra-1'), node('iad-1', { sinceMs: NOW_MS - 59_000 })] });
    expect(lackingOf(report(known), known.nodes)).toBeUndefined();
    expect(restartWarning(report(known), known.nodes)).toBe(
      'clients of iad-1 may not all be back: not observed for 60 s since the start',
    );
    expect(restartWarning(report(adoption()), adoption().nodes)).toBeUndefined();
  });
});

describe('the view of a removal', () => {
  const release = { body, sequence: 42, digest: NEWEST };
  const question = { release, anchor: old.id, quietMs: 24 * HOUR_MS };
  const terms = { bundle: BUNDLE, anchor: old, quietMs: 24 * HOUR_MS, styles };

  it('shows the evidence, and what to do next', () => {
    const judged = judgeRemoval({ ...question, adoption: adoption() });
    const text = formatRemoval(judged, terms);
    expect(judged.verdict).toBe('safe');
    expect(text).toContain(
      'Removing "Payments CA 2024" (2222222222222222, retiring) from payments.prod.example.org\n' +
        'is safe:\n',
    );
    expect(text).toMatch(/ {2}\+ it was used last at 2026-11-20T10:00:00Z/);
    expect(text).toContain(
      'next: kedge anchor remove 2222222222222222 --bundle payments.prod.example.org',
    );
  });

  it('does not advise a shorter quiet time than there is', () => {
    const young = adoption({ nodes: [node('iad-1', { sinceMs: NOW_MS - 1000 })] });
    const adviceAt = (quietMs: number): string =>
      formatRemoval(judgeRemoval({ ...question, quietMs, adoption: young }), { ...terms, quietMs });
    expect(adviceAt(24 * HOUR_MS)).toContain('wait, or ask for less with --quiet, down to 15m');
    expect(adviceAt(HOUR_MS / 4)).not.toContain('--quiet');
  });

  it('says the truth of nodes that do not answer', () => {
    const text = formatRemoval(judgeRemoval({ ...question, adoption: troubled() }), terms);
    expect(text).toContain('is forgotten 24 hours after it failed');
    expect(text).not.toContain('kedge cluster');
  });

  it('breaks lines where a command would be cut', () => {
    const shown = (columns?: number): string =>
      formatRemoval(judgeRemoval({ ...question, adoption: troubled() }), { ...terms, columns });
    const narrow = shown(48);
    for (const line of narrow.split('\n')) expect(line.length).toBeLessThanOrEqual(48);
    expect(narrow.replaceAll(/\s+/g, ' ')).toBe(shown().replaceAll(/\s+/g, ' '));
  });

  it('shows each blocker with what to do about it', () => {
    const judged = judgeRemoval({ ...question, adoption: troubled() });
    const text = formatRemoval(judged, terms);
    expect(text).toContain('is not safe yet:');
    expect(text).toContain('see who: kedge adoption payments.prod.example.org --behind');
    expect(text).toContain('see who: kedge adoption payments.prod.example.org --refused');
    expect(text).toMatch(/ {2}- .*sin-1/);
    expect(removalJson(report(troubled()), old.label, judged)).toMatchObject({
      anchor: old.id,
      label: 'Payments CA 2024',
      isSafe: false,
    });
  });
});

describe('the list of clients', () => {
  const client: ClientStatus = {
    identity: 'spiffe://prod.example.org/client/billing',
    instance: 'c0ffee00'.repeat(4),
    labels: new Map([['service', 'billing']]),
    stage: 'refused',
    held: { sequence: parseSequence(41), digest: parseSha256('b'.repeat(64)) },
    otherSequence: parseSequence(42),
    refusal: { code: 'POLICY', reason: 'no\u001b[2J' },
    behindSinceMs: NOW_MS - 12 * 60_000,
    presence: 'connected',
    sinceMs: NOW_MS - HOUR_MS,
    reportsUsage: true,
    untracked: true,
    uses: [{ anchor: old.id, lastUsedMs: NOW_MS - 1000, handshakes: 3 }],
  };
  const nodes = [
    {
      nodeId: parseNodeId('fra-1'),
      region: parseRegionName('fra'),
      clients: [client],
    },
    {
      nodeId: parseNodeId('sin-1'),
      region: parseRegionName('sin'),
      clients: [],
      missing: 'no link',
    },
  ];

  it('says when each used the anchor that is asked about', () => {
    const used = { nodes, rest: 'none', nowMs: NOW_MS, uses: old.id } as const;
    const [header, row] = formatClients(used, styles).split('\n');
    expect(header?.split(/ {2,}/).slice(3, 6)).toEqual(['instance', 'last used', 'handshakes']);
    expect(row?.split(/ {2,}/).slice(3, 6)).toEqual(['c0ffee00', 'just now', '3']);
    const forgotten = nodes.map((node) => ({ ...node, clients: [{ ...client, uses: [] }] }));
    const [, other] = formatClients({ ...used, nodes: forgotten }, styles).split('\n');
    expect(other?.split(/ {2,}/).slice(3, 6)).toEqual(['c0ffee00', '-', '-']);
  });

  it('names the nodes that did not answer', () => {
    const listing = { nodes, rest: 'more', nowMs: NOW_MS } as const;
    const [header, row, ...rest] = formatClients(listing, styles).split('\n');
    expect(header?.split(/ {2,}/)).toEqual([
      'region',
      'node',
      'client',
      'instance',
      'runs',
      'state',
      'since',
      'labels',
    ]);
    expect(row?.split(/ {2,}/)).toEqual([
      'fra',
      'fra-1',
      'spiffe://prod.example.org/client/billing',
      'c0ffee00',
      'release 41',
      'refused release 42: POLICY no\u{fffd}[2J, uses anchors unseen',
      '12 minutes ago',
      'service=billing',
    ]);
    expect(rest).toEqual([
      '… and more: only 1 client, see --limit',
      'sin-1 did not answer: no link',
    ]);
    expect(clientsJson(BUNDLE, nodes)).toMatchObject({
      isComplete: false,
      nodes: [
        { node: 'fra-1', clients: [{ code: 'POLICY', sequence: 41 }] },
        { missing: 'no link' },
      ],
    });
  });
});

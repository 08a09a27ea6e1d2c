/**
 * Group G: the log and the regions. Proofs and notes for themselves are data in
 * `test/vectors/merkle.json` and `test/vectors/checkpoints.json`; here is what they come to for a
 * client that demands two of three regions, and for a node.
 */
import type { ConformanceCase, CoveredCase, Outcome } from '../format.ts';
import type { HeartbeatOptions } from './attested.ts';
import type { CaseBuilder, CaseOptions } from './case-builder.ts';
import { type Doc, listRegions, SECOND, T0 } from './realm.ts';
import { begun, inUse, noted, REGIONS, threeRegions } from './regions.ts';

/** Cases of the group that are elsewhere. */
export const COVERED_G: readonly CoveredCase[] = [
  {
    name: 'G01-G06 consistency proofs',
    about: 'Bent in every way.',
    test: 'test/core/log/proof.test.ts',
    title: 'refuse: $name',
  },
  {
    name: 'G07-G12 inclusion proofs',
    about: 'Bent in every way.',
    test: 'test/core/log/proof.test.ts',
    title: 'refuse: $name',
  },
  {
    name: 'G13 shrinking-checkpoint, signed',
    about: 'A region signs none either.',
    test: 'test/core/log/cosigner.test.ts',
    title: 'refuses a smaller head, also while the larger one is in work (G13)',
  },
  {
    name: 'G14 same-size-other-root, proof',
    about: 'The proof, and the region that counts no more.',
    test: 'test/core/log/split.test.ts',
    title: 'lets the region count no more, until a charter no longer lists the key (G14)',
  },
  {
    name: 'G14 same-size-other-root, passed on',
    about: 'The proof reaches other nodes.',
    test: 'test/core/gossip/attestations.test.ts',
    title: 'counts no more of a region that signed two roots, which is told to all',
  },
  {
    name: 'G18 one-region-two-names',
    about: 'Counts once.',
    test: 'test/core/log/regions.test.ts',
    title: '$name',
  },
  {
    name: 'G20 crash-before-persist',
    about: 'No signature got out.',
    test: 'test/core/log/cosigner.test.ts',
    title: 'has let nothing go when it crashes before the write, whatever it signs then (G20)',
  },
  {
    name: 'G21 signature-subset-independence',
    about: 'One root for all.',
    test: 'test/core/log/regions.test.ts',
    title: 'comes to one root for every set of valid lines (G21)',
  },
  {
    name: 'G22 lost-witness-db',
    about: 'A key that signed for a store that is lost signs nothing; the node itself starts.',
    test: 'test/node/attestation.test.ts',
    title: 'attests nothing with a key that signed for a store that is lost',
  },
  {
    name: 'G22 copied-witness-db',
    about:
      'Where the store looks like itself, peers show the node what it signed of it before; its ' +
      'key signs nothing, and belongs to another store from then on.',
    test: 'test/node/attestation.test.ts',
    title: 'attests nothing once peers have shown it that its store is an old copy',
  },
  {
    name: 'G22 copied-witness-db, lines',
    about: 'Peers show the node what its key cosigned and its store lacks.',
    test: 'test/node/attestation.test.ts',
    title: 'attests nothing once peers have shown it lines by its key that its store lacks',
  },
  {
    name: 'G22 copied-witness-db, marks',
    about: 'What a key cosigned counts in the marks of a store.',
    test: 'test/node/attestation.test.ts',
    title: 'attests nothing once a mark shows that it lacks what its key cosigned',
  },
  {
    name: 'G23 extension-line, size 0',
    about: 'Texts that are no checkpoint.',
    test: 'test/core/log/checkpoint.test.ts',
    title: 'refuses: $name',
  },
  {
    name: 'G23 old-greater-than-new',
    about: 'Among the bent proofs.',
    test: 'test/core/log/proof.test.ts',
    title: 'refuse: $name',
  },
  {
    name: 'G24 region-removed-in-charter, heartbeats',
    about: 'Nor do its heartbeats count.',
    test: 'test/core/log/heartbeat-book.test.ts',
    title: 'does not count a region that left the charter (G24)',
  },
  {
    name: 'G25 f-byzantine',
    about: 'A quorum on one side at most.',
    test: 'test/core/log/regions.test.ts',
    title: 'reaches a quorum on one side at most with k > (n + f) / 2 (G25)',
  },
];

/** Nodes take releases without regions, and know what regions say. */
/** After everything is issued. */
const START = T0 + 60 * SECOND;
const BOTH: CaseOptions = { requireRegions: 2, skip: { admin: 'regions submit nothing' } };
/** A node takes it at once. */
const NODES = { instead: { peer: 'accepted' }, why: 'a node demands nothing of regions' } as const;
const AGAIN = { instead: { peer: 'held' }, why: 'a node has it already' } as const;

/** The cases of the group. */
export function groupG(): readonly ConformanceCase[] {
  return [
    bentPlaces(),
    shrinking(),
    otherRoot(),
    shownProof(),
    badLine(),
    badHeartbeat(),
    tooFew(),
    oneRegion(),
    otherOrigin(),
    removed(),
    decided(),
  ];
}

function bentPlaces(): ConformanceCase {
  const [builder, , first] = inUse(
    'G07-G12 place-of-the-last-statement',
    'A proof that is bent shows nothing; the right one does.',
  );
  const second = builder.release(noted('2'));
  builder.cosigned([first, second], REGIONS, 'accepted');
  builder.apply(second, 'accepted');
  const third = builder.release(noted('3'));
  const log = [first, second, third];
  const bends: Readonly<Record<string, (hashes: readonly Buffer[]) => readonly Buffer[]>> = {
    'bit flip': (hashes) => hashes.map((hash) => hash.map((byte) => byte ^ 1) as Buffer),
    truncated: (hashes) => hashes.slice(1),
    'an extra hash': (hashes) => [...hashes, ...hashes],
  };
  for (const [about, proof] of Object.entries(bends)) {
    const expect = about === 'bit flip' ? 'accepted' : 'held';
    builder.cosigned(log, ['fra', 'iad'], expect, { about, note: { proof } });
    builder.apply(third, 'QUORUM', { about });
  }
  builder.cosigned(log, ['fra', 'iad'], 'held', { about: 'the lines were known' });
  builder.apply(third, 'accepted');
  return builder.done();
}

function shrinking(): ConformanceCase {
  const [builder, first, second] = two('G13 shrinking-checkpoint', 'An older head is no news.');
  builder.cosigned([first, second], REGIONS, 'accepted');
  builder.cosigned([first], REGIONS, 'held');
  builder.apply(second, 'accepted');
  return builder.done();
}

function otherRoot(): ConformanceCase {
  const name = 'G14 same-size-other-root';
  const [builder, first, second] = two(name, 'The region counts no more.');
  const rival = builder.release(noted('rival'), { after: first });
  builder.cosigned([first, rival], ['fra'], 'accepted');
  builder.cosigned([first, second], ['fra'], 'accepted', { about: 'the second root is the proof' });
  builder.cosigned([first, second], ['iad'], 'accepted');
  builder.apply(second, 'QUORUM', NODES);
  builder.cosigned([first, second], ['sin'], 'accepted');
  builder.apply(second, 'accepted', AGAIN);
  const third = builder.release(noted('3'));
  builder.cosigned([first, second, third], ['fra'], 'held', { about: 'nor for anything else' });
  builder.cosigned([first, second, third], ['iad'], 'accepted');
  builder.apply(third, 'QUORUM', NODES);
  builder.cosigned([first, second, third], ['sin'], 'accepted');
  builder.apply(third, 'accepted', AGAIN);
  return builder.done();
}

/** CO-13: the proof itself, against a stranger, a region, and that region once it is new again. */
function shownProof(): ConformanceCase {
  const name = 'G14 same-size-other-root, shown';
  const [builder, first, second, charter] = two(
    name,
    'A proof lasts as long as its key is listed.',
  );
  const rival = builder.release(noted('rival'), { after: first });
  builder.cosigned([first, second], ['fra', 'iad'], 'accepted');
  builder.split([first, second], [first, rival], 'gru', 'held');
  builder.split([first, second], [first, second], 'fra', 'PROOF');
  builder.split([first, second], [first, rival], 'fra', 'accepted');
  builder.split([first, second], [first, rival], 'fra', 'held');
  builder.apply(second, 'QUORUM', NODES);
  const without = builder.charter((next) => listRegions(next, { iad: ['iad'], sin: ['sin'] }));
  builder.cosigned([charter, without], ['iad', 'sin'], 'accepted');
  builder.apply(without, 'accepted');
  const again = builder.charter(threeRegions);
  builder.cosigned([charter, without, again], ['iad', 'sin'], 'accepted');
  builder.apply(again, 'accepted');
  builder.apply(second, 'QUORUM', AGAIN);
  builder.cosigned([first, second], ['fra'], 'accepted', { about: 'it begins anew' });
  builder.apply(second, 'accepted', AGAIN);
  return builder.done();
}

function badLine(): ConformanceCase {
  const [builder, first, second] = two('G16 bad-line', 'No relay has a veto.');
  const note = { bad: ['fra'] };
  const why = 'a node that passes a bad line on is refused for that line alone';
  const refused = { note, instead: { peer: 'PROOF' }, why } as const;
  builder.cosigned([first, second], REGIONS, 'accepted', refused);
  builder.apply(second, 'accepted');
  return builder.done();
}

/** What is said in the name of a region counts only by its own key. */
function badHeartbeat(): ConformanceCase {
  const [builder, charter, first] = begun('G16 bad-heartbeat', 'Nobody speaks for a region.', BOTH);
  builder.apply(first, 'QUORUM', NODES);
  builder.cosigned([first], REGIONS, 'accepted');
  builder.apply(first, 'accepted', AGAIN);
  const say = (region: string, expect: Outcome, as?: HeartbeatOptions): void => {
    const options = { ...(as && { as }), about: `${region} ${JSON.stringify(as ?? 'itself')}` };
    builder.heartbeat(region, START, [charter, first], expect, options);
  };
  say('iad', 'accepted');
  say('fra', 'PROOF', { bad: true });
  say('fra', 'REALM', { realm: 'staging.example.org' });
  // What is of no region is passed over.
  say('fra', 'held', { by: 'iad' });
  say('fra', 'held', { by: 'mallory' });
  builder.fresh('stale', START, { about: 'one region has spoken' });
  say('fra', 'accepted');
  builder.fresh('fresh', START);
  return builder.done();
}

function tooFew(): ConformanceCase {
  const [builder, first, second] = two('G17 k-minus-1', 'One region too few, until it comes.');
  builder.cosigned([first, second], ['iad'], 'accepted');
  builder.apply(second, 'QUORUM', NODES);
  builder.cosigned([first, second], ['iad'], 'held');
  builder.apply(second, 'QUORUM', AGAIN);
  builder.cosigned([first, second], ['fra'], 'accepted');
  builder.apply(second, 'accepted', AGAIN);
  return builder.done();
}

function oneRegion(): ConformanceCase {
  const [builder, , first] = begun(
    'G18 one-region-two-keys',
    'A region counts once, however many of its keys sign.',
    BOTH,
    (charter) => listRegions(charter, { fra: ['fra', 'gru'], iad: ['iad'], sin: ['sin'] }),
  );
  const note = { keys: { fra: ['fra', 'gru'] } };
  builder.apply(first, 'QUORUM', NODES);
  builder.cosigned([first], ['fra'], 'accepted', { note });
  builder.apply(first, 'QUORUM', AGAIN);
  builder.cosigned([first], ['sin'], 'accepted');
  builder.apply(first, 'accepted', AGAIN);
  return builder.done();
}

function otherOrigin(): ConformanceCase {
  const [builder, first, second] = two('G23 origin-mismatch', 'Of another realm, of another key.');
  const note = { realm: 'staging.example.org' };
  const stranger = 'to a node it is the line of a stranger';
  builder.cosigned([first, second], REGIONS, 'REALM', {
    note,
    instead: { peer: 'held' },
    why: stranger,
  });
  builder.cosigned([first, second], REGIONS, 'held', {
    about: 'keys that nobody lists',
    note: { keys: { fra: ['gru'], iad: ['mallory'], sin: ['erin'] } },
  });
  builder.apply(second, 'QUORUM', NODES);
  builder.cosigned([first, second], REGIONS, 'accepted');
  builder.apply(second, 'accepted', AGAIN);
  return builder.done();
}

function removed(): ConformanceCase {
  const name = 'G24 region-removed-in-charter';
  const [builder, first, second, charter] = two(name, 'Not counted from that charter on.');
  builder.cosigned([first, second], ['fra', 'sin'], 'accepted');
  const next = builder.charter((charter) => listRegions(charter, { fra: ['fra'], iad: ['iad'] }));
  builder.cosigned([charter, next], ['fra', 'iad'], 'accepted');
  builder.apply(next, 'accepted');
  builder.apply(second, 'QUORUM', NODES);
  builder.cosigned([first, second], ['sin'], 'held');
  builder.cosigned([first, second], ['iad'], 'accepted');
  builder.apply(second, 'accepted', AGAIN);
  return builder.done();
}

function decided(): ConformanceCase {
  const name = 'G26 decision-begins-a-log';
  const [builder, first, second, charter] = two(name, 'Who cosigned the side that fell goes on.');
  const fallen = builder.release(noted('fallen'), { after: first });
  builder.cosigned([first, fallen], REGIONS, 'accepted');
  const { stream, sequence, digest } = second;
  const decision = builder.charter((next) => {
    threeRegions(next);
    next['resolutions'] = [{ digest, sequence, stream }];
  });
  builder.cosigned([charter, decision], ['fra', 'sin'], 'accepted');
  builder.apply(decision, 'accepted');
  builder.apply(second, 'QUORUM', NODES);
  const note = { log: `/${decision.sequence}` };
  builder.cosigned([first, second], REGIONS, 'accepted', { note, about: 'no second root' });
  builder.apply(second, 'accepted', AGAIN);
  builder.cosigned([first, fallen], REGIONS, 'held', { about: 'of a log that is over' });
  const third = builder.release(noted('3'));
  builder.cosigned([first, second, third], REGIONS, 'held', { about: 'the same' });
  builder.apply(third, 'QUORUM', NODES);
  builder.cosigned([first, second, third], REGIONS, 'accepted', { note });
  builder.apply(third, 'accepted', AGAIN);
  return builder.done();
}

/** A case with one release in use, the next one, not offered yet, and the charter. */
function two(name: string, about: string): readonly [CaseBuilder, Doc, Doc, Doc] {
  const [builder, charter, first] = begun(name, about, BOTH, threeRegions);
  builder.apply(first, 'QUORUM', NODES);
  builder.cosigned([first], REGIONS, 'accepted');
  builder.apply(first, 'accepted', AGAIN);
  return [builder, first, builder.release(noted('2')), charter];
}

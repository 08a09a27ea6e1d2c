/**
 * Group H: gossip and resources. Two of its cases are about what a client can notice of a node that
 * withholds; the others are about sockets, sizes and time.
 */
import type { ConformanceCase, CoveredCase } from '../format.ts';
import { SECOND, T0 } from './realm.ts';
import { inUse, noted } from './regions.ts';

const MINUTE = 60 * SECOND;
const WINDOW = 10 * MINUTE;
const START = T0 + MINUTE;

/** Cases of the group that are elsewhere. */
export const COVERED_H: readonly CoveredCase[] = [
  {
    name: 'H01 endless-stream',
    about: 'Of a node to a program.',
    test: 'test/client/adversary.test.ts',
    title: 'keeps its memory when a node sends without end',
  },
  {
    name: 'H01 endless-stream, of a client',
    about: 'Of a program to a node.',
    test: 'test/grpc/trust-handler.test.ts',
    title: 'ends a stream that sends without end (H01)',
  },
  {
    name: 'H01 endless-stream, of a peer',
    about: 'Read no faster than its share.',
    test: 'test/grpc/hostile-peer.test.ts',
    title: 'is read no faster than its share when it floods',
  },
  {
    name: 'H02 one-byte-per-second',
    about: 'A request that does not arrive is given up.',
    test: 'test/grpc/server.test.ts',
    title: 'ends a call whose request does not arrive (H02)',
  },
  {
    name: 'H02 one-byte-per-second, of a node',
    about: 'A program gives up on it and goes to the next one.',
    test: 'test/client/connection.test.ts',
    title: 'goes to the next one (H02)',
  },
  {
    name: 'H02 one-byte-per-second, of a peer',
    about: 'A peer that does not answer is given up.',
    test: 'test/grpc/peers/peer-links.test.ts',
    title: 'gives up on a peer that sends nothing for ten seconds (H02)',
  },
  {
    name: 'H03 decompression-bomb',
    about: 'The limit holds for what comes out: node, admin, program.',
    test: 'test/grpc/compressed.test.ts',
    title: 'a message that is small only while it is compressed (H03)',
  },
  {
    name: 'H04 deep-or-huge, protobuf',
    about: 'Ends LIMIT before it is decoded.',
    test: 'test/wire/field-count.test.ts',
    title: 'a message of millions of empty messages (H04)',
  },
  {
    name: 'H04 deep-or-huge, JSON',
    about: 'Ends LIMIT.',
    test: 'test/core/canonical.test.ts',
    title: 'counts the nesting before it parses',
  },
  {
    name: 'H08 framing',
    about: 'What a liar sends ends at an honest relay, which is blamed for nothing.',
    test: 'test/core/gossip/links/blame.test.ts',
    title: 'a relay between a liar and a victim (H08)',
  },
  {
    name: 'H08 framing, weights',
    about: 'Which refusals are a fault of the sender.',
    test: 'test/core/gossip/links/conduct.test.ts',
    title: 'blames nobody for what an honest peer may send',
  },
  {
    name: 'H09 bad-signature-flood',
    about: 'The budget of checks holds. How fast honest ones are meanwhile is not measured.',
    test: 'test/core/statements/quorum.test.ts',
    title: 'bounds the work, and finds hinted signatures behind any garbage (H09)',
  },
  {
    name: 'H10 removal-failure-herd',
    about: 'Waits grow, with jitter and a cap.',
    test: 'test/client/parts.test.ts',
    title: 'doubles up to its cap, between one half and the whole of each step',
  },
  {
    name: 'H11 audit-flood',
    about: 'What a window of refusals writes is bounded, and says how much more there was.',
    test: 'test/core/audit/refusals.test.ts',
    title: 'bounds what a window writes, whoever floods it under however many names (H11)',
  },
  {
    name: 'H12 audit-rewrite',
    about: 'An entry that was changed, left out or added does not fit the checkpoint.',
    test: 'test/core/audit/verify.test.ts',
    title: 'fails for an entry that was changed, left out, added or moved (H12)',
  },
  {
    name: 'H13 http2-flood',
    about: 'Frames that cost work and serve nothing end the connection of a program.',
    test: 'test/http2/faults.test.ts',
    title: 'of streams that are reset at once ends the connection (CVE-2023-44487, H13)',
  },
  {
    name: 'H13 http2-flood, of continuations',
    about: 'Fields without end are cut off before they are decoded.',
    test: 'test/http2/faults.test.ts',
    title: 'of continuations ends the connection (CVE-2024-27316, H13)',
  },
];

/** The cases of the group. */
export function groupH(): readonly ConformanceCase[] {
  return [withheldRelease(), withheldCharter()];
}

function withheldRelease(): ConformanceCase {
  const [builder, charter, first] = inUse(
    'H06 withholding-node',
    'Stale within W, by the regions.',
  );
  const withheld = builder.release(noted('withheld'));
  for (const region of ['fra', 'iad']) builder.heartbeat(region, START, [charter, first]);
  for (const region of ['fra', 'iad', 'sin']) {
    builder.heartbeat(region, START + MINUTE, [charter, withheld]);
  }
  builder.fresh('fresh', START + WINDOW);
  builder.fresh('stale', START + WINDOW + 1);
  return builder.done();
}

function withheldCharter(): ConformanceCase {
  const name = 'H07 charter-withheld-only';
  const [builder, charter, first] = inUse(name, 'The charter is a row too.');
  const withheld = builder.charter((next) => {
    next['note'] = 'withheld';
  });
  for (const region of ['fra', 'iad']) builder.heartbeat(region, START, [charter, first]);
  for (const region of ['fra', 'iad', 'sin']) {
    builder.heartbeat(region, START + MINUTE, [withheld, first]);
  }
  builder.fresh('fresh', START + WINDOW);
  builder.fresh('stale', START + WINDOW + 1);
  return builder.done();
}

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
  { name: 'H01 endless-stream', about: 'Ends LIMIT.', test: 'test/client/adversary.test.ts' },
  { name: 'H02 one-byte-per-second', about: 'Is given up.', test: 'test/grpc/server.test.ts' },
  { name: 'H03 decompression-bomb', about: 'Nothing is compressed in this version.' },
  { name: 'H04 deep-or-huge', about: 'Ends LIMIT.', test: 'test/wire/field-count.test.ts' },
  {
    name: 'H08 framing',
    about: 'Only faults of a peer itself count against it.',
    test: 'test/core/gossip/machine.test.ts',
  },
  {
    name: 'H09 bad-signature-flood',
    about: 'The budget of checks holds.',
    test: 'test/core/statements/quorum.test.ts',
  },
  { name: 'H10 removal-failure-herd', about: 'Jitter.', test: 'test/client/parts.test.ts' },
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

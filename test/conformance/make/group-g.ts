/**
 * Group G: the log and the regions. None of its cases is about documents alone; the proofs and
 * notes are data in `test/vectors/merkle.json` and `test/vectors/checkpoints.json`.
 */
import type { CoveredCase } from '../format.ts';

const PROOF = 'test/core/log/proof.test.ts';
const REGIONS = 'test/core/log/regions.test.ts';
const COSIGNER = 'test/core/log/cosigner.test.ts';

/** Cases of the group that are elsewhere. */
export const COVERED_G: readonly CoveredCase[] = [
  { name: 'G01-G06 consistency proofs', about: 'Bent in every way.', test: PROOF },
  { name: 'G07-G12 inclusion proofs', about: 'Bent in every way.', test: PROOF },
  { name: 'G13 shrinking-checkpoint', about: 'Is refused and not signed.', test: COSIGNER },
  {
    name: 'G14 same-size-other-root',
    about: 'The proof, and the region that counts no more.',
    test: 'test/core/log/split.test.ts',
  },
  { name: 'G16 bad-line-from-known-region', about: 'The note is kept.', test: REGIONS },
  { name: 'G17 k-minus-1', about: 'One region too few.', test: REGIONS },
  { name: 'G18 one-region-two-names', about: 'Counts once.', test: REGIONS },
  { name: 'G20 crash-before-persist', about: 'No signature got out.', test: COSIGNER },
  { name: 'G21 signature-subset-independence', about: 'One root for all.', test: REGIONS },
  {
    name: 'G22 lost-witness-db',
    about: 'This version does not start cosigners; whoever does will refuse a key without records.',
  },
  {
    name: 'G23 extension-line, origin mismatch, size 0',
    about: 'Texts that are no checkpoint.',
    test: 'test/core/log/checkpoint.test.ts',
  },
  { name: 'G24 region-removed-in-charter', about: 'Counts no more.', test: REGIONS },
  { name: 'G25 f-byzantine', about: 'A quorum on one side at most.', test: REGIONS },
];

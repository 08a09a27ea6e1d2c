/**
 * Group I: the lifecycle of anchors, and what a rollout may name. The rest, what clients report,
 * and what they do with limited anchors, is about nodes and clients that speak in turn, about
 * handshakes and lists, not about documents that are put to a subject, so tests of their own hold
 * it.
 */
import type { ConformanceCase, CoveredCase } from '../format.ts';
import { lifecycleCases } from './lifecycle.ts';
import { rolloutContents } from './rollouts.ts';

const DELIVERIES = 'test/service/clients/deliveries.test.ts';
const BOARD = 'test/core/adoption/board.test.ts';
const SPREADING = 'test/core/gossip/adoption.test.ts';
const REMOVAL = 'test/core/adoption/removal.test.ts';

/** The cases of the group. */
export function groupI(): readonly ConformanceCase[] {
  return [...lifecycleCases(), ...rolloutContents()];
}

export const COVERED_I: readonly CoveredCase[] = [
  {
    name: 'I05 unapproved, of a forked stream',
    about: 'From a fork on it is taken on the word of the quorum, so that no order counts.',
    test: 'test/core/trusted/accept-rollout.test.ts',
    title: 'is the same to all where releases are forked, whatever each of them holds',
  },
  {
    name: 'I05 unapproved, not held yet',
    about: 'A node fetches the release that it lacks, and takes the rollout then.',
    test: 'test/core/gossip/rollouts.test.ts',
    title: 'fetches a release that comes after its rollout, and blames nobody',
  },
  {
    name: 'I08 telemetry-duplicate',
    about: 'Two streams of one instance are one client.',
    test: BOARD,
    title: 'I08: counts two streams of one instance once, and nothing that the earlier one says',
  },
  {
    name: 'I08 telemetry-replay',
    about: 'A start that was overtaken.',
    test: BOARD,
    title: 'I08: does not count a start that was overtaken by a later one',
  },
  {
    name: 'I07 revocation-during-5%-canary',
    about: 'What all programs are due at once, whatever rollout runs.',
    test: DELIVERIES,
    title: 'I07: takes a revocation to all programs at once, whatever rollout runs',
  },
  {
    name: 'I07 revocation-during-5%-canary, by inheritance',
    about: 'Also where it says that it waits, as the release before it did.',
    test: DELIVERIES,
    title: 'I07: takes what only revokes to all at once even if it says that it waits',
  },
  {
    name: 'I07 revocation-during-5%-canary, on the network',
    about: 'Three nodes as processes; measured by the claim `rollout`.',
    test: 'test/e2e/rollout.test.ts',
    title: 'takes a revocation past every wave (I07)',
  },
  {
    name: 'I07 revocation-during-5%-canary, in closed hours',
    about: 'No window and no earliest time of a wave holds a revocation back.',
    test: DELIVERIES,
    title: 'opens waves in their hours alone, and takes a revocation to all in between',
  },
  {
    name: 'I07 revocation-during-5%-canary, by the revoke role alone',
    about: 'Programs that demand regions, in a closed wave, take it with the release below.',
    test: 'test/client/regions-revoke.test.ts',
    title: 'takes it while a rollout holds the release before back',
  },
  {
    name: 'I07 revocation-during-5%-canary, behind what waits',
    about: 'Releases that wait excuse no program from one that is due to all.',
    test: 'test/client/verified/waiting-releases.test.ts',
    title: 'excuse nobody from what only takes trust away, though it says that it waits',
  },
  {
    name: 'I08 telemetry-spoof',
    about: 'Who has another certificate is another client, whatever it says of itself.',
    test: BOARD,
    title: 'I08: does not let another identity speak for an instance',
  },
  {
    name: 'I08 telemetry-spoof, of a node',
    about: 'Only the node itself can say what its clients are.',
    test: SPREADING,
    title: 'I08: are refused when they are forged, whoever brings them',
  },
  {
    name: 'I08 telemetry-spoof, of arrivals',
    about: 'Only the node where a client is can say that it left another one.',
    test: SPREADING,
    title: 'I08: bring no notice that is forged, and none round in circles',
  },
  {
    name: 'I09 unknown-denominator',
    about: 'Of removals.',
    test: REMOVAL,
    title: 'I09: never says safe when something is not known',
  },
  {
    name: 'I09 unknown-denominator, forgotten',
    about: 'Clients that had to be forgotten early.',
    test: REMOVAL,
    title: 'I09: blocks while a node had to forget clients early',
  },
  {
    name: 'I09 unknown-denominator, outdated',
    about: 'A node whose counts are old may have had news that was held back.',
    test: REMOVAL,
    title: 'I09: does not take what a node told too long ago for what is',
  },
  {
    name: 'I09 unknown-denominator, of waves',
    about: 'No wave opens while a node is cut off, silent, partial or counts by another rollout.',
    test: 'test/core/rollouts/sight.test.ts',
    title: 'I09: does not know of who is cut off, silent, partial or counts by another rollout',
  },
  {
    name: 'I09 unknown-denominator, of waves, outdated',
    about: 'No wave opens by counts that are old.',
    test: 'test/service/queries/adoption-queries.test.ts',
    title: 'I09: opens no wave by what a node told too long ago',
  },
  {
    name: 'I10 self-report-without-probe, in waves',
    about: 'Who has received the release of a rollout and does not use it opens no wave.',
    test: 'test/core/adoption/wave-tally.test.ts',
    title: 'I10: counts who only received the release as knowing it, not as using it',
  },
  {
    name: 'I10 self-report-without-probe',
    about: 'Who has received a release and does not run it counts as behind.',
    test: REMOVAL,
    title: 'I10: what a client only knows does not count as working',
  },
  {
    name: 'I11 distrust-after',
    about: 'Per leaf, by its notBefore.',
    test: 'test/core/anchors/limits.test.ts',
    title: 'is judged per leaf by its notBefore, however far in the past it is (I11)',
  },
  {
    name: 'I11 distrust-after, over TLS',
    about: 'Each client of one CA by its own certificate.',
    test: 'test/client/live/limits.test.ts',
    title: 'judges each client by when its certificate begins (I11)',
  },
  {
    name: 'I12 PEM-export-lossy',
    about: 'The SDK, by default exclude.',
    test: 'test/client/parts.test.ts',
    title: 'leaves limited anchors out of plain lists, refuses, or includes them as told (I12)',
  },
  {
    name: 'I13 serverAuth anchor offered for clientAuth',
    about: 'Not on the list of another purpose.',
    test: 'test/client/parts.test.ts',
    title: 'gives nobody an anchor for a purpose that it does not list (I13)',
  },
];

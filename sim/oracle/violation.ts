/**
 * What a simulation finds: an invariant that does not hold.
 *
 * @module
 */

/** The invariants, each with what it says. */
export const INVARIANTS = {
  'served-verified': 'what a node serves has a quorum and hashes to what was signed',
  'served-durable': 'what a node serves is on its disk',
  'served-monotonic': 'the sequence that a node serves never decreases, also across restarts',
  'served-agreement': 'two nodes serve different statements for one sequence only at a fork',
  'fork-proven': 'a stream stops only on two valid statements for one sequence',
  'stored-verified': 'what a node writes has a quorum',
  'sent-verified': 'what a node passes on has a quorum',
  'claimed-durable': 'what a node acknowledges to peers is on its disk',
  'reply-durable': 'what a node answers an admin as durable is on its disk',
  'restored-waits': 'a restored store serves nothing before it was compared with peers',
  'copy-found':
    'a node whose store is an old copy, or has one, learns it from every peer that keeps its mark',
  'copy-true': 'no node takes its store for an old copy that is none',
  'copy-outrun':
    'a store counts beyond what was signed on copies of it, and goes on after the next start',
  'store-marked': 'in the end every peer keeps a mark with all writes of a store',
  'cosigned-once': 'a region never cosigns less or earlier than before, nor two roots for one size',
  'lines-asked':
    'no key of a region signs when a linked peer knows a line of it that its store lacks',
  'wave-noted': 'a release goes to a program only after its wave was noted on disk as open',
  'wave-in-time': 'a wave with times opens only then, also where the clock of the node is wrong',
  'wave-stays': 'an open wave of a rollout stays open, and a stopped rollout opens none',
  'delivered-held': 'what a program gets is held where it gets it, and never older than before',
  'delivered-alike': 'nodes that hold the same statements give programs the same',
  attested:
    'in the end every region cosigned the heads that are not forked, and honest nodes know it',
  bounded: 'timers, links, fetches, writes and effects of a node stay bounded',
  'no-bug': 'a machine neither throws nor reports a BUG',
  healed: 'all honest nodes have equal roots five seconds and two round trips after healing',
  converged: 'after the last publication all honest nodes come to equal roots',
  complete: 'what was acknowledged is held by all honest nodes in the end',
  serving: 'after healing every honest node serves that had others to compare with',
  connected: 'after healing every two honest nodes have a link',
  drained: 'when nothing happens only comparisons are sent',
  frozen: 'a fork that two nodes served is known to all of them in the end',
  proposed:
    'what an honest node keeps of a proposal is known to all in the end, and published when whole',
  decided: 'all nodes go on along the side that the charter quorum decided for',
  recovered: 'all nodes hold the charter that recovery keys signed, and nothing of the thief',
  deterministic: 'the same seed gives the same effects',
} as const;

/** The name of an invariant. */
export type Invariant = keyof typeof INVARIANTS;

/** An invariant was broken; ends the run of a seed. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;
  /** Simulated time. */
  readonly atMs: number;

  constructor(invariant: Invariant, atMs: number, message: string) {
    super(message);
    this.invariant = invariant;
    this.atMs = atMs;
  }
}

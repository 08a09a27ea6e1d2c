/**
 * Every number of the membership protocol, with its reason; docs/membership.md says how to choose.
 *
 * The defaults are those of SWIM (Das et al. 2002) and Lifeguard (Dadgar et al. 2018) for a local
 * network, with timeouts that follow the measured round trip of each link.
 *
 * @module
 */

/** The knobs. All times in milliseconds. */
export interface MembershipConfig {
  /** One member is probed per interval. Shorter finds failures sooner and costs more. */
  readonly probeIntervalMs: number;
  /** The shortest wait for an answer, however fast the link is. */
  readonly probeTimeoutMinMs: number;
  /** The longest wait, however slow the link was. */
  readonly probeTimeoutMaxMs: number;
  /** A wait is this many times the link's slow round trips. */
  readonly probeTimeoutRtts: number;
  /** Members asked to try for us. */
  readonly helpers: number;
  /** Shortest suspicion: this times max(1, log10 of the members) in intervals. */
  readonly suspicionMult: number;
  /** Longest suspicion: this times the shortest. */
  readonly suspicionMaxMult: number;
  /** Independent confirmations that bring a suspicion to its shortest. */
  readonly confirmations: number;
  /** How far a node that doubts itself slows down: at most this factor. */
  readonly healthMax: number;
  /** A timer that is later than this says that this node is slow. */
  readonly lateMs: number;
  /** An update passes at most this times ceil(log10(members + 1)) at each node, in or out. */
  readonly retransmitMult: number;
  /** While there is news, how often it is sent to a few links besides pings. */
  readonly spreadIntervalMs: number;
  /** How many links that is. */
  readonly spreadFanout: number;
  /** Probe intervals between two comparisons of the table, when all is quiet. */
  readonly compareEvery: number;
  /** How often a node dials a failed member again; half to one and a half of it. */
  readonly rejoinIntervalMs: number;
  /** Where more nodes than this are alive they share that work. */
  readonly rejoinSharers: number;
  /** How long failed and left members are remembered. */
  readonly reapMs: number;
}

/** What runs unless somebody knows better. */
export const MEMBERSHIP_DEFAULTS: MembershipConfig = {
  probeIntervalMs: 1000,
  probeTimeoutMinMs: 200,
  probeTimeoutMaxMs: 2000,
  probeTimeoutRtts: 3,
  helpers: 3,
  suspicionMult: 4,
  suspicionMaxMult: 6,
  confirmations: 3,
  healthMax: 8,
  lateMs: 500,
  retransmitMult: 4,
  spreadIntervalMs: 200,
  spreadFanout: 3,
  compareEvery: 10,
  rejoinIntervalMs: 1500,
  rejoinSharers: 8,
  reapMs: 24 * 3_600_000,
};

/**
 * Whether an anchor can be removed without breaking a client: the evidence, or what speaks against.
 *
 * Nothing that is missing ever says "safe": a node that does not answer, a client that does not
 * report, an observation that is too short are blockers like a use. What clients report is their
 * own word; a client that lies can block a removal or break itself, not others. An anchor that is
 * staged needs no evidence of clients: no release trusts it, with or without its removal, since
 * none goes back to staged and none that left returns (LC-1, LC-9). docs/adoption.md.
 *
 * @module
 */
import type { Anchor } from '../anchors/anchor.ts';
import type { AnchorId } from '../ids.ts';
import type { ReleaseBody } from '../releases/body.ts';
import {
  type Blocker,
  type Finding,
  ofClients,
  ofHead,
  ofNodes,
  ofUse,
  type VerifiedRelease,
} from './findings.ts';
import type { BundleAdoption } from './model.ts';

/** Whether an anchor can be removed. */
export interface RemovalJudgement {
  readonly anchor: AnchorId;
  readonly verdict: 'safe' | 'blocked';
  /** What was looked at and speaks for it, for people. */
  readonly evidence: readonly string[];
  readonly blockers: readonly Blocker[];
}

/** What a removal is judged by. */
export interface RemovalQuestion {
  readonly adoption: BundleAdoption;
  readonly release: VerifiedRelease;
  readonly anchor: AnchorId;
  /** For how long it must not have been used, milliseconds; counts as `QUIET_MIN_MS` at least. */
  readonly quietMs: number;
}

/** How long an anchor must not have been used, unless somebody says otherwise. */
export const QUIET_DEFAULT_MS: number = 24 * 3_600_000;
/**
 * The shortest such time. Clients tell of connections that stay open every 10 minutes
 * (`client/usage/usage-reports.ts`), and of what is new up to half a minute late: in less than this
 * an anchor seems unused while connections rest on it.
 */
export const QUIET_MIN_MS: number = 15 * 60_000;

/** Judges the removal of one anchor. */
export function judgeRemoval(asked: RemovalQuestion): RemovalJudgement {
  const { adoption, anchor } = asked;
  const quietMs = Math.max(asked.quietMs, QUIET_MIN_MS);
  const ofClientsAndNodes = (): readonly Finding[] => [
    ofClients(adoption, 'use'),
    ofUse(adoption, anchor, quietMs),
    ofNodes(adoption, quietMs, 'use'),
  ];
  const findings = [
    ofHead(adoption, asked.release),
    ofRelease(asked),
    ...(entryOf(asked)?.state === 'staged' ? [] : ofClientsAndNodes()),
  ];
  const blockers = findings.flatMap((finding) => finding.blockers);
  return {
    anchor,
    verdict: blockers.length === 0 ? 'safe' : 'blocked',
    evidence: findings.flatMap((finding) => finding.evidence),
    blockers,
  };
}

/** What the release says of the anchor and of others that can take its place. */
function ofRelease(asked: RemovalQuestion): Finding {
  const { body, sequence } = asked.release;
  const entry = entryOf(asked);
  const blockers: Blocker[] = [];
  if (entry === undefined) {
    blockers.push({ kind: 'not-in-head', text: `release ${sequence} does not have the anchor` });
    return { evidence: [], blockers };
  }
  if (entry.state === 'staged') {
    return { evidence: ['it is staged: no client trusts it yet, so none can miss it'], blockers };
  }
  if (entry.state === 'active') {
    blockers.push({ kind: 'not-retiring', text: 'it is active: let it retire first' });
  }
  const orphaned = entry.purposes.filter((purpose) => !hasSuccessor(body, entry, purpose));
  if (orphaned.length > 0) {
    const text = `nothing else is active for ${orphaned.join(', ')}`;
    blockers.push({ kind: 'no-successor', text });
    return { evidence: [], blockers };
  }
  return { evidence: [`others are active for ${entry.purposes.join(', ')}`], blockers };
}

function entryOf({ release, anchor }: RemovalQuestion): Anchor | undefined {
  return release.body.anchors.find(({ id }) => id === anchor);
}

function hasSuccessor({ anchors }: ReleaseBody, gone: Anchor, purpose: string): boolean {
  return anchors.some((other) => {
    return other.id !== gone.id && other.state === 'active' && other.purposes.includes(purpose);
  });
}

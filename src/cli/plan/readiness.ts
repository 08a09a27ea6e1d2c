/**
 * What nodes know of the clients that a change is for: who does not even run the newest release,
 * and whether somebody still uses an anchor that is to go.
 *
 * @module
 */
import { judgeRemoval, type RemovalJudgement } from '../../core/adoption/removal.ts';
import type { Anchor, TombstoneReason } from '../../core/anchors/anchor.ts';
import { KedgeError } from '../../core/errors.ts';
import type { AnchorId } from '../../core/ids.ts';
import { type AdoptionReport, reportAdoption } from '../adoption/adoption.ts';
import { lackingOf } from '../adoption/lacking.ts';
import { openNode } from '../node/admin.ts';
import type { RealmOptions } from '../realm/options.ts';
import type { Session } from '../session.ts';
import type { PlannedChange } from './planned-change.ts';

/** An anchor that leaves by the change. */
export interface Leaving {
  readonly anchor: Anchor;
  readonly reason: TombstoneReason;
  readonly judged: RemovalJudgement;
}

/** What is known of clients, or why nothing is. */
export type Readiness =
  | {
      readonly kind: 'known';
      readonly report: AdoptionReport;
      /** What is missing until all run the newest release; absent: nothing. */
      readonly lacking?: string;
      readonly leaving: readonly Leaving[];
    }
  /** `asked`: a node was, and it gave no answer. */
  | { readonly kind: 'unknown'; readonly reason: string; readonly attempt: 'asked' | 'none' };

/** Asks the node that options and profile name; `quietMsOf` is for what is to go. */
export async function readReadiness(
  session: Session,
  options: RealmOptions & { readonly adoption: boolean },
  change: PlannedChange,
  quietMsOf: (anchor: AnchorId) => number,
): Promise<Readiness> {
  const none = (reason: string): Readiness => ({ kind: 'unknown', reason, attempt: 'none' });
  if (!options.adoption) return none('not wanted (--no-adoption)');
  const { head } = change;
  if (head === undefined) return none('there is no release yet');
  const { node } = await session.profile();
  if ((options.node ?? node) === undefined) return none('no node is named (--node)');
  try {
    using admin = await openNode(session, options);
    const adoption = await admin.adoption(change.bundle);
    const { body } = change.today;
    const report = reportAdoption(adoption, { sequence: head.sequence, body });
    const lacking = lackingOf(report, adoption.nodes);
    const leaving = leavingBy(change).map(({ anchor, reason }): Leaving => {
      const release = { ...head, body };
      const quietMs = quietMsOf(anchor.id);
      const question = { adoption, release, anchor: anchor.id, quietMs };
      return { anchor, reason, judged: judgeRemoval(question) };
    });
    return { kind: 'known', report, leaving, ...(lacking !== undefined && { lacking }) };
  } catch (thrown) {
    const { code, message } = KedgeError.from(thrown);
    if (code !== 'UNAVAILABLE' && code !== 'ACCESS') throw thrown;
    return { kind: 'unknown', reason: message, attempt: 'asked' };
  }
}

function leavingBy({ today, next }: PlannedChange): readonly Pick<Leaving, 'anchor' | 'reason'>[] {
  const tombstones = next?.bundle.body.tombstones ?? [];
  return today.body.anchors.flatMap((anchor) => {
    const tombstone = tombstones.find(({ id }) => id === anchor.id);
    return tombstone === undefined ? [] : [{ anchor, reason: tombstone.reason }];
  });
}

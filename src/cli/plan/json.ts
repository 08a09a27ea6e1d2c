/**
 * A plan as JSON for programs. docs/plan.md describes each member; what is not known is `null`.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import type { ChainPlan, PlanCell } from '../../preflight/chain-plan.ts';
import type { Verdict } from '../../preflight/verdict.ts';
import { adoptionJson, removalJson } from '../adoption/json.ts';
import type { Json } from '../output.ts';
import { changesJson } from '../release/change-view.ts';
import type { PlanReport } from './report.ts';

/** The whole plan. */
export function planJson(report: PlanReport): Json {
  const { change, plan, instants, readiness, verdict, unread } = report;
  const { next } = change;
  return {
    bundle: change.bundle,
    sequence: change.head?.sequence ?? null,
    verdict,
    times: instants.map(formatTimestamp),
    changes: next === undefined ? [] : changesJson(next.review.changes, next.bundle.blobs),
    problems: (next?.review.problems ?? []).map(({ code, message }) => ({ code, message })),
    counts: { ...plan.counts },
    chains: plan.chains.map(chainJson),
    warnings: plan.warnings.map(({ kind, text, atMs, certificates, chains }) => ({
      kind,
      text,
      at: atMs === undefined ? null : formatTimestamp(atMs),
      certificates,
      chains,
    })),
    adoption: readiness.kind === 'known' ? adoptionJson(readiness.report) : null,
    leaving:
      readiness.kind === 'known'
        ? readiness.leaving.map(({ anchor, reason, judged }) => ({
            reason,
            removal: removalJson(readiness.report, anchor.label, judged),
          }))
        : null,
    unread: unread.map(({ name, reason }) => ({ name, reason })),
    lists: plan.lists.map(({ name, use, issuer, list }) => ({
      name,
      use,
      issuer: issuer ?? null,
      thisUpdate: formatTimestamp(list.thisUpdateMs),
      nextUpdate: list.nextUpdateMs === undefined ? null : formatTimestamp(list.nextUpdateMs),
      entries: list.entries.size,
    })),
    unlisted: plan.unlisted.map(({ id, name }) => ({ id, name })),
  };
}

function chainJson(chain: ChainPlan): Json {
  const { name, purpose, leaf, outcome, cells, gaps } = chain;
  return {
    name,
    purpose,
    outcome,
    leaf: { id: leaf.id, name: leaf.name, notAfter: formatTimestamp(leaf.notAfterMs) },
    cells: cells.map(cellJson),
    gaps,
  };
}

function cellJson({ atMs, today, proposed }: PlanCell): Json {
  return {
    at: formatTimestamp(atMs),
    today: verdictJson(today),
    proposed: today === proposed ? verdictJson(today) : verdictJson(proposed),
  };
}

function verdictJson(verdict: Verdict): Json {
  const dissents = verdict.dissents.map(({ kind, because }) => ({ kind, because }));
  if (verdict.kind === 'accepted') {
    const { anchor, path } = verdict;
    return { isAccepted: true, anchor, path: path.map(({ name }) => name), dissents };
  }
  const { reason, text, anchor = null } = verdict;
  return { isAccepted: false, reason, text, anchor, dissents };
}

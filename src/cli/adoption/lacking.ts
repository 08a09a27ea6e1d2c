/**
 * What is missing until all clients run the newest release: for whom `--wait` waits.
 *
 * @module
 */
import type { AdoptionGroup, NodeAdoption } from '../../core/adoption/model.ts';
import { countOf } from '../terminal/styles.ts';
import type { AdoptionReport } from './adoption.ts';
import { doing } from './view.ts';

/** When clients of a node that was restarted have had time to come back. */
const SETTLED_MS = 60_000;
/** Places that are named; more are counted. */
const PLACES_NAMED = 3;

/** What is missing until all clients run the newest release; nothing: absent. */
export function lackingOf(
  report: AdoptionReport,
  nodes: readonly NodeAdoption[],
): string | undefined {
  const { newest, total, unknowns, behind, refused, away } = report;
  if (newest < total) {
    const late = [...refused, ...behind];
    return `${newest} of ${total} clients run it; not yet: ${placesOf(late)}`;
  }
  if (away.length > 0) {
    const count = away.reduce((sum, group) => sum + group.count, 0);
    const who = `${countOf(count, 'client')} without it lost the connection`;
    return `${who} and may come back: ${placesOf(away)}`;
  }
  const missing = unknowns.filter(({ kind }) => kind !== 'unreported' && kind !== 'untracked');
  if (missing.length > 0) {
    return `not known: ${missing.map(({ kind, nodeId }) => nodeId ?? kind).join(', ')}`;
  }
  const young = total > 0 ? [] : youngNodes(report, nodes);
  if (young.length === 0) return undefined;
  const span = `${SETTLED_MS / 1000} s`;
  return `no client is connected yet, and not observed for ${span}: ${young.join(', ')}`;
}

/** What nobody can know when all that are there run it: who was there before a restart. */
export function restartWarning(
  report: AdoptionReport,
  nodes: readonly NodeAdoption[],
): string | undefined {
  const young = youngNodes(report, nodes);
  if (young.length === 0) return undefined;
  const whose = `clients of ${young.join(', ')} may not all be back`;
  return `${whose}: not observed for ${SETTLED_MS / 1000} s since the start`;
}

function youngNodes(
  { nowMs }: AdoptionReport,
  nodes: readonly NodeAdoption[],
): readonly NodeAdoption['nodeId'][] {
  return nodes
    .filter(({ standing, sinceMs }) => {
      return standing === 'counted' && nowMs - (sinceMs ?? nowMs) < SETTLED_MS;
    })
    .map(({ nodeId }) => nodeId);
}

/** `2 in fra (release 41, received release 42, does not use it)`, and how many more. */
function placesOf(groups: readonly AdoptionGroup[]): string {
  const named = groups.slice(0, PLACES_NAMED).map((group) => {
    const { count, region, sequence, stage, otherSequence, code, presence } = group;
    const runs = sequence === 0 ? 'nothing' : `release ${sequence}`;
    const did = presence === 'departed' ? [] : [doing(stage, otherSequence, code)];
    return `${count} in ${region} (${[runs, ...did].join(', ')})`;
  });
  const rest = groups.slice(PLACES_NAMED).reduce((sum, { count }) => sum + count, 0);
  return [...named, ...(rest > 0 ? [`${rest} more`] : [])].join('; ');
}

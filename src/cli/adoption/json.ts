/**
 * How far the clients of a bundle are, as JSON for programs. docs/cli.md describes each member;
 * what is not known is `null`.
 *
 * @module
 */
import type { AdoptionGroup, ClientStatus, NodeClients } from '../../core/adoption/model.ts';
import type { RemovalJudgement } from '../../core/adoption/removal.ts';
import { formatTimestamp } from '../../core/ids.ts';
import type { Json } from '../output.ts';
import type { AdoptionReport, AnchorUsed } from './adoption.ts';

/** Clients by node. */
export function clientsJson(bundle: string, nodes: readonly NodeClients[]): Json {
  return {
    bundle,
    isComplete: nodes.every(({ missing }) => missing === undefined),
    nodes: nodes.map(({ nodeId, region, clients, missing }) => ({
      node: nodeId,
      region,
      missing: missing ?? null,
      clients: clients.map(clientJson),
    })),
  };
}

function clientJson(client: ClientStatus): Json {
  const { held, refusal, presence, sinceMs } = client;
  return {
    identity: client.identity,
    instance: client.instance ?? null,
    labels: Object.fromEntries(client.labels),
    stage: client.stage,
    sequence: held?.sequence ?? null,
    digest: held?.digest ?? null,
    otherSequence: client.otherSequence ?? null,
    code: refusal?.code ?? null,
    reason: refusal?.reason ?? null,
    behindSince: timeOrNull(client.behindSinceMs),
    presence,
    since: formatTimestamp(sinceMs),
    previousNode: client.previousNode ?? null,
    reportsUsage: client.reportsUsage,
    untracked: client.untracked,
    uses: client.uses.map(({ anchor, lastUsedMs, handshakes }) => ({
      anchor,
      lastUsed: formatTimestamp(lastUsedMs),
      handshakes,
    })),
  };
}

/** Whether an anchor can be removed. */
export function removalJson(
  report: AdoptionReport,
  label: string,
  { anchor, verdict, evidence, blockers }: RemovalJudgement,
): Json {
  return {
    bundle: report.bundle,
    sequence: report.sequence,
    at: formatTimestamp(report.nowMs),
    anchor,
    label,
    isSafe: verdict === 'safe',
    evidence,
    blockers: blockers.map(({ kind, text, clients, nodes }) => ({
      kind,
      text,
      clients: clients ?? null,
      nodes: nodes ?? null,
    })),
  };
}

/** The report. */
export function adoptionJson(report: AdoptionReport): { readonly [key: string]: Json } {
  const { bundle, sequence, total, newest, departed, isComplete } = report;
  return {
    bundle,
    sequence,
    at: formatTimestamp(report.nowMs),
    isComplete,
    clients: total,
    newest,
    departed,
    releases: report.releases.map(({ sequence: runs, digest, count, standing }) => ({
      sequence: runs === 'various' ? null : runs,
      digest,
      isNewest: standing === 'newest',
      clients: count,
    })),
    regions: report.regions.map(({ total: clients, behindSinceMs, ...rest }) => ({
      clients,
      ...rest,
      behindSince: timeOrNull(behindSinceMs),
    })),
    labels: Object.fromEntries(
      [...report.labels].map(([name, shares]) => [
        name,
        shares.map((share) => ({
          value: share.value ?? null,
          clients: share.total,
          newest: share.newest,
        })),
      ]),
    ),
    behind: report.behind.map(groupJson),
    refused: report.refused.map(groupJson),
    anchors: report.anchors.map((used) => anchorUseJson(used, report)),
    nodes: report.nodes.map(({ nodeId, region, standing, clients, toldAtMs, age }) => ({
      node: nodeId,
      region,
      standing,
      clients: standing === 'counted' ? clients : null,
      toldAt: timeOrNull(toldAtMs),
      ageSeconds: toldAtMs === undefined ? null : ageSeconds(report.nowMs, toldAtMs),
      isOutdated: age === 'outdated',
    })),
    unknown: report.unknowns.map(({ kind, nodeId, clients, toldAtMs }) => ({
      kind,
      node: nodeId ?? null,
      clients: clients ?? null,
      toldAt: timeOrNull(toldAtMs),
    })),
  };
}

function groupJson(group: AdoptionGroup): Json {
  const isVarious = group.labels.has('(other)');
  return {
    region: group.region,
    clients: group.count,
    stage: group.stage,
    sequence: isVarious ? null : group.sequence,
    otherSequence: group.otherSequence ?? null,
    code: group.code ?? null,
    behindSince: timeOrNull(group.behindSinceMs),
    labels: isVarious ? {} : Object.fromEntries(group.labels),
  };
}

/** A use that nobody reported is `null`, unless everybody would have. */
function anchorUseJson({ anchor, use }: AnchorUsed, { isComplete }: AdoptionReport): Json {
  const none = isComplete ? 0 : null;
  return {
    id: anchor.id,
    label: anchor.label,
    state: anchor.state,
    clients: use?.clients ?? none,
    handshakes: use?.handshakes ?? none,
    lastUsed: timeOrNull(use?.lastUsedMs),
  };
}

/** A clock that is a little ahead makes nothing older than new. */
function ageSeconds(nowMs: number, toldAtMs: number): number {
  return Math.max(0, Math.floor((nowMs - toldAtMs) / 1000));
}

function timeOrNull(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : formatTimestamp(timeMs);
}

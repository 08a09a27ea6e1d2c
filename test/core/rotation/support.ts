/**
 * A bundle with two CAs and what clients told of it, for the tests of rotations.
 */
import type {
  AdoptionGroup,
  AnchorAdoption,
  BundleAdoption,
  NodeAdoption,
} from '../../../src/core/adoption/model.ts';
import type { Anchor } from '../../../src/core/anchors/anchor.ts';
import { parseNodeId, parseRegionName, parseSequence, parseSha256 } from '../../../src/core/ids.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import type { RotationQuestion } from '../../../src/core/rotation/steps.ts';
import { anchor, anchorId, bodyOf, PAYMENTS } from '../releases/bodies.ts';
import { NOW_MS } from '../support.ts';

export const OLD: Anchor['id'] = anchorId('old');
export const NEW: Anchor['id'] = anchorId('new');
export const HOUR_MS = 3_600_000;
const SEQUENCE = 3;
const HEAD = { sequence: parseSequence(SEQUENCE), digest: parseSha256('cd'.repeat(32)) };
const REGION = parseRegionName('iad');

/** What all clients run, unless a test says otherwise. */
export const LOADED: AdoptionGroup = {
  region: REGION,
  labels: new Map(),
  presence: 'connected',
  count: 2,
  stage: 'loaded',
  sequence: SEQUENCE,
  digest: HEAD.digest.slice(0, 16),
};

/** A client that runs what came before. */
export const BEHIND: AdoptionGroup = {
  ...LOADED,
  count: 1,
  sequence: SEQUENCE - 1,
  digest: 'ef'.repeat(8),
};

/** A node that has seen everything for two days. */
export const NODE: NodeAdoption = {
  nodeId: parseNodeId('iad-1'),
  region: REGION,
  standing: 'counted',
  sinceMs: NOW_MS - 48 * HOUR_MS,
  issuedAtMs: NOW_MS,
  knowledge: 'whole',
  connected: 2,
  departed: 0,
  silent: 0,
  untracked: 0,
};

/** Adoption of the newest release by all. */
export function adoption(changed: Partial<BundleAdoption> = {}): BundleAdoption {
  return {
    bundle: PAYMENTS,
    head: HEAD,
    nowMs: NOW_MS,
    groups: [LOADED],
    anchors: [],
    nodes: [NODE],
    ...changed,
  };
}

/** One use of an anchor. */
export function use(id: Anchor['id'], lastUsedMs: number): AnchorAdoption {
  return { anchor: id, clients: 2, handshakes: 7, lastUsedMs };
}

/** The states of both anchors; absent: it is not listed. */
export interface States {
  readonly old?: Partial<Anchor> | undefined;
  readonly new?: Partial<Anchor> | undefined;
}

/** A rotation with both CAs in these states since two days. */
export function rotation(
  states: States,
  changed: Partial<RotationQuestion> = {},
): RotationQuestion {
  const sinceMs = NOW_MS - 48 * HOUR_MS;
  const anchors = [
    ...(states.old === undefined ? [] : [anchor('old', { sinceMs, ...states.old })]),
    ...(states.new === undefined ? [] : [anchor('new', { sinceMs, ...states.new })]),
  ];
  return {
    from: OLD,
    to: NEW,
    release: { body: bodyOf(anchors), ...HEAD },
    lifecycle: { holdDownSeconds: 86_400, overlapSeconds: 86_400, blastRadiusPercent: 20 },
    adoption: adoption(),
    nowMs: NOW_MS,
    quietMs: 24 * HOUR_MS,
    overrides: new Set(),
    ...changed,
  };
}

/** A rotation in a bundle with this content. */
export function releaseOf(body: ReleaseBody): Pick<RotationQuestion, 'release'> {
  return { release: { body, ...HEAD } };
}

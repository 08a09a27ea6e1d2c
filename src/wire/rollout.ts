/**
 * How rollouts go, for admins: messages ⇄ the values of `core/rollouts/status.ts`.
 *
 * Errors: `PARSE`, `LIMIT`.
 *
 * @module
 */
import {
  type BundleName,
  parseBundleName,
  parseNodeId,
  parseRegionName,
  parseSequence,
} from '../core/ids.ts';
import { MEMBERS_MAX, MESSAGE_MAX_BYTES, ROLLOUT_WAVES_MAX } from '../core/limits.ts';
import type { NamedRelease } from '../core/rollouts/body.ts';
import type { Stop, WaveCounts } from '../core/rollouts/gates.ts';
import type { NodeKnowledge, SeenNode } from '../core/rollouts/sight.ts';
import type { RolloutStatus, WaveStatus } from '../core/rollouts/status.ts';
import {
  decodeName,
  decodeSha256,
  decodeTime,
  decodeUint,
  encodeHexBytes,
  requireCount,
  requireSize,
} from './fields.ts';
import type { NamedReleaseInput, NamedReleaseOutput } from './gen/kedge/v1/NamedRelease.ts';
import type { RolloutNodeInput, RolloutNodeOutput } from './gen/kedge/v1/RolloutNode.ts';
import type { RolloutStopOutput } from './gen/kedge/v1/RolloutStop.ts';
import type { WaveStatusInput, WaveStatusOutput } from './gen/kedge/v1/WaveStatus.ts';
import { messageCodec } from './protos.ts';
import { decodeWait, encodeWait } from './rollout-waits.ts';
import { decodeDocument, encodeDocument } from './statements.ts';

const QUERY_MAX_BYTES = 1024;
const KNOWLEDGE = {
  known: 'ROLLOUT_KNOWLEDGE_KNOWN',
  unreachable: 'ROLLOUT_KNOWLEDGE_UNREACHABLE',
  silent: 'ROLLOUT_KNOWLEDGE_SILENT',
  partial: 'ROLLOUT_KNOWLEDGE_PARTIAL',
  behind: 'ROLLOUT_KNOWLEDGE_BEHIND',
} as const satisfies Record<NodeKnowledge, string>;
const requestCodec = messageCodec('admin', 'GetRolloutRequest');
const responseCodec = messageCodec('admin', 'GetRolloutResponse');

/** Reads whose rollout is wanted. */
export function decodeRolloutQuery(bytes: Uint8Array): BundleName {
  requireSize(bytes, QUERY_MAX_BYTES, 'rollout request');
  return parseBundleName(requestCodec.deserialize(bytes).bundle);
}

/** Writes whose rollout is wanted. */
export function encodeRolloutQuery(bundle: BundleName): Buffer {
  return requestCodec.serialize({ bundle });
}

/** Reads how a rollout goes. */
export function decodeRollout(bytes: Uint8Array): RolloutStatus {
  requireSize(bytes, MESSAGE_MAX_BYTES, 'rollout response');
  const answer = responseCodec.deserialize(bytes);
  const { head, everybody, rollout, stop } = answer;
  return {
    bundle: parseBundleName(answer.bundle),
    ...(head && { head: decodeRelease(head) }),
    ...(everybody && { everybody: decodeRelease(everybody) }),
    ...(rollout && { rollout: decodeDocument(rollout, 'rollout') }),
    force: answer.inForce ? 'in-force' : 'over',
    nowMs: decodeTime(answer.nowMs, 'time of the node'),
    waves: requireCount(answer.waves, ROLLOUT_WAVES_MAX, 'waves').map(decodeWave),
    wait: decodeWait(answer.wait),
    ...(stop && { stop: decodeStop(stop) }),
    nodes: requireCount(answer.nodes, MEMBERS_MAX, 'nodes').map(decodeNode),
  };
}

/** Writes how a rollout goes. Errors: `LIMIT`. */
export function encodeRollout(status: RolloutStatus): Buffer {
  const { head, everybody, rollout, stop } = status;
  const bytes = responseCodec.serialize({
    bundle: status.bundle,
    head: head ? releaseMessage(head) : null,
    everybody: everybody ? releaseMessage(everybody) : null,
    rollout: rollout ? encodeDocument(rollout) : null,
    inForce: status.force === 'in-force',
    nowMs: String(status.nowMs),
    waves: status.waves.map(waveMessage),
    wait: encodeWait(status.wait),
    stop: stop
      ? {
          atMs: String(stop.atMs),
          wave: stop.wave,
          refused: String(stop.refused),
          maxFailures: String(stop.maxFailures),
        }
      : null,
    nodes: status.nodes.slice(0, MEMBERS_MAX).map(nodeMessage),
  });
  requireSize(bytes, MESSAGE_MAX_BYTES, 'rollout');
  return bytes;
}

function decodeRelease({ sequence, digest }: NamedReleaseOutput): NamedRelease {
  return {
    sequence: parseSequence(decodeUint(sequence, 'sequence of a release')),
    digest: decodeSha256(digest, 'digest of a release'),
  };
}

function releaseMessage({ sequence, digest }: NamedRelease): NamedReleaseInput {
  return { sequence: String(sequence), digest: encodeHexBytes(digest) };
}

function decodeWave({ openedAtMs, regions }: WaveStatusOutput): WaveStatus {
  const atMs = decodeTime(openedAtMs, 'opening of a wave');
  const counts = requireCount(regions, MEMBERS_MAX, 'regions of a wave').map((region) => {
    const own: WaveCounts = {
      clients: decodeUint(region.clients, 'clients of a wave'),
      delivered: decodeUint(region.delivered, 'deliveries of a wave'),
      loaded: decodeUint(region.loaded, 'loads of a wave'),
      refused: decodeUint(region.refused, 'refusals of a wave'),
    };
    return [parseRegionName(region.region), own] as const;
  });
  return { regions: new Map(counts), ...(atMs > 0 && { openedAtMs: atMs }) };
}

function waveMessage({ openedAtMs, regions }: WaveStatus): WaveStatusInput {
  return {
    openedAtMs: String(openedAtMs ?? 0),
    regions: Array.from(regions, ([region, { clients, delivered, loaded, refused }]) => ({
      region,
      clients: String(clients),
      delivered: String(delivered),
      loaded: String(loaded),
      refused: String(refused),
    })),
  };
}

function decodeStop(stop: RolloutStopOutput): Stop {
  return {
    atMs: decodeTime(stop.atMs, 'time of a stop'),
    wave: stop.wave,
    refused: decodeUint(stop.refused, 'refusals of a stop'),
    maxFailures: decodeUint(stop.maxFailures, 'gate of a stop'),
  };
}

function decodeNode(node: RolloutNodeOutput): SeenNode {
  return {
    nodeId: parseNodeId(node.nodeId),
    region: parseRegionName(node.region),
    knowledge: decodeName(KNOWLEDGE, node.knowledge, 'what is known of a node'),
    open: node.open,
  };
}

function nodeMessage({ nodeId, region, knowledge, open }: SeenNode): RolloutNodeInput {
  return { nodeId, region, knowledge: KNOWLEDGE[knowledge], open };
}

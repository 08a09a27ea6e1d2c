/**
 * How a rollout goes, for programs.
 *
 * @module
 */
import { formatTimestamp } from '../../core/ids.ts';
import type { Wait } from '../../core/rollouts/gates.ts';
import { sumCounts } from '../../core/rollouts/gates.ts';
import type { RolloutStatus } from '../../core/rollouts/status.ts';
import type { RolloutHead } from '../../core/trusted/state.ts';
import type { Json } from '../output.ts';
import { timesJson } from './times.ts';

/** The status of a bundle's rollout; `rollout` is verified. */
export function rolloutJson(status: RolloutStatus, rollout: RolloutHead | undefined): Json {
  const { head, everybody, wait, stop } = status;
  const place = {
    bundle: status.bundle,
    head: head ? { ...head } : null,
    everybody: everybody ? { ...everybody } : null,
  };
  if (rollout === undefined) return { ...place, rollout: null };
  const { body } = rollout;
  return {
    ...place,
    rollout: {
      sequence: rollout.sequence,
      digest: rollout.digest,
      state: body.state,
      note: body.note,
      from: body.from ? { ...body.from } : null,
      to: { ...body.to },
      maxPerIdentity: body.maxPerIdentity ?? null,
      expires: formatTimestamp(rollout.expiresMs),
    },
    inForce: status.force === 'in-force',
    waves: body.waves.map(({ name, match, percent, gates, ...times }, index) => {
      const wave = status.waves[index];
      const at = wave?.openedAtMs;
      return {
        name,
        match: Object.fromEntries(match),
        percent,
        gates: { ...gates },
        ...timesJson(times),
        opened: at === undefined ? null : formatTimestamp(at),
        ...sumCounts([...(wave?.regions.values() ?? [])]),
        regions: Object.fromEntries(
          Array.from(wave?.regions ?? [], ([region, counts]) => [region, { ...counts }]),
        ),
      };
    }),
    wait: waitJson(wait),
    stop: stop ? { ...stop, wave: body.waves[stop.wave]?.name ?? null } : null,
    nodes: status.nodes.map((node) => ({ ...node })),
  };
}

function waitJson(wait: Wait): Json {
  if (wait.kind === 'unknown') return { kind: wait.kind, nodes: [...wait.nodes] };
  if (wait.kind !== 'time') return { ...wait };
  return { kind: wait.kind, opensAt: formatTimestamp(wait.opensAtMs) };
}

/**
 * The gates behind a rotation that were closed when they were passed: a path that is done has to
 * show them for ever, and only the releases that passed them know.
 *
 * @module
 */
import type { AnchorId } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { passedIn } from '../../core/rotation/note.ts';
import type { RotationStep } from '../../core/rotation/path.ts';
import { readBodies } from '../release/history.ts';
import type { Known, Rotation } from './look.ts';

/** A rotation that takes more releases of its bundle than this shows what its last ones passed. */
const RELEASES_MAX = 64;

/** The rotation with what its own releases say of gates behind it, and of what has left. */
export async function withPassed(known: Known, rotation: Rotation): Promise<Rotation> {
  const { path } = rotation;
  if (!path.steps.some(({ kind, standing }) => kind === 'gate' && standing === 'done')) {
    return rotation;
  }
  const { passed, from } = await readPast(known, rotation);
  const steps = path.steps.map((step): RotationStep => {
    const evidence = step.standing === 'done' ? passed.get(step.name) : undefined;
    return evidence === undefined ? step : { ...step, standing: 'passed', evidence: [evidence] };
  });
  return { ...rotation, from: { ...rotation.from, label: from }, path: { ...path, steps } };
}

/** Which gates were passed, by which release and why, newest first; the last label of `from`. */
async function readPast(
  { realm, head, bundle }: Known,
  { from, to }: Rotation,
): Promise<{ readonly passed: ReadonlyMap<string, string>; readonly from: string }> {
  const notes: { readonly sequence: number; readonly note: string }[] = [];
  // What has left has no name in the head any more; what was renamed has several.
  let last = from.state === 'gone' ? undefined : from.label;
  const names = { from: new Set([from.label]), to: new Set([to.label]) };
  for await (const { sequence, body } of readBodies(realm, { ...head, bundle }, RELEASES_MAX)) {
    const target = labelIn(body, to.id);
    if (target === undefined) break;
    names.to.add(target);
    const source = labelIn(body, from.id);
    last ??= source;
    names.from.add(source ?? from.label);
    notes.push({ sequence, note: body.note });
  }
  const passed = new Map<string, string>();
  for (const { sequence, note } of notes) {
    for (const [one, other] of pairsOf(names)) {
      const { gates, why } = passedIn(note, { from: one, to: other });
      const text = `closed, passed by release ${String(sequence)}: ${why}`;
      for (const gate of gates) if (!passed.has(gate)) passed.set(gate, text);
    }
  }
  return { passed, from: last ?? from.label };
}

function labelIn({ anchors }: ReleaseBody, id: AnchorId): string | undefined {
  return anchors.find((anchor) => anchor.id === id)?.label;
}

function pairsOf(names: {
  readonly from: ReadonlySet<string>;
  readonly to: ReadonlySet<string>;
}): readonly (readonly [string, string])[] {
  return [...names.from].flatMap((one) => [...names.to].map((other) => [one, other] as const));
}

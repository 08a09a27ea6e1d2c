/**
 * The note of a release that a rotation makes: what step it is and, when somebody passed a closed
 * gate, which one, why, and what was known then. It is in the signed body, so everybody who signs
 * reads it, and whoever looks back finds it.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { TEXT_MAX_CHARS } from '../limits.ts';
import type { RotationPath } from './path.ts';
import { ROTATION_GATES, type RotationGate, type RotationRelease } from './steps.ts';

/** A reason, UTF-16 units: there has to be room for what was known. */
const REASON_MAX_CHARS = 200;
const CUT = '…';
const OVERRIDE = /^rotation from ".*" to ".*": [a-z]+; (override .+)$/s;
const PASSED = /^override ([a-z, -]+): (.*)$/s;

/** What people call the two anchors. */
export interface RotationNames {
  readonly from: string;
  readonly to: string;
}

/** Writes the note. Errors: `LIMIT` when the reason is too long. */
export function rotationNote(
  release: RotationRelease,
  names: RotationNames,
  path: RotationPath,
  reason: string | undefined,
): string {
  const what = `${opening(names)}${release}`;
  const passed = path.steps.filter(({ standing }) => standing === 'overridden');
  if (passed.length === 0 || reason === undefined) return what;
  if (reason.length > REASON_MAX_CHARS) {
    throw new KedgeError('LIMIT', `a reason has at most ${REASON_MAX_CHARS} characters`, {
      detail: { size: reason.length, max: REASON_MAX_CHARS },
    });
  }
  const gates = passed.map(({ name }) => name).join(', ');
  const known = passed.flatMap(({ blockers }) => blockers.map(({ text }) => text)).join('; ');
  return cut(`${what}; override ${gates}: ${reason} (${known})`, TEXT_MAX_CHARS);
}

/** What the note of a release says of gates that were passed though they were closed. */
export function overrideIn(note: string): string | undefined {
  return OVERRIDE.exec(note)?.[1];
}

/** Whether it is the note of a release that the rotation of these two made. */
export function isNoteOf(note: string, names: RotationNames): boolean {
  return note.startsWith(opening(names));
}

/** The gates that a release of the rotation of these two passed; why: reason and what was known. */
export function passedIn(
  note: string,
  names: RotationNames,
): { readonly gates: readonly RotationGate[]; readonly why: string } {
  const said = isNoteOf(note, names) ? overrideIn(note) : undefined;
  const [, listed = '', why = ''] = PASSED.exec(said ?? '') ?? [];
  const named = new Set(listed.split(', '));
  return { gates: ROTATION_GATES.filter((gate) => named.has(gate)), why };
}

function opening({ from, to }: RotationNames): string {
  return `rotation from "${cut(from, 60)}" to "${cut(to, 60)}": `;
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max - CUT.length).trimEnd() + CUT;
}

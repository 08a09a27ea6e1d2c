/**
 * The note of a release that a rotation makes: what step it is and, when somebody passed a closed
 * gate, which one, why, and what was known then. It is in the signed body, so everybody who signs
 * reads it, and whoever looks back finds it.
 *
 * @module
 */
import { KedgeError } from '../errors.ts';
import { TEXT_MAX_CHARS } from '../limits.ts';
import type { RotationPath, RotationRelease } from './path.ts';

/** A reason, UTF-16 units: there has to be room for what was known. */
const REASON_MAX_CHARS = 200;
const CUT = '…';
const OVERRIDE = /^rotation from ".*" to ".*": [a-z]+; (override .+)$/s;

/** Writes the note. Errors: `LIMIT` when the reason is too long. */
export function rotationNote(
  release: RotationRelease,
  names: { readonly from: string; readonly to: string },
  path: RotationPath,
  reason: string | undefined,
): string {
  const what = `rotation from "${cut(names.from, 60)}" to "${cut(names.to, 60)}": ${release}`;
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

function cut(text: string, max: number): string {
  return text.length <= max ? text : text.slice(0, max - CUT.length).trimEnd() + CUT;
}

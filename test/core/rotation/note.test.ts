import { describe, expect, it } from 'vitest';
import { passedIn } from '../../../src/core/rotation/note.ts';

const NAMES = { from: 'CA "2024"', to: 'CA: new; override loaded: x' };
const OPENING = `rotation from "${NAMES.from}" to "${NAMES.to}": `;

describe('passedIn', () => {
  it('names the gates, the reason and what was known', () => {
    const note = `${OPENING}retire; override loaded, taken-up: host: down (1 client lacks it)`;
    expect(passedIn(note, NAMES)).toEqual({
      gates: ['loaded', 'taken-up'],
      why: 'host: down (1 client lacks it)',
    });
  });

  it('finds nothing in notes of other rotations, or of people', () => {
    const other = 'rotation from "A" to "B": retire; override loaded: ticket 1 (…)';
    expect(passedIn(other, NAMES).gates).toEqual([]);
    expect(passedIn(`${OPENING}retire`, NAMES).gates).toEqual([]);
    expect(passedIn('override loaded: by hand', NAMES).gates).toEqual([]);
  });
});

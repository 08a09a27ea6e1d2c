/**
 * Refusals name an anchor as people know it, whoever refuses.
 */
import { describe, expect, it } from 'vitest';
import { verifyLifecycle } from '../../../src/core/anchors/lifecycle.ts';
import { anchorName } from '../../../src/core/anchors/refusal.ts';
import type { ReleaseBody } from '../../../src/core/releases/body.ts';
import {
  activateAnchor,
  addAnchor,
  removeAnchor,
  retireAnchor,
  stageAnchor,
} from '../../../src/core/releases/edit.ts';
import { rollBack } from '../../../src/core/releases/rollback.ts';
import { checkBlobs } from '../../../src/core/releases/usable.ts';
import { anchor, anchorId, bodyOf, point, tombstone } from '../releases/bodies.ts';
import { expectCode, NOW_MS } from '../support.ts';

const OLD = anchor('old');
const STAGED = anchor('new', { state: 'staged' });
const BODY = bodyOf([OLD, STAGED]);
const AT = point(2, NOW_MS + 1000);
const CONTEXT = {
  lifecycle: { holdDownSeconds: 86_400, overlapSeconds: 86_400, blastRadiusPercent: 20 },
  gap: 'linked',
  authority: 'release',
} as const;

describe('anchorName', () => {
  it('says the label and the beginning of the id, without what a terminal obeys', () => {
    const id = anchorId('old');
    const short = id.slice(0, 16);
    expect(anchorName({ id, label: 'CA old' })).toBe(`anchor "CA old" (${short})`);
    expect(anchorName({ id, label: 'a\u001b[2J' })).toBe(`anchor "a\\u001b[2J" (${short})`);
    expect(anchorName({ id, label: '' })).toBe(`anchor ${short}`);
    expect(anchorName({ id })).toBe(`anchor ${short}`);
  });
});

describe('refusals of anchors', () => {
  it.each<[string, string, () => unknown]>([
    ['old', 'that it is listed', () => addAnchor(BODY, { ...OLD }, 'active', AT)],
    ['old', 'that it is active', () => activateAnchor(BODY, OLD.id, AT)],
    ['old', 'that it does not go yet', () => removeAnchor(BODY, OLD.id, AT)],
    ['new', 'that it retires', () => retireAnchor(BODY, STAGED.id, AT)],
    ['gone', 'that it comes back', () => stageAnchor(without('gone'), anchor('gone'), AT)],
    ['old', 'that it vanishes', () => follows(bodyOf([STAGED]))],
    ['old', 'that it left at another time', () => follows(without('old', bodyOf([STAGED])))],
    ['old', 'that it has another time', () => follows(bodyOf([{ ...OLD, sinceMs: 0 }, STAGED]))],
    ['new', 'that it is too early', () => follows(activateAnchor(BODY, STAGED.id, AT))],
  ])('name CA %s by its label where they say %s', (name, _, act) => {
    const { message, detail } = expectCode('LIFECYCLE', act);
    expect(message).toContain(`anchor "CA ${name}" (${anchorId(name).slice(0, 16)}) `);
    expect(detail['anchor']).toBe(anchorId(name));
  });

  it('name all that left since an earlier release', () => {
    const earlier = { sequence: AT.sequence, body: bodyOf([OLD]) };
    const current = without('old', bodyOf([anchor('next')]));
    const { message } = expectCode('LIFECYCLE', () => rollBack(current, earlier, AT));
    expect(message).toMatch(/^anchor "CA old" \([0-9a-f]{16}\) left since/);
  });

  it('name those whose certificates are missing', () => {
    const { message } = expectCode('DIGEST', () => {
      checkBlobs(BODY, new Map());
    });
    expect(message).toMatch(/certificate of anchor "CA (old|new)" \([0-9a-f]{16}\) is missing/);
  });

  function follows(next: ReleaseBody): void {
    verifyLifecycle(BODY, next, AT, CONTEXT);
  }

  /** The anchor left, in another release than this one. */
  function without(name: string, body: ReleaseBody = BODY): ReleaseBody {
    return { ...body, tombstones: [tombstone(name, { sequence: point(7).sequence })] };
  }
});

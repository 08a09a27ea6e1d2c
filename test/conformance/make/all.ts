/**
 * Every vector file, as it is to be on disk.
 */
import { FORMAT, type GROUPS, type VectorFile } from '../format.ts';
import { groupA } from './group-a.ts';
import { COVERED_B, groupB, groupB10 } from './group-b.ts';
import { COVERED_C, groupC } from './group-c.ts';
import { COVERED_D, groupD } from './group-d.ts';
import { COVERED_E, groupE } from './group-e.ts';
import { COVERED_F, groupF } from './group-f.ts';
import { COVERED_G, groupG } from './group-g.ts';
import { COVERED_H, groupH } from './group-h.ts';
import { COVERED_I, groupI } from './group-i.ts';
import { COVERED_J } from './group-j.ts';

/** The text of each file, by group. */
export function makeVectors(): Readonly<Record<(typeof GROUPS)[number], string>> {
  return {
    a: text({ format: FORMAT, group: 'A', cases: groupA(), covered: [] }),
    b: text({ format: FORMAT, group: 'B', cases: groupB(), covered: COVERED_B }),
    b10: text({ format: FORMAT, group: 'B', cases: groupB10(), covered: [] }),
    c: text({ format: FORMAT, group: 'C', cases: groupC(), covered: COVERED_C }),
    d: text({ format: FORMAT, group: 'D', cases: groupD(), covered: COVERED_D }),
    e: text({ format: FORMAT, group: 'E', cases: groupE(), covered: COVERED_E }),
    f: text({ format: FORMAT, group: 'F', cases: groupF(), covered: COVERED_F }),
    g: text({ format: FORMAT, group: 'G', cases: groupG(), covered: COVERED_G }),
    h: text({ format: FORMAT, group: 'H', cases: groupH(), covered: COVERED_H }),
    i: text({ format: FORMAT, group: 'I', cases: groupI(), covered: COVERED_I }),
    j: text({ format: FORMAT, group: 'J', cases: [], covered: COVERED_J }),
  };
}

function text(file: VectorFile): string {
  return `${JSON.stringify(file, null, 1)}\n`;
}

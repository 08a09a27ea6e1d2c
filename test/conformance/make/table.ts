/**
 * The page that says which test holds which case of the design: made from the vectors and from what
 * they leave to others, so that it cannot say more than is there.
 */
import type { CoveredCase, VectorFile } from '../format.ts';

/** The cases of the design, by group; numbers that are not there were never given. */
const DESIGN: Readonly<Record<string, string>> = {
  A: '01 02 03 05 06 07 08 09 10 11 12 14 15 16 17 18',
  B: '01 02 03 04 05 06 07 08 09 10 11 13 14 15 16 17 18',
  C: '01 02 03 04 05 06 07 08 10 11 12 13 14 15 17 18 19',
  D: '01 02 03 04 05 06 07 08 09 10 11',
  E: '01 02 03 04 05 07 08 09 10 11 12',
  F: '01 02 03 04 05 06 07 09 11',
  G: '01 02 03 04 05 06 07 08 09 10 11 12 13 14 16 17 18 20 21 22 23 24 25',
  H: '01 02 03 04 06 07 08 09 10 11 12 13',
  // Rollouts, what clients report, how anchors are limited; the others are not part of this version
  // yet.
  I: '05 06 07 08 09 10 11 12 13',
  J: '01 02 04 06',
};
const SUBJECTS = ['core', 'peer', 'admin', 'client'] as const;
const RANGE = /^([A-J])(\d\d)(?:-[A-J](\d\d))? /;

/** One way in which a case is held, or why it is not. */
interface Held {
  readonly name: string;
  readonly by: string;
}

/** The ids of the design that nothing speaks of. */
export function unheldIds(files: readonly VectorFile[]): readonly string[] {
  const held = allHeld(files);
  return designIds().filter((id) => !held.some(({ name }) => isAbout(name, id)));
}

/** The page. */
export function conformanceTable(files: readonly VectorFile[]): string {
  const held = allHeld(files);
  const rows = designIds().flatMap((id) =>
    held
      .filter(({ name }) => isAbout(name, id))
      .map(({ name, by }) => `| ${id} | ${name} | ${by} |`),
  );
  return [
    '# Conformance: which test holds which case',
    '',
    'Made by `npx vitest run test/conformance/vectors.test.ts -u`, which also checks that each',
    'test named here exists. "vectors" are the cases of [the suite](conformance.md) with the',
    'subjects that they are put to. What is not there, or is otherwise than one may expect,',
    'says so.',
    '',
    '| id | case | held by |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function designIds(): readonly string[] {
  return Object.entries(DESIGN).flatMap(([group, ids]) =>
    ids.split(' ').map((id) => `${group}${id}`),
  );
}

function allHeld(files: readonly VectorFile[]): readonly Held[] {
  return files.flatMap(({ cases, covered }) => [
    ...cases.map(({ name, skip = {} }) => {
      const subjects = SUBJECTS.filter((subject) => skip[subject] === undefined);
      return { name, by: `vectors: ${subjects.join(', ')}` };
    }),
    ...covered.map((one) => ({ name: one.name, by: elsewhere(one) })),
  ]);
}

function elsewhere({ about, test, title }: CoveredCase): string {
  if (test === undefined) return `not held: ${about}`;
  return `${about} \`${test}\`: "${title ?? ''}"`;
}

/** `G01-G06 …` is about each of them. */
function isAbout(name: string, id: string): boolean {
  const [, group, from = '', to = from] = RANGE.exec(name) ?? [];
  const number = Number(id.slice(1));
  return group === id[0] && number >= Number(from) && number <= Number(to);
}

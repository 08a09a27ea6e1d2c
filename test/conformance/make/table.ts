/**
 * The page that says which test holds which case of the design: made from the vectors and from what
 * they leave to others, so that it cannot say more than is there.
 */
import type { ConformanceCase, CoveredCase, VectorFile } from '../format.ts';

/** The cases of the design, by group; numbers that are not there were never given. */
const DESIGN: Readonly<Record<string, string>> = {
  A: '01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18',
  B: '01 02 03 04 05 06 07 08 09 10 11 13 14 15 16 17 18',
  C: '01 02 03 04 05 06 07 08 10 11 12 13 14 15 17 18 19',
  D: '01 02 03 04 05 06 07 08 09 10 11',
  E: '01 02 03 04 05 07 08 09 10 11 12',
  F: '01 02 03 04 05 06 07 09 11',
  G: '01 02 03 04 05 06 07 08 09 10 11 12 13 14 16 17 18 20 21 22 23 24 25 26',
  H: '01 02 03 04 06 07 08 09 10 11 12 13',
  I: '01 03 04 05 06 07 08 09 10 11 12 13 14',
  J: '01 02 04 05 06',
};
const SUBJECTS = ['core', 'peer', 'admin', 'client', 'command'] as const;
const RANGE = /^([A-J])(\d\d)(?:-[A-J](\d\d))? /;

/** The ids of the design that nothing speaks of. */
export function unheldIds(files: readonly VectorFile[]): readonly string[] {
  const held = files.flatMap(({ cases, covered }) => [...cases, ...covered]);
  return designIds().filter((id) => !held.some(({ name }) => isAbout(name, id)));
}

/** The names of cases that are of no id of the design, and so would be on no page. */
export function strayCases(files: readonly VectorFile[]): readonly string[] {
  const held = files.flatMap(({ cases, covered }) => [...cases, ...covered]);
  const ids = designIds();
  return held.map(({ name }) => name).filter((name) => !ids.some((id) => isAbout(name, id)));
}

/** The page. */
export function conformanceTable(files: readonly VectorFile[]): string {
  const cases = files.flatMap((file) => file.cases);
  const covered = files.flatMap((file) => file.covered);
  const reasons = [...new Set(cases.flatMap(({ skip = {} }) => Object.values(skip)))];
  const missing = covered.filter(({ test }) => test === undefined);
  return [
    '# Conformance: which test holds which case',
    '',
    'Made by `npx vitest run test/conformance/vectors.test.ts -u`, which also checks that every',
    'case of the design is here, and that each test named here exists. What is otherwise than one',
    'may expect says so.',
    '',
    `${String(cases.length)} cases are data and are put to [the subjects](conformance.md), ` +
      `${String(covered.length)} are held by tests of their own; ` +
      `${String(missing.length)} are not held.`,
    '',
    '## Cases that are put to the subjects',
    '',
    'Core: the verifier. Peer: a node, by a hostile peer. Admin: a node, by its admin API. SDK: a',
    'program, by a lying node. Command: a program of any language behind the line protocol.',
    '`+`: it passes, each refusal with its typed code. A number: left out, for the reason below.',
    '',
    '| id | case | core | peer | admin | SDK | command |',
    '|---|---|---|---|---|---|---|',
    ...perId(cases, (one) => SUBJECTS.map((subject) => markOf(one, subject, reasons)).join(' | ')),
    '',
    'In a case that is run, a step may be of no use to a subject, and is not put to it:',
    '',
    '| subject | steps |',
    '|---|---|',
    '| peer, admin, SDK | files: nodes and programs read none of envelopes or certificates |',
    '| admin | what regions signed, and proofs of forks: `Submit` takes documents alone |',
    '| peer, admin | how fresh a set is: nodes demand nothing of regions |',
    '',
    'Why a case is left out:',
    '',
    ...reasons.map((reason, index) => `${String(index + 1)}. ${reason}`),
    '',
    '## Cases that tests of their own hold',
    '',
    '| id | case | held by |',
    '|---|---|---|',
    ...perId(covered, elsewhere),
    '',
  ].join('\n');
}

function perId<Case extends { readonly name: string }>(
  cases: readonly Case[],
  cells: (one: Case) => string,
): readonly string[] {
  return designIds().flatMap((id) =>
    cases
      .filter(({ name }) => isAbout(name, id))
      .map((one) => `| ${id} | ${one.name} | ${cells(one)} |`),
  );
}

/** A command is put to what the core is put to. */
function markOf(
  { skip = {} }: ConformanceCase,
  subject: (typeof SUBJECTS)[number],
  reasons: readonly string[],
): string {
  const reason = skip[subject === 'command' ? 'core' : subject];
  return reason === undefined ? '+' : String(1 + reasons.indexOf(reason));
}

function designIds(): readonly string[] {
  return Object.entries(DESIGN).flatMap(([group, ids]) =>
    ids.split(' ').map((id) => `${group}${id}`),
  );
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

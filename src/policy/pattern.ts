/**
 * Regular expressions with bounded work: the time grows with text times pattern, whatever both are.
 *
 * The engine of JavaScript tries one way after the other, which a short pattern makes exponential.
 * Rules are applied to text of whoever drafts a change, on nodes too, so all ways are followed at
 * once (Thompson 1968). There is what rules need and nothing that cannot be done this way: no
 * references, no look-around.
 *
 * @module
 */
import { KedgeError } from '../core/errors.ts';
import { type PatternTree, parsePattern } from './pattern-reader.ts';

/** A compiled pattern. */
export interface Pattern {
  /** Says whether the pattern occurs in the text; `^` and `$` bind it to the ends. */
  test(text: string): boolean;
}

type Step =
  | { readonly kind: 'char'; readonly test: (code: number) => boolean }
  | { readonly kind: 'either'; readonly ways: readonly number[] }
  | { readonly kind: 'start' | 'end' | 'done' };

const STEPS_MAX = 2000;

/** Compiles a pattern. Errors: `PARSE` (not one, or not supported), `LIMIT` (too large). */
export function compilePattern(source: string): Pattern {
  const steps: Step[] = [];
  emit(parsePattern(source), steps);
  push(steps, { kind: 'done' });
  return { test: (text) => occurs(steps, text) };
}

function emit(tree: PatternTree, steps: Step[]): void {
  switch (tree.kind) {
    case 'char':
    case 'start':
    case 'end':
      return push(steps, tree);
    case 'all':
      for (const part of tree.of) emit(part, steps);
      return;
    case 'one':
      return emitChoice(tree.of, steps);
    case 'many':
      return emitMany(tree, steps);
  }
}

function emitChoice(ways: readonly PatternTree[], steps: Step[]): void {
  const [first, ...rest] = ways;
  if (first === undefined) return;
  if (rest.length === 0) return emit(first, steps);
  const fork = reserve(steps);
  const begin = steps.length;
  emit(first, steps);
  const skip = reserve(steps);
  const second = steps.length;
  emitChoice(rest, steps);
  steps[fork] = { kind: 'either', ways: [begin, second] };
  steps[skip] = { kind: 'either', ways: [steps.length] };
}

function emitMany(
  { of, min, max }: { readonly of: PatternTree; readonly min: number; readonly max: number },
  steps: Step[],
): void {
  for (let i = 0; i < min; i += 1) emit(of, steps);
  if (max === Infinity) {
    const fork = reserve(steps);
    emit(of, steps);
    push(steps, { kind: 'either', ways: [fork] });
    steps[fork] = { kind: 'either', ways: [fork + 1, steps.length] };
    return;
  }
  const forks: number[] = [];
  for (let i = min; i < max; i += 1) {
    forks.push(reserve(steps));
    emit(of, steps);
  }
  for (const fork of forks) steps[fork] = { kind: 'either', ways: [fork + 1, steps.length] };
}

function reserve(steps: Step[]): number {
  push(steps, { kind: 'either', ways: [] });
  return steps.length - 1;
}

function push(steps: Step[], step: Step): void {
  if (steps.length >= STEPS_MAX) throw new KedgeError('LIMIT', 'the pattern is too large');
  steps.push(step);
}

/** Follows all ways at once; each step is visited at most once per character. */
function occurs(steps: readonly Step[], text: string): boolean {
  const codes = Array.from(text, codeOf);
  let now = new Set<number>();
  for (let at = 0; at <= codes.length; at += 1) {
    // A match may begin anywhere.
    if (reach(steps, 0, now, { at, length: codes.length }) === 'done') return true;
    const code = codes[at];
    if (code === undefined) return false;
    const next = new Set<number>();
    for (const index of now) {
      const step = steps[index];
      if (step?.kind !== 'char' || !step.test(code)) continue;
      const place = { at: at + 1, length: codes.length };
      if (reach(steps, index + 1, next, place) === 'done') return true;
    }
    now = next;
  }
  return false;
}

/** Adds what can be reached without a character. */
function reach(
  steps: readonly Step[],
  from: number,
  into: Set<number>,
  place: { readonly at: number; readonly length: number },
): 'done' | 'open' {
  const open = [from];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const step = steps[index];
    if (step === undefined || into.has(index)) continue;
    into.add(index);
    if (step.kind === 'done') return 'done';
    if (step.kind === 'either') open.push(...step.ways);
    else if (step.kind === 'start' && place.at === 0) open.push(index + 1);
    else if (step.kind === 'end' && place.at === place.length) open.push(index + 1);
  }
  return 'open';
}

function codeOf(char: string): number {
  return char.codePointAt(0) ?? 0;
}

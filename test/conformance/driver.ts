/**
 * Runs cases through a subject and asserts, beside the outcome, what every refusal must leave
 * behind: the state as it was, a log line and a counter, and little time gone.
 */
import { describe, expect, it } from 'vitest';
import { isErrorCode } from '../../src/core/errors.ts';
import {
  type ConformanceCase,
  expectedOutcome,
  type JudgedStep,
  readAllCases,
  type Step,
} from './format.ts';
import type { Subject, SubjectKind } from './subjects/subject.ts';

/** One step may take this long, milliseconds, however hostile, and however busy the machine is. */
const STEP_MAX_MS: number = 30_000;
const CASE_MAX_MS = 120_000;

/** What a run came to. */
export interface ConformanceReport {
  cases: number;
  steps: number;
  refusals: number;
  /** Steps of a kind that the subject does not take. */
  unfitSteps: number;
  slowestStepMs: number;
  readonly skipped: Map<string, string>;
}

/** Declares a test per case, and one that counts them. */
export function describeConformance(kind: SubjectKind): void {
  const report: ConformanceReport = {
    cases: 0,
    steps: 0,
    refusals: 0,
    unfitSteps: 0,
    slowestStepMs: 0,
    skipped: new Map(),
  };
  const cases = readAllCases();
  const { title = kind.name } = kind;
  describe(`conformance of ${title}`, () => {
    for (const one of cases) {
      const reason = one.skip?.[kind.name];
      if (reason === undefined) {
        it(one.name, { timeout: CASE_MAX_MS }, async () => runCase(kind, one, report));
      } else {
        report.skipped.set(one.name, reason);
      }
    }

    it('gives a reason for every case that it leaves out', () => {
      const { cases: run, steps, refusals, unfitSteps, slowestStepMs, skipped } = report;
      const slow = `slowest step ${Math.round(slowestStepMs)} ms`;
      process.stderr.write(
        `conformance of ${title}: ${run} cases, ${steps} steps, ${refusals} refusals, ` +
          `${unfitSteps} steps of other kinds, ${skipped.size} cases left out, ${slow}\n`,
      );
      expect(run + skipped.size).toBe(cases.length);
      expect([...skipped.values()].every((reason) => reason.length > 10)).toBe(true);
    });
  });
}

async function runCase(
  kind: SubjectKind,
  one: ConformanceCase,
  report: ConformanceReport,
): Promise<void> {
  report.cases += 1;
  await using subject = await kind.open(one);
  for (const [index, step] of one.steps.entries()) {
    if ('restart' in step) {
      await requireSameAfterRestart(subject, step);
      continue;
    }
    if ('fresh' in step) {
      const { fresh, clock, nowMs } = step;
      const seen = await subject.freshness(nowMs);
      if (seen === undefined) report.unfitSteps += 1;
      else expect(seen, step.about ?? `at ${nowMs}`).toEqual({ fresh, clock });
      continue;
    }
    if (subject.unfit(step) !== undefined) {
      report.unfitSteps += 1;
      continue;
    }
    const what = `step ${index + 1} of ${one.steps.length} (${step.about ?? step.expect})`;
    await runStep(kind, subject, step, what, report);
  }
  const end = one.statusOf?.[kind.name] ?? one.status;
  expect(await subject.result(), 'at the end').toEqual(kind.visible(end, one));
}

async function runStep(
  kind: SubjectKind,
  subject: Subject,
  step: JudgedStep,
  what: string,
  report: ConformanceReport,
): Promise<void> {
  const expected = expectedOutcome(step, kind.name);
  const isRefusal = isErrorCode(expected);
  const isUnchanged = isRefusal || expected === 'held';
  const before = isUnchanged ? await subject.snapshot() : '';
  const reported = isRefusal ? subject.reported(expected) : undefined;
  const startedMs = performance.now();
  const { outcome, message } = await subject.take(step);
  const tookMs = performance.now() - startedMs;
  report.steps += 1;
  report.slowestStepMs = Math.max(report.slowestStepMs, tookMs);
  expect(outcome, `${what}: ${message ?? ''}`).toBe(expected);
  expect(tookMs, `${what} takes bounded time`).toBeLessThan(STEP_MAX_MS);
  if (isUnchanged) expect(await subject.snapshot(), `${what} leaves the state`).toBe(before);
  if (!isRefusal) return;
  report.refusals += 1;
  if (reported === undefined) return;
  expect(subject.reported(expected), `${what} is logged and counted`).toBeGreaterThan(reported);
}

async function requireSameAfterRestart(
  subject: Subject,
  { nowMs }: Extract<Step, { restart: true }>,
): Promise<void> {
  const before = await subject.result();
  await subject.restart(nowMs);
  expect(await subject.result(), 'after a restart').toEqual(before);
}

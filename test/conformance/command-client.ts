/**
 * The core behind the line protocol of `docs/conformance.md`: what a client in another language
 * has to offer to run the suite, and the proof that the protocol is enough.
 */
import { createInterface } from 'node:readline';
import type { ConformanceCase, JudgedStep } from './format.ts';
import { coreKind } from './subjects/core.ts';
import type { Subject } from './subjects/subject.ts';

type Request =
  | { readonly init: ConformanceCase }
  | { readonly restart: true; readonly nowMs: number }
  | { readonly status: true }
  | { readonly freshness: true; readonly nowMs: number }
  | JudgedStep;

let subject: Subject | undefined;

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await handle(JSON.parse(line) as Request);
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

async function handle(request: Request): Promise<unknown> {
  if ('init' in request) {
    subject = await coreKind.open(request.init);
    return {};
  }
  if (subject === undefined) throw new Error('init comes first');
  if ('status' in request) return await subject.result();
  if ('restart' in request) {
    await subject.restart(request.nowMs);
    return {};
  }
  if ('freshness' in request) return (await subject.freshness(request.nowMs)) ?? 'unfit';
  return await subject.take(request);
}

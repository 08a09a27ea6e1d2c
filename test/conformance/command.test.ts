/**
 * The suite through a program of its own: ours, or the one that `KEDGE_CONFORMANCE_CLIENT` names.
 */
import { afterAll, beforeAll } from 'vitest';
import { childProgram } from '../support/child.ts';
import { describeConformance } from './driver.ts';
import { CommandLine, commandKind } from './subjects/command.ts';

const given = process.env['KEDGE_CONFORMANCE_CLIENT'];
const ours =
  given === undefined ? childProgram(new URL('command-client.ts', import.meta.url)) : undefined;
let line: CommandLine | undefined;

beforeAll(() => {
  line =
    given === undefined
      ? new CommandLine(ours?.run([], { stdio: ['pipe', 'pipe', 'inherit'] }) ?? missing())
      : CommandLine.start(given);
});

afterAll(() => {
  line?.[Symbol.dispose]();
  ours?.remove();
});

describeConformance(commandKind(() => line ?? missing()));

function missing(): never {
  throw new Error('the program was not started');
}

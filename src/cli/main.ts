#!/usr/bin/env node
/**
 * The `kedge` program: connects the real process with `runCli`. The only file that reads argv and
 * the environment, and the only one that sets the exit code.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { KedgeError } from '../core/errors.ts';
import type { CliContext } from './context.ts';
import { EXIT_INTERRUPTED } from './exit-codes.ts';
import { runCli } from './run.ts';
import { terminalPrompter } from './terminal/questions.ts';

// Warnings about Node's own interfaces are for us, not for whoever reads the terminal.
process.noDeprecation = true;
process.exitCode = await runCli(process.argv.slice(2), processContext(), packageVersion());

function processContext(): CliContext {
  const { stdin, stdout, stderr } = process;
  // `kedge … | head` closes the pipe early: that is not an error of ours.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      process.exit(error.code === 'EPIPE' ? 0 : 1);
    });
  }
  let interrupts: AbortSignal | undefined;
  return {
    stdout,
    stderr,
    env: process.env,
    cwd: process.cwd(),
    prompter: stdin.isTTY ? terminalPrompter(stdin, stderr) : undefined,
    get signal() {
      interrupts ??= interruptSignal();
      return interrupts;
    },
    nowMs: () => Date.now(),
    readStdin: async (maxBytes) => readAll(maxBytes),
  };
}

// Installed when a command first asks for it; until then a signal ends the process as always, which
// is safe because files are written in one step. The first signal asks the command to stop, the
// second ends the process at once.
function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (by: string): void => {
    controller.abort(
      new KedgeError('UNAVAILABLE', `stopped by ${by}`, {
        detail: { hint: 'nothing: it ended in order; give the command again to begin anew' },
      }),
    );
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED);
      stop(name);
    });
  }
  if (process.env['KEDGE_STOP_WITH_INPUT'] === '1') whenInputEnds(() => stop('end of its input'));
  return controller.signal;
}

// A pipe ends with whoever has its other end, also where SIGKILL leaves them no time to say so.
function whenInputEnds(act: () => void): void {
  const { stdin } = process;
  stdin.once('end', act).once('error', act).resume();
  // That somebody could still end it keeps no process alive.
  if (stdin instanceof Socket) stdin.unref();
}

async function readAll(maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  const input: AsyncIterable<string | Buffer> = process.stdin;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxBytes) {
      throw new KedgeError('LIMIT', `standard input is longer than ${maxBytes} bytes`);
    }
    chunks.push(bytes);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function packageVersion(): string {
  const require = createRequire(import.meta.url);
  const facts: unknown = require('kedge/package.json');
  const known = typeof facts === 'object' && facts !== null && 'version' in facts;
  return known ? String(facts.version) : 'unknown';
}

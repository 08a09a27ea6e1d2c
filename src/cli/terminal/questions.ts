/**
 * Questions to the person at the terminal: secrets without echo, decisions with `y`.
 *
 * Questions go to stderr, so that stdout can be piped while somebody answers. The terminal's echo
 * is switched off by raw mode and put back whatever happens.
 *
 * @module
 */
import { createInterface } from 'node:readline/promises';
import type { ReadStream } from 'node:tty';
import { KedgeError } from '../../core/errors.ts';
import type { Prompter, Sink } from '../context.ts';

const SECRET_MAX_CHARS = 1024;

/** Makes a prompter for a terminal. */
export function terminalPrompter(input: ReadStream, output: Sink): Prompter {
  return {
    secret: (question) => readSecret(input, output, question),
    confirm: (question) => readDecision(input, output, question),
  };
}

async function readDecision(
  input: ReadStream,
  output: Sink,
  question: string,
): Promise<'yes' | 'no'> {
  output.write(`${question} [y/N] `);
  const lines = createInterface({ input, terminal: false });
  try {
    const answer = await new Promise<string>((resolve) => {
      lines.once('line', resolve);
      lines.once('close', () => resolve(''));
    });
    return /^y(es)?$/i.test(answer.trim()) ? 'yes' : 'no';
  } finally {
    lines.close();
  }
}

async function readSecret(input: ReadStream, output: Sink, question: string): Promise<string> {
  output.write(question);
  const decoder = new TextDecoder();
  let secret = '';
  input.setRawMode(true);
  try {
    return await new Promise<string>((resolve, reject) => {
      const stop = (settle: () => void): void => {
        input.off('data', onData);
        input.off('end', onEnd);
        settle();
      };
      const onEnd = (): void => stop(() => reject(interrupted()));
      const onData = (chunk: Buffer): void => {
        for (const char of decoder.decode(chunk, { stream: true })) {
          if (char === '\r' || char === '\n') return stop(() => resolve(secret));
          if (char === '\u0003' || char === '\u0004') return stop(() => reject(interrupted()));
          if (char === '\u007f' || char === '\b') secret = Array.from(secret).slice(0, -1).join('');
          else if (char === '\u0015') secret = '';
          else if (char >= ' ' && secret.length < SECRET_MAX_CHARS) secret += char;
        }
      };
      input.on('data', onData);
      input.on('end', onEnd);
      input.resume();
    });
  } finally {
    input.setRawMode(false);
    input.pause();
    output.write('\n');
  }
}

function interrupted(): KedgeError {
  return new KedgeError('CONFIG', 'interrupted at the prompt; nothing was done', {
    detail: { hint: 'run the command again when you are ready' },
  });
}

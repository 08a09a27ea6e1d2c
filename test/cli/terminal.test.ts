import { PassThrough } from 'node:stream';
import type { ReadStream } from 'node:tty';
import { describe, expect, it } from 'vitest';
import { terminalPrompter } from '../../src/cli/terminal/questions.ts';

/** A terminal that notes when its echo is off. */
function terminal(): {
  input: PassThrough;
  raw: boolean[];
  text: string[];
  prompter: ReturnType<typeof terminalPrompter>;
} {
  const input = new PassThrough();
  const raw: boolean[] = [];
  const text: string[] = [];
  const stream = Object.assign(input, {
    setRawMode: (mode: boolean) => {
      raw.push(mode);
      return stream;
    },
  });
  const output = { write: (chunk: string | Uint8Array) => text.push(String(chunk)) };
  return { input, raw, text, prompter: terminalPrompter(stream as unknown as ReadStream, output) };
}

describe('terminalPrompter', () => {
  it('reads a secret with the echo off, and puts the echo back', async () => {
    const { input, raw, text, prompter } = terminal();
    const secret = prompter.secret('Passphrase: ');
    input.write('pass');
    input.write('wörd\u007fX\r');
    expect(await secret).toBe('passwörX');
    expect(raw).toEqual([true, false]);
    expect(text.join('')).toBe('Passphrase: \n');
  });

  it('starts again at Ctrl-U, and reads characters that come in two parts', async () => {
    const { input, prompter } = terminal();
    const secret = prompter.secret('');
    const bytes = Buffer.from('wrong\u0015ü\n');
    input.write(bytes.subarray(0, 7));
    input.write(bytes.subarray(7));
    expect(await secret).toBe('ü');
  });

  it.each(['\u0003', '\u0004'])(
    'gives up at Ctrl-C and Ctrl-D, with the echo back on',
    async (key) => {
      const { input, raw, prompter } = terminal();
      const secret = prompter.secret('');
      input.write(`abc${key}`);
      await expect(secret).rejects.toMatchObject({ code: 'CONFIG' });
      expect(raw).toEqual([true, false]);
    },
  );

  it('gives up when the terminal goes away', async () => {
    const { input, raw, prompter } = terminal();
    const secret = prompter.secret('');
    input.end();
    await expect(secret).rejects.toMatchObject({ code: 'CONFIG' });
    expect(raw).toEqual([true, false]);
  });

  it.each([
    ['y\n', 'yes'],
    ['YES\n', 'yes'],
    ['\n', 'no'],
    ['yep\n', 'no'],
  ])('takes %j as %s', async (typed, answer) => {
    const { input, prompter } = terminal();
    const decision = prompter.confirm('Sure?');
    input.write(typed);
    expect(await decision).toBe(answer);
  });

  it('takes the end of input as no', async () => {
    const { input, prompter } = terminal();
    const decision = prompter.confirm('Sure?');
    input.end();
    expect(await decision).toBe('no');
  });
});

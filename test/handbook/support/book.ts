/** The handbook as a test reads it: sections, their blocks of commands, who types what. */
import { readFile } from 'node:fs/promises';

/** One command of a block. */
export interface Line {
  /** What is typed, without the prompt. */
  readonly text: string;
  /** Who types it; absent: whoever has the host. */
  readonly who: string | undefined;
  /** The exit codes that it may end with. */
  readonly ends: readonly number[];
}

export type Block = readonly Line[];

const page = await readFile(new URL('../../../docs/handbook.md', import.meta.url), 'utf8');
const WHO = /\s+# (?:(?<who>[a-z]+)\b)?(?:(?:; )?ends with (?<ends>\d+(?: or \d+)*))?$/;

/** The titles of the runbooks and their blocks, in order. */
export const BOOK: ReadonlyMap<string, readonly Block[]> = new Map(
  page.split(/^## /m).map((section) => {
    const blocks = [...section.matchAll(/^```console\n(.*?)^```$/gms)];
    return [section.split('\n')[0] ?? '', blocks.map(([, text = '']) => linesOf(text))] as const;
  }),
);

function linesOf(block: string): Block {
  const lines = block.replaceAll(/ *\\\n */g, ' ').split('\n');
  return lines.filter((line) => line !== '').map(lineOf);
}

function lineOf(line: string): Line {
  if (!line.startsWith('$ ')) throw new Error(`no command: ${line}`);
  const { who, ends = '0' } = WHO.exec(line)?.groups ?? {};
  return { text: line.slice(2).replace(WHO, ''), who, ends: ends.split(' or ').map(Number) };
}

/** The file that the handbook writes out. */
export const WAVES: string = /^```yaml\n(.*?)^```$/ms.exec(page)?.[1] ?? '';

/** The words of a command after `kedge`, as a shell reads them; absent for other programs. */
export function kedgeWords(text: string): readonly string[] | undefined {
  if (!text.startsWith('kedge ')) return undefined;
  const words = text.slice('kedge '.length).matchAll(/"([^"]*)"|(\S+)/g);
  return [...words].map(([, quoted, plain]) => quoted ?? plain ?? '');
}

/**
 * A text that takes the place of the one before on a terminal, cut to the terminal's size.
 *
 * A line that wraps or a view that scrolls would push the top away and leave half of the old view
 * behind. Each line is written over the old one and its rest erased, so that nothing flickers.
 *
 * @module
 */
import type { Sink } from '../context.ts';

const ESCAPE_CHAR = '\u001b';
const ESCAPE = `${ESCAPE_CHAR}[`;
const HOME = `${ESCAPE}H`;
const ERASE_LINE = `${ESCAPE}K`;
const ERASE_BELOW = `${ESCAPE}J`;
const PLAIN = `${ESCAPE}0m`;
const STYLE_OR_CHAR = new RegExp(`${ESCAPE_CHAR}\\[[0-9;]*m|[\\s\\S]`, 'gu');

/** What to write to show `text` from the top of the screen on. */
export function screenOf(text: string, { columns, rows }: Pick<Sink, 'columns' | 'rows'>): string {
  const lines = text.split('\n').map((line) => cutLine(line, columns));
  const shown = cutLines(lines, rows).map((line) => `${line}${ERASE_LINE}\n`);
  return `${HOME}${shown.join('')}${ERASE_BELOW}`;
}

/** Leaves the last row to the cursor. */
function cutLines(lines: readonly string[], rows: number | undefined): readonly string[] {
  if (rows === undefined || rows < 3 || lines.length < rows) return lines;
  const shown = lines.slice(0, rows - 2);
  return [...shown, `… ${String(lines.length - shown.length)} more lines`];
}

/** Styles take no room; a line that is cut ends without one. */
function cutLine(line: string, columns: number | undefined): string {
  if (columns === undefined || columns < 2) return line;
  const parts = line.match(STYLE_OR_CHAR) ?? [];
  const isStyle = (part: string): boolean => part.startsWith(ESCAPE);
  if (parts.filter((part) => !isStyle(part)).length <= columns) return line;
  let room = columns - 1;
  let cut = '';
  for (const part of parts) {
    if (!isStyle(part)) room -= 1;
    if (room < 0) break;
    cut += part;
  }
  return `${cut}${cut.includes(ESCAPE) ? PLAIN : ''}…`;
}

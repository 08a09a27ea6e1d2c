/**
 * Bars of block characters, to an eighth of a cell.
 *
 * @module
 */
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar `cells` wide that is filled as far as `part` is of `whole`. */
export function formatBar(of: {
  readonly part: number;
  readonly whole: number;
  readonly cells: number;
}): string {
  const { part, whole, cells } = of;
  const eighths = whole === 0 ? 0 : Math.floor((part * cells * 8) / whole);
  return ('█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '')).padEnd(cells, '░');
}

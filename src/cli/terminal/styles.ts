/**
 * Colours and text layout for terminals. Colour is decoration: it never carries meaning alone, and
 * it is off unless the stream is a terminal and NO_COLOR (no-color.org) is not set.
 *
 * @module
 */

/** Wraps text in a terminal style, or leaves it alone. */
export type Style = (text: string) => string;

/** The styles that the CLI uses. */
export interface Styles {
  readonly bold: Style;
  readonly dim: Style;
  readonly red: Style;
  readonly green: Style;
  readonly yellow: Style;
}

const ESCAPE_CHAR = '\u001b';
const ESCAPE = `${ESCAPE_CHAR}[`;
const ANSI = new RegExp(`${ESCAPE_CHAR}\\[[0-9;]*m`, 'g');

/** Makes styles that do nothing (`plain`) or use ANSI colours (`ansi`). */
export function makeStyles(kind: 'plain' | 'ansi'): Styles {
  const style =
    (open: number, close: number): Style =>
    (text) =>
      kind === 'ansi' && text !== '' ? `${ESCAPE}${open}m${text}${ESCAPE}${close}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
  };
}

/** Decides whether a stream gets colours. */
export function colourKind(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>>,
): 'plain' | 'ansi' {
  const refused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  return stream.isTTY === true && !refused ? 'ansi' : 'plain';
}

/** Lays rows out in columns; the last column is not padded. */
export function formatTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const all = [headers, ...rows];
  const widths = headers.map((_, column) =>
    Math.max(...all.map((row) => visibleWidth(row[column] ?? ''))),
  );
  return all.map((row) => padRow(row, widths)).join('\n');
}

/** Lays `name: value` pairs out in two columns, each line indented by two spaces. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...fields.map(([name]) => name.length));
  return fields
    .map(([name, value]) => `  ${`${name}:`.padEnd(width + 2)}${value}`.trimEnd())
    .join('\n');
}

/** `1 anchor`, `2 anchors`. */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Replaces control characters, so that a name inside a certificate or a note cannot move the
 * cursor, recolour the terminal, or forge a line of what a signer reads before signing.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, '\u{fffd}');
}

function padRow(row: readonly string[], widths: readonly number[]): string {
  return widths
    .map((width, column) => {
      const cell = row[column] ?? '';
      return column === widths.length - 1 ? cell : cell + ' '.repeat(width - visibleWidth(cell));
    })
    .join('  ')
    .trimEnd();
}

/** How many columns a line takes. */
export function visibleWidth(text: string): number {
  return Array.from(text.replace(ANSI, '')).length;
}

/** Breaks a text between words, so that no line is cut; a word that is longer stays whole. */
export function wrapText(
  text: string,
  layout: {
    /** Absent: one line. */
    readonly columns: number | undefined;
    /** What the first line and the others begin with. */
    readonly first: string;
    readonly rest: string;
  },
): readonly string[] {
  const { columns = Number.POSITIVE_INFINITY, first, rest } = layout;
  const [word = '', ...words] = text.split(' ');
  const lines: string[] = [];
  let line = first + word;
  for (const next of words) {
    if (visibleWidth(line) + 1 + visibleWidth(next) <= columns) line += ` ${next}`;
    else {
      lines.push(line);
      line = rest + next;
    }
  }
  return [...lines, line];
}

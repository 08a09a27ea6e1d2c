/**
 * Tells the story of the demonstration: short lines, coloured on a terminal.
 *
 * @module
 */

/** Where the story goes. */
export interface StorySink {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

type Style = 'bold' | 'dim' | 'green' | 'red' | 'cyan';

const CODES: Readonly<Record<Style, string>> = {
  bold: '1',
  dim: '2',
  green: '32',
  red: '31',
  cyan: '36',
};

/** Writes the lines of the story, each with the seconds since the start. */
export class Story {
  readonly #sink: StorySink;
  readonly #coloured: boolean;
  readonly #startedMs: number = performance.now();
  #chapter = 0;

  constructor(sink: StorySink, environment: Readonly<Record<string, string | undefined>>) {
    this.#sink = sink;
    this.#coloured = sink.isTTY === true && environment['NO_COLOR'] === undefined;
  }

  /** A heading. */
  chapter(title: string): void {
    this.#chapter += 1;
    this.#line('');
    this.#line(this.paint('bold', `${String(this.#chapter)}. ${title}`));
  }

  /** Something happened. */
  say(text: string): void {
    this.#line(`${this.#elapsed()} ${text}`);
  }

  /** Something was checked and is as it must be. */
  good(text: string): void {
    this.#line(`${this.#elapsed()} ${this.paint('green', '✓')} ${text}`);
  }

  /** Something is not as it must be. */
  bad(text: string): void {
    this.#line(`${this.#elapsed()} ${this.paint('red', '✗')} ${text}`);
  }

  /** A line without time, for tables and commands. */
  plain(text: string): void {
    this.#line(text);
  }

  /** Text in a style, or as it is where there are no colours. */
  paint(style: Style, text: string): string {
    return this.#coloured ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
  }

  #elapsed(): string {
    const seconds = ((performance.now() - this.#startedMs) / 1000).toFixed(1);
    return this.paint('dim', `${seconds.padStart(6)} s`);
  }

  #line(text: string): void {
    this.#sink.write(`${text}\n`);
  }
}

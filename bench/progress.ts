/**
 * What a claim that takes minutes says meanwhile; standard output belongs to the result.
 *
 * @module
 */

/** One line for whoever waits. */
export function say(text: string): void {
  process.stderr.write(`bench: ${text}\n`);
}

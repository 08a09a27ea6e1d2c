/**
 * Appends for ever: `append-child <store> <body bytes>`. Prints the head that it found and then
 * each sequence once its append has been acknowledged, or why it stopped.
 */
import { writeSync } from 'node:fs';
import { KedgeError } from '../../src/core/errors.ts';
import { openLevelStore } from '../../src/storage/open-store.ts';
import { batchOf, documentOf, PAYMENTS } from '../contract/store-fixtures.ts';

const [, , path = '', bodyBytes = '0'] = process.argv;

try {
  const store = await openLevelStore(path);
  const [head] = await store.streams();
  say(`open ${String(head?.sequence ?? 0)}`);
  for (let sequence = (head?.sequence ?? 0) + 1; ; sequence += 1) {
    await store.append(batchOf(documentOf(PAYMENTS, sequence, { bodyBytes: Number(bodyBytes) })));
    say(`held ${String(sequence)}`);
  }
} catch (thrown) {
  const { code, detail } = KedgeError.from(thrown);
  say(`stop ${code} ${String(detail['reason'])}`);
  process.exit(3);
}

/** Without a buffer in this process, so that a line that was printed outlives it. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

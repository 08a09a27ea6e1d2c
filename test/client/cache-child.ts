/**
 * Saves release after release for ever: `cache-child <folder> <releases.json>`. Prints what it
 * found and each sequence once its save has been acknowledged.
 */
import { readFileSync, writeSync } from 'node:fs';
import { Cache, type SavedRelease } from '../../src/client/copy/cache.ts';
import { encodeUtf8, parseBase64 } from '../../src/core/bytes.ts';
import { sha256 } from '../../src/core/crypto.ts';
import { parseRealmName, parseSha256 } from '../../src/core/ids.ts';
import { parseEnvelope, type SignedDocument } from '../../src/core/statements/envelope.ts';
import { parseStatement } from '../../src/core/statements/statement.ts';

interface Plan {
  readonly realm: string;
  readonly pin: string;
  readonly charter: readonly [envelope: string, body: string];
  readonly releases: readonly (readonly [envelope: string, body: string])[];
  readonly ders: readonly string[];
}

const [, , folder = '', planFile = ''] = process.argv;
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
const cache = new Cache(folder, {
  realm: parseRealmName(plan.realm),
  firstCharterDigest: parseSha256(plan.pin),
});
const blobs = new Map(plan.ders.map((text) => parseBase64(text)).map((der) => [sha256(der), der]));
const charters = [document(plan.charter)];

const found = (await cache.load())?.releases[0];
let sequence = found === undefined ? 0 : sequenceOf(found);
say(`found ${sequence}`);
for (const entry of plan.releases.slice(sequence)) {
  await cache.save({ charters, releases: [{ document: document(entry), blobs }], evidence: [] });
  sequence += 1;
  say(`saved ${sequence}`);
}

function document([envelope, body]: readonly [string, string]): SignedDocument {
  return { statement: parseEnvelope(encodeUtf8(envelope)), body: parseBase64(body) };
}

function sequenceOf(release: SavedRelease): number {
  return parseStatement(release.document.statement.payload).sequence;
}

/** Without a buffer in this process, so that a line that was printed outlives it. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

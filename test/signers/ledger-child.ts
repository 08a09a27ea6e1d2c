/** Races for one sequence: `ledger-child <ledger> <digit>`; prints `won` or the error code. */
import { KedgeError } from '../../src/core/errors.ts';
import { parseRealmName, parseSequence, parseSha256, parseStreamName } from '../../src/core/ids.ts';
import { Ledger } from '../../src/signers/ledger.ts';

const [, , path = '', digit = ''] = process.argv;

try {
  await new Ledger(path).record({
    realm: parseRealmName('prod.example.org'),
    stream: parseStreamName('release/payments.example.org'),
    sequence: parseSequence(7),
    digest: parseSha256(digit.repeat(64)),
  });
  process.stdout.write('won');
} catch (thrown) {
  process.stdout.write(KedgeError.from(thrown).code);
}

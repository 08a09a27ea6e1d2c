/**
 * Group J: signing tools. None of its cases is about what a node or program accepts, so that there
 * are no vectors.
 */
import type { CoveredCase } from '../format.ts';

export const COVERED_J: readonly CoveredCase[] = [
  {
    name: 'J01 wrong-passphrase',
    about: 'One error for a wrong passphrase and a changed file.',
    test: 'test/signers/key-file.test.ts',
    title: 'gives one error for a wrong passphrase and for a changed file (J01)',
  },
  {
    name: 'J01 wrong-pin',
    about: 'Tried once and never again; a token locks after a few.',
    test: 'test/signers/pkcs11.test.ts',
    title: 'tries a wrong PIN once, and warns the next time',
  },
  {
    name: 'J02 wrong-key-or-encoding',
    about: 'Whatever signs; nothing leaves the tool.',
    test: 'test/signers/sign.test.ts',
    title: 'refuses the signature of a token that signs %s (J02)',
  },
  {
    name: 'J02 wrong-key, of a token',
    about: 'The public key of another pair lies beside the private one (SoftHSM 2).',
    test: 'test/signers/pkcs11.test.ts',
    title: 'may sign with another key than it shows, which the check finds (J02)',
  },
  {
    name: 'J02 wrong-key, of a command',
    about: 'The file with the public key is of another key.',
    test: 'test/signers/exec.test.ts',
    title: 'is not asked for the public key when a file has it; a wrong one is found (J02)',
  },
  {
    name: 'J04 statement-too-large',
    about: 'Refused before it is built.',
    test: 'test/core/statements/statement.test.ts',
    title: 'refuses to build more than 2048 bytes (J04)',
  },
  {
    name: 'J05 two-ceremony-versions',
    about:
      'Of two versions of one ceremony the ledger refuses the second, also without the first ' +
      'draft. It keeps digests: what is shown is the difference to what is published.',
    test: 'test/cli/release-flow.test.ts',
    title: 'refuses a second statement for a sequence, also when the first draft is gone',
  },
  {
    name: 'J05 two-ceremony-versions, of what came before',
    about: 'A draft that follows another one than this key signed is shown with a warning.',
    test: 'test/cli/release-flow.test.ts',
    title: 'warns of what the key signed before: another one below, and a later one (J05)',
  },
  {
    name: 'J06 context-option',
    about: 'A rule of the linter.',
    test: 'test/scripts/lint.test.ts',
    title: 'J06: refuses %s',
  },
];

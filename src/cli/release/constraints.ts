/**
 * `--constraint <kind=value[,value…]>`: what an anchor may vouch for, from the command line.
 *
 * Only what programs can enforce is taken. They withhold an anchor whose limit they cannot read, so
 * a slip of the pen in a signed release would take a CA out of use everywhere.
 *
 * @module
 */
import type { Command } from 'commander';
import type { Constraint } from '../../core/anchors/anchor.ts';
import { CONSTRAINT_TYPES, readLimits } from '../../core/anchors/limits.ts';
import { KedgeError } from '../../core/errors.ts';
import { ANCHOR_LIST_MAX } from '../../core/limits.ts';
import { collectNamed } from '../help.ts';

/** The options that say what new anchors may vouch for. */
export interface ConstraintOptions {
  readonly constraint?: readonly string[];
  /** False with `--no-critical`. */
  readonly critical: boolean;
}

type Limit = Omit<Constraint, 'critical'>;

const VALUE_HINTS: ReadonlyMap<string, string> = new Map([
  ['permitted-dns', 'example.org is that name and all below, .example.org those below alone'],
  ['permitted-uri', 'prod.example.org is that host alone, .example.org all hosts below'],
  ['permitted-ip', 'give 10.0.0.0/8, fd00::/8 or one address; bits after the prefix are zero'],
  ['max-validity-seconds', 'give one whole number of seconds, for example 86400'],
]);

/** Adds `--constraint` and `--no-critical`. */
export function addConstraintOptions(command: Command): Command {
  return command
    .option(
      '--constraint <kind=value,...>',
      `what it may vouch for, repeat for more kinds (${CONSTRAINT_TYPES.join(', ')})`,
      collectNamed('--constraint', (kind) => `give its values together: ${kind}=<value>,<value>`),
    )
    .option('--no-critical', 'let readers that cannot enforce the constraints use it without them');
}

/** The constraints of new anchors. Errors: `CONFIG`, with the part that is wrong. */
export function readConstraints({
  constraint: texts = [],
  critical,
}: ConstraintOptions): readonly Constraint[] {
  if (texts.length === 0 && !critical) {
    throw new KedgeError('CONFIG', '--no-critical is for --constraint; there is none');
  }
  return texts.map((text) => ({ ...readLimit(text), critical }));
}

function readLimit(text: string): Limit {
  const [type = '', ...rest] = text.split('=');
  if (!CONSTRAINT_TYPES.includes(type)) {
    const known = `programs enforce ${CONSTRAINT_TYPES.join(', ')}`;
    throw wrong(`unknown kind ${JSON.stringify(type)}`, known);
  }
  const hint = VALUE_HINTS.get(type);
  if (rest.length === 0) throw wrong(`${type} has no value`, hint);
  const values = rest.join('=').split(',');
  const unreadable = values.find((value) => !isReadable({ type, values: [value] }));
  if (unreadable !== undefined) {
    throw wrong(`${type} cannot be ${JSON.stringify(unreadable)}`, hint);
  }
  const limit = { type, values };
  if (!isReadable(limit)) throw wrong(`${type} takes one value, not ${values.length}`, hint);
  if (values.length <= ANCHOR_LIST_MAX) return limit;
  throw wrong(`${type} has ${values.length} values, more than ${ANCHOR_LIST_MAX}`);
}

function isReadable(limit: Limit): boolean {
  return readLimits({ constraints: [{ ...limit, critical: true }] }).kind === 'known';
}

function wrong(what: string, hint?: string): KedgeError {
  return new KedgeError('CONFIG', `--constraint: ${what}`, {
    detail: hint === undefined ? {} : { hint },
  });
}

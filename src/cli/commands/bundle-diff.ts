/**
 * `kedge bundle diff`: what changed between two releases of a bundle.
 *
 * @module
 */
import { KedgeError } from '../../core/errors.ts';
import { type BundleName, parseBundleName } from '../../core/ids.ts';
import type { ReleaseBody } from '../../core/releases/body.ts';
import { countChanges, describeChange } from '../../core/releases/diff.ts';
import { fileExists } from '../files.ts';
import { addExamples, parseArgument, sequenceArgument } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm, type RealmRelease } from '../realm/realm.ts';
import { addDemandOptions, type DemandOptions } from '../realm/region-demand.ts';
import { openBundle } from '../release/bundle-options.ts';
import { changesJson, formatChanges, formatCounts } from '../release/change-view.ts';
import { readPastBody, requireHead } from '../release/history.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';

const SEQUENCE = /^\d+$/;

interface Options extends RealmOptions, DemandOptions {
  readonly bundle?: string;
}

interface Side {
  readonly name: string;
  readonly bundle: BundleName;
  readonly body: ReleaseBody;
  readonly blobs: RealmRelease['blobs'];
}

/** The command. */
export const bundleDiff: CommandModule = {
  configure(command, session) {
    command
      .description(
        'Show what changed between two releases of a bundle. Each is a sequence (then the bundle ' +
          'before them, or --bundle, and a node are needed) or a release file; without the ' +
          'second, the newest release.',
      )
      .argument('<from>', 'sequence or release file; or the bundle, with one or two sequences')
      .argument('[to]', 'sequence or release file (default: the newest release)')
      .argument('[last]', 'the second sequence, after a bundle')
      .option('--bundle <name>', 'bundle that the sequences belong to');
    addDemandOptions(addRealmOptions(command));
    command.action(async (...given: Given) => run(session, ...(await orderOf(session, given))));
    addExamples(command, [
      'kedge bundle diff payments.prod.example.org 40 41',
      'kedge bundle diff 41 --bundle payments.prod.example.org',
      'kedge bundle diff 3 5 --bundle public-web',
      'kedge bundle diff payments.release-3.json payments.release-4.json',
    ]);
  },
};

type Given = [string, string | undefined, string | undefined, Options];

/** People put the bundle first, as everywhere else. Errors: `CONFIG`. */
async function orderOf(
  session: Session,
  [first, second, third, options]: Given,
): Promise<[string, string | undefined, Options]> {
  const isSequence = second !== undefined && SEQUENCE.test(second);
  const isName = isSequence && options.bundle === undefined && !SEQUENCE.test(first);
  if (isName && !(await fileExists(session.path(first)))) {
    return [second, third, { ...options, bundle: first }];
  }
  if (third === undefined) return [first, second, options];
  throw new KedgeError('CONFIG', 'three arguments are a bundle and two sequences of it', {
    detail: { hint: 'kedge bundle diff <bundle> <sequence> <sequence>; files need no bundle' },
  });
}

async function run(
  session: Session,
  from: string,
  to: string | undefined,
  options: Options,
): Promise<void> {
  const old = await openSide(session, from, options);
  const next = await openSide(session, to, { ...options, bundle: options.bundle ?? old.bundle });
  if (old.bundle !== next.bundle) {
    throw new KedgeError('TYPE', `${old.name} is of ${old.bundle}, ${next.name} of ${next.bundle}`);
  }
  const changes = describeChange(old.body, next.body);
  const counts = countChanges(old.body, next.body);
  const blobs = new Map([...old.blobs, ...next.blobs]);
  const { styles } = session.output;
  session.output.result(
    { bundle: next.bundle, counts: { ...counts }, changes: changesJson(changes, blobs) },
    [
      styles.bold(`${next.bundle}: ${old.name} -> ${next.name}`),
      formatCounts(counts),
      formatChanges(changes, { styles, nowMs: session.context.nowMs(), blobs }),
    ].join('\n'),
  );
}

async function openSide(
  session: Session,
  name: string | undefined,
  options: Options,
): Promise<Side> {
  if (name !== undefined && !SEQUENCE.test(name)) {
    const { charter, realm, pin } = options;
    const files = {
      file: name,
      ...(charter && { charter }),
      ...(realm !== undefined && { realm }),
      ...(pin !== undefined && { pin }),
    };
    if (!(await fileExists(session.path(name)))) throw neither(name);
    const { bundle, head, blobs } = await openBundle(session, undefined, files);
    return { name: `release ${head.sequence}`, bundle, body: head.body, blobs };
  }
  if (options.bundle === undefined) {
    throw new KedgeError('CONFIG', `release ${name ?? ''} of which bundle?`, {
      detail: { hint: 'give --bundle <name>; or give two release files' },
    });
  }
  const bundle = parseArgument('--bundle', options.bundle, parseBundleName);
  await using realm = await openRealm(session, options);
  const { head, blobs } = await requireHead(realm, bundle);
  const sequence = name === undefined ? head.sequence : sequenceArgument(name);
  const body = await readPastBody(realm, { ...head, bundle }, sequence);
  return { name: `release ${sequence}`, bundle, body, blobs };
}

function neither(name: string): KedgeError {
  return new KedgeError('CONFIG', `${JSON.stringify(name)} is neither a sequence nor a file`, {
    detail: {
      hint:
        'to compare releases of a bundle: kedge bundle diff <sequence> --bundle <name>; ' +
        'sequences are in kedge release history <name>',
    },
  });
}

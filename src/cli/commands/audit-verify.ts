/**
 * `kedge audit verify`: whether the audit log of a node is whole, signed, grown and true.
 *
 * @module
 */
import type { AuditSeal } from '../../core/audit/checkpoint.ts';
import { KedgeError } from '../../core/errors.ts';
import { formatTimestamp } from '../../core/ids.ts';
import { NOTE_MAX_BYTES } from '../../core/limits.ts';
import { readExport } from '../audit/import.ts';
import {
  type ChainFindings,
  compareWithChains,
  type ReadLog,
  readChains,
  readWholeLog,
  requireGrown,
  sealsOf,
} from '../audit/verifying.ts';
import { entryJson, formatEntry } from '../audit/view.ts';
import { fileExists, readInput, replaceFile } from '../files.ts';
import { addExamples } from '../help.ts';
import { addRealmOptions, type RealmOptions } from '../realm/options.ts';
import { openRealm } from '../realm/realm.ts';
import { requirePin } from '../realm/trust.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { formatFields } from '../terminal/styles.ts';

interface Options extends RealmOptions {
  readonly checkpoint?: string;
  readonly folder?: string;
}

/** The command. */
export const auditVerify: CommandModule = {
  configure(command, session) {
    command.description(
      'Read the whole audit log of a node and verify it: that the entries are those of its ' +
        'checkpoint, who signed that, that the log grew from what was verified last, and that ' +
        'every statement that it calls accepted is the one that the chain of the realm holds.',
    );
    addRealmOptions(command)
      .option(
        '--checkpoint <file>',
        'what was verified last: the log must have grown from it; written anew afterwards',
      )
      .option('--folder <export>', 'verify this folder of kedge audit export, without a node')
      .action((options: Options) => run(session, options));
    addExamples(command, [
      'kedge audit verify',
      'kedge audit verify --node fra-1.example.org:7442 --checkpoint fra-1.checkpoint',
      'kedge audit verify --folder audit-2026-11',
    ]);
  },
};

async function run(session: Session, options: Options): Promise<void> {
  if (options.folder !== undefined) {
    await verifyFolder(session, { ...options, folder: options.folder });
    return;
  }
  await using realm = await openRealm(session, options);
  const log = await readWholeLog(realm);
  const path = options.checkpoint === undefined ? undefined : session.path(options.checkpoint);
  const before =
    path !== undefined && (await fileExists(path))
      ? await readInput(path, { what: 'checkpoint', maxBytes: NOTE_MAX_BYTES })
      : undefined;
  if (before !== undefined) await requireGrown(realm, log, before);
  const seals = sealsOf(log, realm.state);
  const found = compareWithChains(realm.state, log.entries, await readChains(realm, log.entries));
  report(session, {
    log,
    seals,
    found,
    grown: before === undefined ? 'unknown' : 'verified',
    isFirst: path !== undefined && before === undefined,
  });
  requireTrue(found);
  if (path === undefined) return;
  await replaceFile(path, log.checkpointBytes, 'public');
  if (before === undefined) {
    session.output.note(
      `There was nothing to compare yet: ${session.shown(path)} is written, and the next ` +
        'kedge audit verify --checkpoint says whether the log grew from it.',
    );
  }
}

async function verifyFolder(
  session: Session,
  options: Options & { readonly folder: string },
): Promise<void> {
  if (options.checkpoint !== undefined || options.node !== undefined) {
    throw new KedgeError('CONFIG', 'that a log grew is proven by its node, not by a folder', {
      detail: { hint: 'leave --checkpoint and --node away, or --folder' },
    });
  }
  const pin = requirePin(await session.profile(), options);
  const folder = session.path(options.folder);
  const { log, state, chains } = await readExport(folder, pin, session.context.nowMs());
  const found = compareWithChains(state, log.entries, chains);
  report(session, { log, seals: sealsOf(log, state), found, grown: 'unknown' });
  requireTrue(found);
}

function report(
  { output }: Session,
  {
    log,
    seals,
    found,
    grown,
    isFirst = false,
  }: {
    readonly log: ReadLog;
    readonly seals: readonly AuditSeal[];
    readonly found: ChainFindings;
    readonly grown: 'unknown' | 'verified';
    /** A checkpoint is asked for and was never written. */
    readonly isFirst?: boolean;
  },
): void {
  const { node, size, root } = log.read.checkpoint;
  const signed = seals.map(
    ({ region, timeSeconds }) => `${region} at ${formatTimestamp(1000 * timeSeconds)}`,
  );
  const unasked = isFirst ? 'nothing to compare yet' : 'not asked (--checkpoint)';
  const grownText = grown === 'verified' ? 'yes' : unasked;
  output.result(
    {
      node,
      size,
      root,
      first: log.first,
      grown,
      seals: seals.map(({ region, keyId, timeSeconds }) => ({
        region,
        keyId,
        time: formatTimestamp(1000 * timeSeconds),
      })),
      matched: found.matched,
      unchecked: found.unchecked,
      fallen: found.fallen.map(entryJson),
      wrong: found.wrong.map(entryJson),
    },
    [
      `The audit log of ${node} is whole.`,
      formatFields([
        ['entries', `${size}${log.first > 0 ? `, the first ${log.first} as hashes alone` : ''}`],
        ['root', root],
        [
          'signed by',
          signed.length === 0 ? 'no region: it is the word of this node' : signed.join(', '),
        ],
        ['grew from the last', grownText],
        ['accepted', `${found.matched} as the chains have them`],
        ['not compared', String(found.unchecked)],
        ['decided against', String(found.fallen.length)],
      ]),
      ...found.wrong.map((entry) => `WRONG ${formatEntry(entry, output.styles)}`),
    ].join('\n'),
  );
  if (seals.length === 0) {
    output.warn('no region of any charter signed this log: nothing binds the node to it');
  }
}

function requireTrue({ wrong }: ChainFindings): void {
  const [first] = wrong;
  if (first?.entry === undefined) return;
  const { stream, sequence } = first.entry;
  throw new KedgeError(
    'PROOF',
    `entry ${first.index} says that sequence ${sequence} of ${stream} was accepted with a digest ` +
      'that the chain does not have',
    { detail: { hint: 'compare with another node; this one wrote down what never was' } },
  );
}

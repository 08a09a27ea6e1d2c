/**
 * `kedge audit log`: what a node accepted and refused, who brought it, and why.
 *
 * @module
 */
import { AUDIT_KINDS, type AuditKind } from '../../core/audit/entry.ts';
import type { AuditQuery } from '../../core/audit/messages.ts';
import { KedgeError } from '../../core/errors.ts';
import {
  type EntryFilter,
  type ReadEntry,
  readItem,
  readNewest,
  readPages,
  timeArgument,
} from '../audit/reading.ts';
import { entryJson, formatEntry } from '../audit/view.ts';
import { streamArgument } from '../fork/streams.ts';
import { addExamples, collect } from '../help.ts';
import { type NodeAdmin, openNode } from '../node/admin.ts';
import { unknownStream } from '../realm/known-streams.ts';
import type { Session } from '../session.ts';
import type { CommandModule } from '../table/module.ts';
import { pause } from '../terminal/refreshing.ts';
import { wrapText } from '../terminal/styles.ts';

interface Options {
  readonly node?: string;
  readonly kind?: readonly string[];
  readonly since?: string;
  readonly limit: string;
  readonly watch?: boolean;
  readonly all?: boolean;
}

const LIMIT_MAX = 100_000;
const WATCH_MS = 2_000;
const KIND_LINES = wrapText(AUDIT_KINDS.join(', '), { columns: 100, first: '  ', rest: '  ' });

/** The command. */
export const auditLog: CommandModule = {
  configure(command, session) {
    command
      .description(
        'List what a node accepted and refused, oldest first: which statement, signed by whom, ' +
          'brought by whom, and why it was refused. It is the word of that node; kedge audit ' +
          'verify says what it is worth.',
      )
      .argument('[stream]', 'only this stream, or this bundle')
      .option('--node <host:port>', 'node to ask (default: from the profile)')
      .option('--kind <kind>', 'only entries of this kind; may be repeated', collect)
      .option('--since <time>', 'only entries from then on: 2026-11-26T07:00:00Z, 2026-11-26, 2h')
      .option('--limit <count>', 'the newest so many', '50')
      .option('--all', 'of all nodes that `nodes:` in the profile names, by time')
      .option('--watch', 'and go on with new ones as they come, until interrupted')
      .action((stream: string | undefined, options: Options) => run(session, stream, options));
    command.addHelpText('after', `\nKinds:\n${KIND_LINES.join('\n')}`);
    addExamples(command, [
      'kedge audit log --since 24h --kind refused',
      'kedge audit log payments.prod.example.org --limit 500 --output json',
      'kedge audit log --all --since 1h',
      'kedge audit log --watch',
    ]);
  },
};

async function run(session: Session, name: string | undefined, options: Options): Promise<void> {
  const query = queryOf(session, name, options);
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX) {
    throw new KedgeError('CONFIG', `--limit: not a count: ${options.limit}`);
  }
  if (options.all === true) {
    await listAll(session, { query, limit }, options);
    return;
  }
  using node = await openNode(session, options);
  const { entries, size } = await readNewest(node, query, limit);
  const { output } = session;
  // What is watched may come to be.
  const error = options.watch === true ? undefined : await mistyped(node, query, entries);
  if (error !== undefined) throw error;
  if (options.watch !== true) {
    const lines = entries.map((entry) => formatEntry(entry, output.styles));
    const text = lines.length === 0 ? 'There is no such entry.' : lines.join('\n');
    output.result(entries.map(entryJson), text);
    return;
  }
  const show = (entry: ReadEntry): void =>
    output.event(entryJson(entry), formatEntry(entry, output.styles));
  entries.forEach(show);
  await follow(session, node, { ...query, order: 'oldest-first', start: size }, show);
}

/** Nothing is found as there is no such stream; there may be refusals of one that nobody holds. */
async function mistyped(
  node: NodeAdmin,
  { stream }: EntryFilter,
  entries: readonly ReadEntry[],
): Promise<KedgeError | undefined> {
  if (stream === undefined || entries.length > 0) return undefined;
  return await unknownStream(node, stream);
}

/** The newest entries of all nodes together; each is right by the clock of its node alone. */
async function listAll(
  session: Session,
  { query, limit }: { readonly query: EntryFilter; readonly limit: number },
  options: Options,
): Promise<void> {
  const { nodes } = await session.profile();
  if (nodes.length === 0 || options.watch === true || options.node !== undefined) {
    throw new KedgeError('CONFIG', '--all lists the nodes of the profile, once', {
      detail: { hint: 'set `nodes:` in kedge.yaml, and leave --node and --watch away' },
    });
  }
  const { output } = session;
  const merged: { readonly node: string; readonly one: ReadEntry }[] = [];
  const doubts: (KedgeError | undefined)[] = [];
  for (const endpoint of nodes) {
    try {
      using admin = await openNode(session, { ...options, node: endpoint });
      const { entries, node } = await readNewest(admin, query, limit);
      merged.push(...entries.map((one) => ({ node, one })));
      doubts.push(await mistyped(admin, query, entries));
    } catch (thrown) {
      const { code, message } = KedgeError.from(thrown);
      if (code !== 'UNAVAILABLE') throw thrown;
      output.warn(message);
    }
  }
  const [error] = doubts;
  if (error !== undefined && !doubts.includes(undefined)) throw error;
  const timeOf = ({ one }: (typeof merged)[number]): number => one.entry?.timeMs ?? 0;
  const newest = merged.toSorted((a, b) => timeOf(a) - timeOf(b)).slice(-limit);
  const lines = newest.map(({ node, one }) => `${node}  ${formatEntry(one, output.styles)}`);
  output.result(
    newest.map(({ node, one }) => ({ node, ...entryJson(one) })),
    lines.length === 0 ? 'There is no such entry.' : lines.join('\n'),
  );
}

function queryOf(session: Session, name: string | undefined, options: Options): EntryFilter {
  const { since, kind: kinds = [] } = options;
  return {
    kinds: kinds.map(kindArgument),
    ...(name !== undefined && { stream: streamArgument(name) }),
    ...(since !== undefined && {
      sinceMs: Math.max(0, timeArgument('--since', since, session.context.nowMs())),
    }),
  };
}

/** Shows entries as they come; a node that does not answer for a while does not end it. */
async function follow(
  { context: { signal }, output }: Session,
  node: NodeAdmin,
  begun: Omit<AuditQuery, 'limit'>,
  show: (entry: ReadEntry) => void,
): Promise<void> {
  let { start = 0 } = begun;
  for (;;) {
    await pause(WATCH_MS, signal);
    if (signal.aborted) return;
    try {
      // All kinds, so that the place moves on; what is not wanted is left out by the node.
      const head = await node.audit({ order: 'newest-first', kinds: [], limit: 1 });
      const size = (head.items[0]?.index ?? -1) + 1;
      if (size <= start) continue;
      for await (const page of readPages(node, { ...begun, ...(start > 0 && { start }) })) {
        page.items.map(readItem).forEach((entry) => {
          if (entry.index < size) show(entry);
        });
      }
      start = size;
    } catch (thrown) {
      const { code, message } = KedgeError.from(thrown);
      if (code !== 'UNAVAILABLE') throw thrown;
      output.warn(message);
    }
  }
}

function kindArgument(text: string): AuditKind {
  const kind = AUDIT_KINDS.find((known) => known === text);
  if (kind !== undefined) return kind;
  throw new KedgeError('CONFIG', `--kind: there is no kind ${JSON.stringify(text)}`, {
    detail: { hint: `one of ${AUDIT_KINDS.join(', ')}` },
  });
}
